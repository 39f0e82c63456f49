//! Carrying artifacts between machines: brought to the depot before a job is settled, fetched before one
//! is begun. Without a depot all nodes see one folder, and nothing is carried.

use std::collections::BTreeSet;
use std::path::PathBuf;

use media::depot;
use serde_json::Value;
use store::{ArtifactRow, JobOutcome, Settlement};
use ytempire_core::{ArtifactId, Cancel, Code};

use crate::attempt::Attempt;
use crate::error::StageError;
use crate::submit::{Prepared, RefusedOrder};
use crate::{Asset, Parts};

/// Every artifact that `value` names: an object with an `id` and its `bytes`.
fn named(value: &Value, found: &mut BTreeSet<ArtifactId>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| named(value, found)),
        Value::Object(fields) => {
            if let Ok(row) = serde_json::from_value::<ArtifactRow>(value.clone())
                && row.id.0.len() == 64
            {
                found.insert(row.id);
            }
            fields.values().for_each(|value| named(value, found));
        }
        _ => {}
    }
}

/// Fetches what the attempt's job is made from.
pub(crate) async fn fetch_inputs(attempt: &Attempt) -> Result<(), StageError> {
    if attempt.parts.depot.is_none() {
        return Ok(());
    }
    let mut wanted = BTreeSet::new();
    for input in &attempt.job.inputs {
        named(input, &mut wanted);
    }
    for asset in attempt.request.own_files() {
        if !asset.path.is_file() {
            wanted.insert(asset.content.clone());
        }
    }
    for id in wanted {
        attempt.go_on()?;
        // What is nowhere is told by the stage that misses it.
        fetch(&attempt.parts, &id).await?;
    }
    Ok(())
}

/// Brings to the depot what a settlement names.
pub(crate) async fn bring_results(
    parts: &Parts,
    settlement: &Settlement,
) -> Result<(), StageError> {
    let JobOutcome::Completed { output, cached, .. } = &settlement.outcome else {
        return Ok(());
    };
    if parts.depot.is_none() {
        return Ok(());
    }
    let mut made = BTreeSet::new();
    named(output, &mut made);
    let files = cached.iter().flat_map(|entry| &entry.artifacts);
    made.extend(files.map(|file| file.id.clone()));
    for id in made {
        bring(parts, &id).await?;
    }
    Ok(())
}

/// Brings one artifact to the depot, if there is one.
pub(crate) async fn bring(parts: &Parts, id: &ArtifactId) -> Result<(), StageError> {
    let Some(depot) = &parts.depot else {
        return Ok(());
    };
    depot.bring(&parts.artifacts, id).await.map_err(failed)
}

/// Fetches one artifact to this machine; whether it is here now.
pub(crate) async fn fetch(parts: &Parts, id: &ArtifactId) -> Result<bool, StageError> {
    match &parts.depot {
        None => Ok(parts.artifacts.path(id)?.is_some()),
        Some(depot) => depot.fetch(&parts.artifacts, id).await.map_err(failed),
    }
}

/// Where an artifact lies on this machine, fetched from the depot if need be. `None` where it is gone.
pub async fn path_of(parts: &Parts, id: &ArtifactId) -> Option<PathBuf> {
    if !fetch(parts, id).await.ok()? {
        return None;
    }
    parts.artifacts.path(id).ok().flatten()
}

/// Takes the user's own files along with an order, so that other machines have them too.
///
/// # Errors
/// [`RefusedOrder`] with [`Code::DepotAway`], or what is wrong with the file.
pub async fn bring_own_files(parts: &Parts, prepared: &Prepared) -> Result<(), RefusedOrder> {
    if parts.depot.is_none() {
        return Ok(());
    }
    let refused = |e: StageError| RefusedOrder::new(e.code, e.source);
    for asset in prepared.request.own_files() {
        let kept = parts.artifacts.put_file(&asset.path, &Cancel::new());
        let kept = kept.map_err(|e| refused(e.into()))?;
        bring(parts, &kept.id).await.map_err(refused)?;
    }
    Ok(())
}

/// Where one of the user's files can be read on this machine: where it was, else where it was brought.
pub(crate) fn own_file(attempt: &Attempt, asset: &Asset) -> Result<PathBuf, StageError> {
    if attempt.parts.depot.is_some()
        && !asset.path.is_file()
        && let Some(path) = attempt.parts.artifacts.path(&asset.content)?
    {
        return Ok(path);
    }
    Ok(asset.path.clone())
}

fn failed(error: depot::Error) -> StageError {
    match error {
        depot::Error::Artifact(e) => e.into(),
        other => StageError::retry(Code::DepotAway, std::time::Duration::ZERO, other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn artifacts_are_found_wherever_they_are_named() {
        let name = |digit: &str| digit.repeat(64);
        let value = json!({
            "audio": { "id": name("a"), "bytes": 3 },
            "files": { "video.mp4": { "id": name("b"), "bytes": 4 } },
            "segments": [{ "id": name("c"), "bytes": 5, "frames": 9 }],
            "job": { "id": "0193", "bytes": 1 },
            "id": name("d"),
        });
        let mut found = BTreeSet::new();
        named(&value, &mut found);
        let found: Vec<String> = found.into_iter().map(|id| id.0).collect();
        assert_eq!(found, [name("a"), name("b"), name("c")]);
    }
}
