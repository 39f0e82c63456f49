//! What a server says of itself, for whoever looks for what is wrong with it.

use store::Error;
use ytempire_core::Timestamp;

use crate::connection::Connection;
use crate::sql::{Cells, Fault, Result};

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Its version, such as `15.18`.
    pub version: String,
    /// The version as a number, such as `150018`.
    pub version_number: i64,
    /// Its clock, microseconds since 1970, to be compared with ours.
    pub clock_micros: i64,
    /// Tells whether it only follows another server, and can't be written.
    pub standby: bool,
    /// Settings that keep what is acknowledged, as the server has them by default.
    pub settings: Vec<(&'static str, String)>,
}

/// Without these a power cut loses what was acknowledged.
const SETTINGS: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// The server's clock: no decision of a statement depends on it, callers pass it in as the time.
pub(crate) async fn clock(db: &Connection) -> Result<Timestamp> {
    let text = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock";
    let row = db.first(text, &[]).await?;
    let row = row.ok_or_else(|| Fault::Said(Error::Database("no answer".to_owned())))?;
    Cells::of("clock", &row).time("clock")
}

pub(crate) async fn ask(db: &Connection) -> Result<Health> {
    // Of a session, `synchronous_commit` is what we have set; the default is the server's own.
    let row = db
        .first(
            "SELECT current_setting('server_version') AS version,
                    current_setting('server_version_num')::bigint AS number,
                    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock,
                    pg_is_in_recovery() AS standby,
                    (SELECT array_agg(reset_val ORDER BY name)
                     FROM pg_settings
                     WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')) AS settings",
            &[],
        )
        .await?
        .ok_or_else(|| Fault::Said(Error::Database("no answer".to_owned())))?;
    let row = Cells::of("pg_settings", &row);
    let values: Vec<String> = row.get("settings")?;
    Ok(Health {
        version: row.get("version")?,
        version_number: row.get("number")?,
        clock_micros: row.get("clock")?,
        standby: row.get("standby")?,
        settings: SETTINGS.into_iter().zip(values).collect(),
    })
}
