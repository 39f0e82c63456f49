//! Statements about cached outputs and the artifacts that belong to them.

use rusqlite::{Connection, OptionalExtension, named_params};
use store::{ArtifactRow, CacheEntry, CacheTotals, Result};
use ytempire_core::{ArtifactId, Timestamp, VideoId};

use crate::sql;

pub(crate) fn put(
    tx: &Connection,
    now: Timestamp,
    video: VideoId,
    entry: &CacheEntry,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO cache (key, video_id, output, used_at)
         VALUES (:key, :video, :output, :now)
         ON CONFLICT (key) DO UPDATE
         SET output = excluded.output, used_at = max(used_at, excluded.used_at)",
    )
    .and_then(|mut s| {
        s.execute(named_params! {
            ":key": entry.key,
            ":video": video.to_string(),
            ":output": entry.output.to_string(),
            ":now": now.as_micros(),
        })
    })
    .map_err(sql::error)?;
    // Work is done again when the files of the old entry are gone: the new ones take their
    // place, or the entry would stay broken and the work be paid again by every video.
    tx.prepare_cached("DELETE FROM artifacts WHERE key = ?1")
        .and_then(|mut s| s.execute([&entry.key]))
        .map_err(sql::error)?;
    for artifact in &entry.artifacts {
        tx.prepare_cached("INSERT OR IGNORE INTO artifacts (key, id, bytes) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute((&entry.key, &artifact.id.0, artifact.bytes as i64)))
            .map_err(sql::error)?;
    }
    Ok(())
}

pub(crate) fn get(tx: &Connection, now: Timestamp, key: &str) -> Result<Option<CacheEntry>> {
    let output: Option<String> = tx
        .prepare_cached(
            "UPDATE cache SET used_at = max(used_at, ?2) WHERE key = ?1 RETURNING output",
        )
        .and_then(|mut s| {
            s.query_row((key, now.as_micros()), |row| row.get(0))
                .optional()
        })
        .map_err(sql::error)?;
    let Some(output) = output else {
        return Ok(None);
    };
    let output = serde_json::from_str(&output).map_err(|e| store::Error::Undecodable {
        table: "cache",
        row: key.to_owned(),
        column: "output",
        why: e.to_string(),
    })?;
    let mut statement = tx
        .prepare_cached("SELECT id, bytes FROM artifacts WHERE key = ?1 ORDER BY id")
        .map_err(sql::error)?;
    let artifacts = statement
        .query_map([key], |row| {
            let bytes: i64 = row.get(1)?;
            Ok(ArtifactRow {
                id: ArtifactId(row.get(0)?),
                bytes: bytes as u64,
            })
        })
        .and_then(Iterator::collect)
        .map_err(sql::error)?;
    Ok(Some(CacheEntry {
        key: key.to_owned(),
        output,
        artifacts,
    }))
}

pub(crate) fn totals(db: &Connection) -> Result<CacheTotals> {
    db.query_row(
        "SELECT (SELECT count(*) FROM cache),
                count(*), coalesce(sum(bytes), 0)
         FROM (SELECT DISTINCT id, bytes FROM artifacts)",
        [],
        |row| {
            let (entries, artifacts, bytes): (i64, i64, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(CacheTotals {
                entries: entries as u64,
                artifacts: artifacts as u64,
                bytes: bytes as u64,
            })
        },
    )
    .map_err(sql::error)
}

pub(crate) fn prune(tx: &Connection, bytes_max: u64) -> Result<Vec<ArtifactId>> {
    let mut gone = Vec::new();
    // Counted down: adding up all artifacts for each entry would take the square of their number.
    let mut bytes = totals(tx)?.bytes;
    while bytes > bytes_max {
        let Some(key) = oldest(tx)? else { break };
        let mut statement = tx
            .prepare_cached(
                "SELECT id, bytes FROM artifacts AS mine
                 WHERE key = ?1
                   AND NOT EXISTS (SELECT 1 FROM artifacts AS other
                                   WHERE other.id = mine.id AND other.key <> mine.key)",
            )
            .map_err(sql::error)?;
        let mut rows = statement.query([&key]).map_err(sql::error)?;
        while let Some(row) = rows.next().map_err(sql::error)? {
            gone.push(ArtifactId(row.get(0).map_err(sql::error)?));
            let freed: i64 = row.get(1).map_err(sql::error)?;
            bytes = bytes.saturating_sub(freed as u64);
        }
        drop(rows);
        tx.prepare_cached("DELETE FROM cache WHERE key = ?1")
            .and_then(|mut s| s.execute([&key]))
            .map_err(sql::error)?;
    }
    Ok(gone)
}

/// The entry that was asked for longest ago, unless an unfinished video may have asked for it.
/// Entries without files are worth their few bytes.
fn oldest(tx: &Connection) -> Result<Option<String>> {
    tx.prepare_cached(
        "SELECT cache.key
         FROM cache
         WHERE cache.used_at < coalesce((SELECT min(created_at)
                                         FROM videos
                                         WHERE finalized_at IS NULL), 9223372036854775807)
           AND EXISTS (SELECT 1 FROM artifacts WHERE artifacts.key = cache.key)
         ORDER BY cache.used_at, cache.key
         LIMIT 1",
    )
    .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
    .map_err(sql::error)
}
