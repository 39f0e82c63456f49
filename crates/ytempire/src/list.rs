//! `ytempire list`: videos, newest first.

use comfy_table::Table;
use serde_json::json;
use store::VideoFilter;

use crate::args::{Global, List};
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, args: List) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    let videos = parts
        .store
        .video_list(VideoFilter::newest(args.limit))
        .await?;
    if args.json {
        let line = |video: &store::VideoRow| {
            let object = json!({ "id": video.id, "title": video.title, "state": video.state });
            format!("{object}\n")
        };
        return print(&videos.iter().map(line).collect::<String>());
    }
    if videos.is_empty() {
        return print("no videos yet; make one: ytempire make examples/deep-sea.toml\n");
    }
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["id", "state", "made", "title"]);
    for video in videos {
        let made = video.created_at.to_rfc3339();
        table.add_row([
            video.id.to_string(),
            video.state.as_str().to_owned(),
            made[..16].replace('T', " "),
            video.title,
        ]);
    }
    print(&format!("{table}\n"))
}
