//! Thumbnail: the picture people click, from the title and the strongest scene.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, Settlement};
use studio::Yuv420;
use studio::script::Script;
use studio::text::Typesetter;
use studio::thumbnail;
use ytempire_core::Code;

use super::graph::WholeArgs;
use super::illustrate::{Illustrated, Shown};
use super::local;
use crate::attempt::{Attempt, Follow, Made};
use crate::error::StageError;

/// What this stage gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thumbnailed {
    /// A JPEG file.
    pub(super) picture: ArtifactRow,
    /// Pixels across.
    pub(super) width: u32,
    /// Pixels down.
    pub(super) height: u32,
}

/// JPEG quality, 1 to 100: no visible blocks in flat colour, and far below 2 MB.
const QUALITY: u8 = 92;

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let args: WholeArgs = attempt.args()?;
    let script: Script = attempt.input(0)?;
    let pictures = (1..=args.scenes)
        .map(|i| attempt.input(i))
        .collect::<Result<Vec<Illustrated>, _>>()?;
    let photo = pictures
        .into_iter()
        .find_map(|picture| match picture.shown {
            Shown::Picture {
                file,
                width,
                height,
            } => Some((file, width, height)),
            _ => None,
        });
    let inputs = json!({ "script": script, "photo": photo, "theme": attempt.request.theme,
        "format": attempt.request.format });
    let done = local(attempt, &inputs, 0, move |attempt| {
        draw(attempt, &script, photo)
    })
    .await?;
    attempt.parts.crash.pass("thumbnail.after_artifact");
    Ok(done.settle(attempt, Follow::default()))
}

fn draw(
    attempt: &Attempt,
    script: &Script,
    photo: Option<(ArtifactRow, u32, u32)>,
) -> Result<Made, StageError> {
    let photo = match photo {
        Some((file, width, height)) => {
            Yuv420::from_bytes(width, height, std::fs::read(attempt.artifact(&file.id)?)?)
        }
        None => None,
    };
    let (theme, format) = (attempt.request.theme(), attempt.request.format);
    let mut setter = Typesetter::new();
    let drawn = thumbnail::draw(
        &mut setter,
        theme,
        format,
        &script.title,
        &script.scenes,
        photo.as_ref(),
    )
    .map_err(|e| StageError::discard(Code::GlyphsMissing, e))?;
    let jpeg =
        thumbnail::to_jpeg(&drawn, QUALITY).map_err(|e| StageError::discard(Code::Bug, e))?;
    let picture = attempt.keep_bytes(&jpeg)?;
    let (width, height) = (drawn.width, drawn.height);
    let output = serde_json::to_value(Thumbnailed {
        picture: picture.clone(),
        width,
        height,
    })?;
    Ok(Made {
        output,
        files: vec![picture],
    })
}
