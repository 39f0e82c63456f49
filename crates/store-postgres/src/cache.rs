//! Statements about cached outputs and the artifacts that belong to them.

use std::collections::BTreeMap;

use serde_json::Value;
use store::{ArtifactRow, CacheEntry, CacheTotals, Error};
use tokio_postgres::types::Json;
use uuid::Uuid;
use ytempire_core::{ArtifactId, Timestamp, VideoId};

use crate::connection::{Connection, Question, Tx};
use crate::sql::{Cells, Result};

const PUT: &str = "\
    INSERT INTO cache (key, video_id, output, used_at)
    SELECT key, video_id, output, $1
    FROM unnest($2::text[], $3::uuid[], $4::json[]) AS new (key, video_id, output)
    ON CONFLICT (key) DO UPDATE
    SET output = excluded.output, used_at = greatest(cache.used_at, excluded.used_at)";

/// Work is done again when the files of the old entry are gone: the new ones take their place, or
/// the entry would stay broken and the work be paid again by every video.
const FORGET: &str = "DELETE FROM artifacts WHERE key = ANY ($1)";

const KEEP: &str = "\
    INSERT INTO artifacts (key, id, bytes)
    SELECT key, id, bytes
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (key, id, bytes)
    ON CONFLICT DO NOTHING";

/// Entries to be kept, column by column, in the order of their keys: two transactions that keep
/// the same ones lock them in the same order.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    now: i64,
    keys: Vec<&'a str>,
    videos: Vec<Uuid>,
    outputs: Vec<Json<&'a Value>>,
    of: Vec<&'a str>,
    files: Vec<&'a str>,
    sizes: Vec<i64>,
}

impl<'a> Columns<'a> {
    /// Of several entries of one key the last one counts.
    pub(crate) fn of(
        now: Timestamp,
        entries: impl IntoIterator<Item = (VideoId, &'a CacheEntry)>,
    ) -> Self {
        let mut columns = Self {
            now: now.as_micros(),
            ..Self::default()
        };
        let entries = entries.into_iter();
        let last: BTreeMap<&str, _> = entries.map(|e| (e.1.key.as_str(), e)).collect();
        for (key, (video, entry)) in last {
            columns.keys.push(key);
            columns.videos.push(video.0);
            columns.outputs.push(Json(&entry.output));
            for artifact in &entry.artifacts {
                columns.of.push(key);
                columns.files.push(&artifact.id.0);
                columns.sizes.push(artifact.bytes as i64);
            }
        }
        columns
    }

    /// Keeps them, if there are any.
    pub(crate) fn put(&self) -> impl Iterator<Item = Question<'_>> {
        let put: Question<'_> = (
            PUT,
            vec![&self.now, &self.keys, &self.videos, &self.outputs],
        );
        let forget: Question<'_> = (FORGET, vec![&self.keys]);
        let keep: Question<'_> = (KEEP, vec![&self.of, &self.files, &self.sizes]);
        let all = if self.keys.is_empty() { 0 } else { 3 };
        [put, forget, keep].into_iter().take(all)
    }
}

pub(crate) async fn get(tx: &Tx, now: Timestamp, key: &str) -> Result<Option<CacheEntry>> {
    let touched = tx
        .first(
            "UPDATE cache SET used_at = greatest(used_at, $2) WHERE key = $1
             RETURNING key, output",
            &[&key, &now.as_micros()],
        )
        .await?;
    let Some(row) = touched else {
        return Ok(None);
    };
    let files = tx
        .query(
            "SELECT id, bytes FROM artifacts WHERE key = $1 ORDER BY id",
            &[&key],
        )
        .await?;
    let artifact = |row| {
        let row = Cells::of("artifacts", row);
        Ok(ArtifactRow {
            id: ArtifactId(row.get("id")?),
            bytes: row.count("bytes")?,
        })
    };
    Ok(Some(CacheEntry {
        key: key.to_owned(),
        output: Cells::of("cache", &row).get("output")?,
        artifacts: files.iter().map(artifact).collect::<Result<_>>()?,
    }))
}

pub(crate) async fn totals(db: &Connection) -> Result<CacheTotals> {
    let row = db
        .first(
            "SELECT (SELECT count(*) FROM cache) AS entries,
                    count(*) AS artifacts, coalesce(sum(bytes), 0)::bigint AS bytes
             FROM (SELECT DISTINCT id, bytes FROM artifacts) AS files",
            &[],
        )
        .await?
        .ok_or_else(|| Error::Database("no totals".to_owned()))?;
    let row = Cells::of("artifacts", &row);
    Ok(CacheTotals {
        entries: row.count("entries")?,
        artifacts: row.count("artifacts")?,
        bytes: row.count("bytes")?,
    })
}

pub(crate) async fn prune(tx: &Tx, bytes_max: u64) -> Result<Vec<ArtifactId>> {
    // Nobody adds or touches entries meanwhile: a file that is told to be gone must not be named
    // by an entry that was being written, and entries are locked in no particular order here.
    tx.script("LOCK TABLE cache IN SHARE ROW EXCLUSIVE MODE")
        .await?;
    let mut gone = Vec::new();
    // Counted down: adding up all artifacts for each entry would take the square of their number.
    let mut bytes = totals(tx).await?.bytes;
    while bytes > bytes_max {
        let Some(key) = oldest(tx).await? else { break };
        let alone = tx
            .query(
                "SELECT id, bytes FROM artifacts AS mine
                 WHERE key = $1
                   AND NOT EXISTS (SELECT 1 FROM artifacts AS other
                                   WHERE other.id = mine.id AND other.key <> mine.key)
                 ORDER BY id",
                &[&key],
            )
            .await?;
        for row in &alone {
            let row = Cells::of("artifacts", row);
            gone.push(ArtifactId(row.get("id")?));
            bytes = bytes.saturating_sub(row.count("bytes")?);
        }
        tx.execute("DELETE FROM cache WHERE key = $1", &[&key])
            .await?;
    }
    Ok(gone)
}

/// The entry that was asked for longest ago, unless an unfinished video may have asked for it.
/// Entries without files are worth their few bytes.
async fn oldest(tx: &Tx) -> Result<Option<String>> {
    let row = tx
        .first(
            "SELECT cache.key
             FROM cache
             WHERE cache.used_at < coalesce((SELECT min(created_at)
                                             FROM videos
                                             WHERE finalized_at IS NULL), 9223372036854775807)
               AND EXISTS (SELECT 1 FROM artifacts WHERE artifacts.key = cache.key)
             ORDER BY cache.used_at, cache.key
             LIMIT 1",
            &[],
        )
        .await?;
    row.map(|row| Cells::of("cache", &row).get("key"))
        .transpose()
}
