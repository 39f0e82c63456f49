//! Wake-ups from the server to this process.
//!
//! One connection takes tokens from the server's list while somebody here waits, so a caller may
//! give up at any time: a token that comes when nobody waits any more goes back to the list.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;
use tokio::time::timeout;

use super::link::Link;
use super::options::Options;
use super::wire::{self, Connection};
use crate::LocalSignal;
use crate::health::count;

/// How long one question for a token lasts. Short enough that a server that stopped answering is
/// noticed, long enough to cost nothing.
const ROUND: Duration = Duration::from_secs(1);

/// What a server may be late with an answer that has nothing to say.
const SLACK: Duration = Duration::from_secs(1);

/// The pause after a wrong answer.
const PAUSE: Duration = Duration::from_millis(200);

/// The list of tokens.
pub(crate) fn key(options: &Options) -> String {
    options.key("wake", "jobs")
}

pub(crate) async fn run(link: Arc<Link>, local: Arc<LocalSignal>) {
    loop {
        local.wakes.wanted().await;
        link.until_up().await;
        let handshake = link.options.limit.saturating_mul(10);
        let Ok(Ok(connection)) = timeout(handshake, wire::connect(&link.options)).await else {
            link.suspect().await;
            link.rest(PAUSE).await;
            continue;
        };
        tokio::select! {
            () = hand_out(&link, &local, &connection) => {}
            () = link.until_down() => {}
        }
    }
}

/// Hands tokens out until the connection fails.
async fn hand_out(link: &Link, local: &LocalSignal, connection: &Connection) {
    let key = key(&link.options);
    loop {
        local.wakes.wanted().await;
        let mut asks = connection.asks.clone();
        let mut pop = redis::cmd("BLPOP");
        pop.arg(&key).arg(ROUND.as_secs_f64());
        let asked = pop.query_async::<Option<(String, String)>>(&mut asks);
        match timeout(ROUND + SLACK, asked).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(_))) if local.wakes.waiters() > 0 => local.wakes.add(1),
            Ok(Ok(Some(_))) => {
                let returned: RedisResult<()> = redis::cmd("RPUSH")
                    .arg(&key)
                    .arg(1)
                    .query_async(&mut asks)
                    .await;
                if returned.is_err() {
                    return;
                }
            }
            Ok(Err(e)) => {
                count(&link.counters.lies);
                tracing::debug!(error = link.options.discreet(&e.to_string()), "no wake-ups");
                link.suspect().await;
                link.rest(PAUSE).await;
                return;
            }
            Err(_) => {
                link.suspect().await;
                return;
            }
        }
    }
}
