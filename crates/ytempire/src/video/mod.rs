//! `ytempire video`: submit, list, show, watch, cancel, retry, delete, export.

mod change;
mod many;
mod plan;
mod show;

use store::{VideoFilter, VideoRow};
use worker::Parts;
use ytempire_core::Code;

use crate::args::{Global, line::Video};
use crate::config::Config;
use crate::fail::Failure;
use crate::world;

pub(crate) use change::told;
pub(crate) use many::ask;

pub(crate) async fn run(global: &Global, command: Video) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    match command {
        Video::Submit(args) => change::submit(parts, &config, *args).await,
        Video::List(args) => show::list(&parts, &args).await,
        Video::Show(args) => show::show(&parts, &args).await,
        Video::Watch(args) => show::watch(&parts, &args).await,
        Video::Cancel(args) => many::cancel(&parts, &args).await,
        Video::Retry(args) => many::retry(parts, &config, &args).await,
        Video::Delete(args) => many::delete(&parts, &args).await,
        Video::Export(args) => change::export_all(&parts, &args).await,
    }
}

/// How far back a video is looked for by the beginning of its id.
const LOOK_BACK: u32 = 10_000;

/// The video that is meant by its id, the beginning of its id, or `last`.
pub(crate) async fn meant(parts: &Parts, text: &str) -> Result<VideoRow, Failure> {
    if let Ok(id) = text.parse() {
        let found = parts.store.video_get(id).await?;
        return found.ok_or_else(|| unknown(text));
    }
    let limit = if text == "last" { 1 } else { LOOK_BACK };
    let videos = parts.store.video_list(VideoFilter::newest(limit)).await?;
    let mut found = videos
        .into_iter()
        .filter(|video| text == "last" || video.id.to_string().starts_with(text));
    let video = found.next().ok_or_else(|| unknown(text))?;
    if found.next().is_some() {
        let text = format!("several videos begin with {text:?}; give more of the id");
        return Err(Failure::new(Code::VideoUnknown, text));
    }
    Ok(video)
}

fn unknown(text: &str) -> Failure {
    let text = format!("there is no video {text:?}; `ytempire video list` shows all");
    Failure::new(Code::VideoUnknown, text)
}
