//! What is done to many videos at once: cancel, retry, delete.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use serde_json::json;
use store::{Deletion, VideoRow};
use worker::{Parts, Terms, prepare_again, submit as accept};
use ytempire_core::{Code, VideoState};

use super::change::{told, told_of_the_line};
use super::meant;
use crate::args::line::Retry;
use crate::args::which::Which;
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;

/// Something that can be done to many videos.
struct Act {
    /// As the question says it.
    verb: &'static str,
    /// In which states it makes sense; videos in others are passed over unless named by id.
    states: &'static [VideoState],
}

const CANCEL: Act = Act {
    verb: "cancel",
    states: &[VideoState::Queued, VideoState::Running],
};
/// Ready ones only where that state is asked for: who says `--all` means what went wrong.
const RETRY: Act = Act {
    verb: "retry",
    states: &[VideoState::Failed, VideoState::Cancelled],
};
const DELETE: Act = Act {
    verb: "delete",
    states: &[VideoState::Ready, VideoState::Failed, VideoState::Cancelled],
};

pub(super) async fn cancel(parts: &Parts, which: &Which) -> Result<(), Failure> {
    for video in chosen(parts, which, &CANCEL).await? {
        let done = parts.store.video_cancel(parts.now(), video.id).await?;
        let said = if done {
            "cancelled"
        } else {
            "had ended before"
        };
        say(which, &video, said, &json!({ "cancelled": done }))?;
    }
    Ok(())
}

pub(super) async fn delete(parts: &Parts, which: &Which) -> Result<(), Failure> {
    let by_name = !which.videos.is_empty();
    for video in chosen(parts, which, &DELETE).await? {
        let deletion = parts.store.video_delete(video.id).await?;
        let said = match deletion {
            Deletion::Done => "deleted",
            Deletion::Unknown => "was gone already",
            Deletion::Unfinished if by_name => return Err(unfinished(&video)),
            Deletion::Unfinished => "still runs and was left",
        };
        let deleted = deletion != Deletion::Unfinished;
        say(which, &video, said, &json!({ "deleted": deleted }))?;
    }
    Ok(())
}

pub(super) async fn retry(mut parts: Parts, config: &Config, args: &Retry) -> Result<(), Failure> {
    parts.backends = Arc::new(config.backends()?);
    for video in chosen(&parts, &args.which, &RETRY).await? {
        if !video.state.is_final() {
            return Err(unfinished(&video));
        }
        let terms = Terms {
            account: video.account,
            priority: args.priority.unwrap_or(video.priority),
            ..Terms::default()
        };
        let prepared = prepare_again(&parts, &video.request, args.from.map(Into::into))
            .map_err(|refused| Failure::new(refused.code, refused.text))?;
        worker::bring_own_files(&parts, &prepared).await?;
        let submitted = accept(&parts, &prepared, terms).await?;
        told(&parts, &submitted, args.which.json).await?;
    }
    told_of_the_line(&parts).await
}

pub(super) fn unfinished(video: &VideoRow) -> Failure {
    let text = format!(
        "video {} is {}, or a job of it still runs",
        video.id,
        video.state.as_str()
    );
    let hint = "`ytempire video watch` follows it to its end, `ytempire video cancel` ends it";
    Failure::new(Code::VideoUnfinished, text).hint(hint)
}

fn say(
    which: &Which,
    video: &VideoRow,
    said: &str,
    more: &serde_json::Value,
) -> Result<(), Failure> {
    if which.json {
        let mut object = json!({ "id": video.id, "title": video.title });
        for (key, value) in more.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        return print(&format!("{object}\n"));
    }
    print(&format!("{} {said} {}\n", video.id, video.title))
}

/// The videos that are meant. Those that were not named one by one are counted, and asked about.
async fn chosen(parts: &Parts, which: &Which, act: &Act) -> Result<Vec<VideoRow>, Failure> {
    if !which.videos.is_empty() {
        let mut videos = Vec::new();
        for text in &which.videos {
            videos.push(meant(parts, text).await?);
        }
        return Ok(videos);
    }
    let mut filter = which.filter(parts.now());
    if filter.states.is_empty() {
        filter.states = act.states.to_vec();
    }
    let mut videos = Vec::new();
    loop {
        let page = parts.store.video_list(filter.clone()).await?;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        videos.extend(page);
    }
    // The oldest first, as they came.
    videos.reverse();
    if videos.is_empty() {
        if !which.json {
            anstream::eprintln!("no such videos");
        }
        return Ok(videos);
    }
    if !which.yes {
        ask(act.verb, videos.len())?;
    }
    Ok(videos)
}

/// Says how many videos would be changed, and fails unless somebody says yes.
pub(crate) fn ask(verb: &str, count: usize) -> Result<(), Failure> {
    let what = if count == 1 { "video" } else { "videos" };
    let refused = |text: String| {
        let hint = "--yes does it without asking";
        Err(Failure::new(Code::Unconfirmed, text).hint(hint))
    };
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return refused(format!(
            "this would {verb} {count} {what}, and there is no terminal to ask on"
        ));
    }
    anstream::eprint!("{verb} {count} {what}? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    refused(format!("nothing was done to {count} {what}"))
}
