//! Illustrate: what a scene shows, one of the user's pictures or clips, one that a backend has or
//! makes, or a drawn card.

use std::path::Path;

use media::ingest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{ArtifactRow, Settlement};
use studio::script::Script;
use ytempire_core::Code;

use super::graph::SceneArgs;
use super::{bought, local};
use crate::Asset;
use crate::asset::{AssetKind, matched, mebibytes};
use crate::attempt::{Attempt, Follow, Made};
use crate::carry::own_file;
use crate::error::StageError;

/// What this stage gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Illustrated {
    /// What is shown.
    pub(super) shown: Shown,
    /// The user's file that it is from.
    pub(super) asset: Option<Asset>,
    /// What was done otherwise than asked for.
    pub(super) substituted: Option<String>,
    /// Whether a generator made it.
    #[serde(default)]
    pub(super) generated: bool,
}

/// What a scene shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shown {
    /// The card that its script asks for.
    Card,
    /// A picture: raw planar YUV.
    Picture {
        /// Its bytes.
        file: ArtifactRow,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A clip, as the user has it.
    Clip {
        /// Its bytes.
        file: ArtifactRow,
    },
}

pub(crate) async fn run(attempt: &Attempt) -> Result<Settlement, StageError> {
    let args: SceneArgs = attempt.args()?;
    let script: Script = attempt.input(0)?;
    let scene = script
        .scenes
        .get(args.scene)
        .ok_or_else(|| StageError::bug(format!("no scene {}", args.scene)))?;
    let assets = &attempt.request.assets;
    let covered = matched(&script.scenes, assets);
    let chosen = covered.get(args.scene).copied().flatten();
    if let Some(wanted) = bought::wanted(attempt, &script, &covered, args.scene) {
        let done = bought::run(attempt, wanted).await?;
        attempt.parts.crash.pass("illustrate.after_artifact");
        return Ok(done.settle(attempt, Follow::default()));
    }
    let asset = chosen.and_then(|index| assets.get(index)).cloned();
    let wanted = scene
        .picture_hint
        .clone()
        .filter(|_| !assets.is_empty() && asset.is_none());
    let substituted = wanted.map(|hint| {
        format!(
            "scene {}: no asset fits {hint:?}, a card is shown",
            args.scene + 1
        )
    });
    let inputs = json!({ "asset": asset, "canvas": attempt.request.canvas(),
        "substituted": substituted });
    let mib = asset.as_ref().map_or(0, mebibytes);
    let done = local(attempt, &inputs, mib, move |attempt| {
        let (shown, files, enlarged) = match &asset {
            None => (Shown::Card, vec![], None),
            Some(asset) => show(attempt, asset)?,
        };
        let output = serde_json::to_value(Illustrated {
            shown,
            asset,
            substituted: substituted.or(enlarged),
            generated: false,
        })?;
        Ok(Made { output, files })
    })
    .await?;
    attempt.parts.crash.pass("illustrate.after_artifact");
    Ok(done.settle(attempt, Follow::default()))
}

/// A picture that is enlarged by more than this looks soft, in thousandths.
const ENLARGED_PERMILLE: u32 = 1_150;

/// Lets an asset in. The text says what is wrong with how it looks, if anything.
fn show(
    attempt: &Attempt,
    asset: &Asset,
) -> Result<(Shown, Vec<ArtifactRow>, Option<String>), StageError> {
    let original = attempt.keep(&own_file(attempt, asset)?)?;
    if original.id != asset.content {
        let text = format!(
            "{} has changed since the video was begun",
            asset.path.display()
        );
        return Err(StageError::discard(
            Code::AssetUnusable,
            anyhow::anyhow!(text),
        ));
    }
    let canvas = attempt.request.canvas();
    let path = attempt.artifact(&original.id)?;
    if asset.kind == AssetKind::Clip {
        // One frame tells whether it decodes at all.
        let mut clip = attempt
            .ingest()
            .clip(&path, canvas, 1)
            .map_err(|e| asset_failed(asset, e))?;
        clip.next_frame().map_err(|e| asset_failed(asset, e))?;
        let shown = Shown::Clip {
            file: original.clone(),
        };
        return Ok((shown, vec![original], None));
    }
    let picture = attempt
        .ingest()
        .picture(&path, canvas)
        .map_err(|e| asset_failed(asset, e))?;
    let enlarged = enlarged(&asset.path, &picture);
    let file = attempt.keep_bytes(picture.pixels.bytes())?;
    let shown = Shown::Picture {
        file: file.clone(),
        width: picture.pixels.width(),
        height: picture.pixels.height(),
    };
    Ok((shown, vec![original, file], enlarged))
}

/// What is to be said of a picture that looks soft.
pub(super) fn enlarged(path: &Path, picture: &ingest::Picture) -> Option<String> {
    (picture.scale_permille > ENLARGED_PERMILLE).then(|| {
        format!(
            "{} has {} × {} pixels and is enlarged {}.{} times",
            path.display(),
            picture.width,
            picture.height,
            picture.scale_permille / 1000,
            picture.scale_permille % 1000 / 100,
        )
    })
}

/// What a user's file that can't be used means for the job.
pub(super) fn asset_failed(asset: &Asset, error: ingest::Error) -> StageError {
    match error {
        ingest::Error::Child(
            child @ (media::child::Error::Cancelled { .. }
            | media::child::Error::Missing { .. }
            | media::child::Error::DiskFull { .. }),
        ) => child.into(),
        other => {
            let file = asset.path.display().to_string();
            let error = anyhow::Error::from(other).context(format!("{file} can't be used"));
            StageError::discard(Code::AssetUnusable, error)
        }
    }
}
