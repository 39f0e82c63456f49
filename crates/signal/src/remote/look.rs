//! A look at the server, for whoever has to mend it.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::options::Options;
use super::wire;

/// How long a look takes at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `Redis` or `Valkey`.
    pub product: &'static str,
    /// Its version: `7.0.15`.
    pub version: String,
    /// What it does when its memory is full: `noeviction`, `allkeys-lru`, …
    pub policy: String,
    /// How long a question took.
    pub round_trip: Duration,
}

/// Why there is no look. Holds no password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} can't be used: {why}")]
pub struct ServerError {
    place: String,
    why: String,
}

/// Looks at the server over a connection of its own.
pub async fn look(options: &Options) -> Result<Server, ServerError> {
    let failed = |why: &str| ServerError {
        place: options.place(),
        why: options.discreet(why),
    };
    match timeout(PATIENCE, ask(options)).await {
        Ok(Ok(Some(server))) => Ok(server),
        Ok(Ok(None)) => Err(failed("it doesn't say what it is")),
        Ok(Err(e)) => Err(failed(&e.to_string())),
        Err(_) => Err(failed("it doesn't answer")),
    }
}

async fn ask(options: &Options) -> redis::RedisResult<Option<Server>> {
    let connection = wire::connect(options).await?;
    let mut asks = connection.asks.clone();
    let before = Instant::now();
    redis::cmd("PING").query_async::<()>(&mut asks).await?;
    let round_trip = before.elapsed();
    let said: String = redis::cmd("INFO").query_async(&mut asks).await?;
    Ok(read(&said, round_trip))
}

fn read(said: &str, round_trip: Duration) -> Option<Server> {
    let field = |name: &str| {
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    };
    // Valkey calls itself Redis 7.2 beside its own version, for old clients.
    let (product, version) = match field("valkey_version") {
        Some(version) => ("Valkey", version),
        None => ("Redis", field("redis_version")?),
    };
    Some(Server {
        product,
        version,
        policy: field("maxmemory_policy").unwrap_or_default(),
        round_trip,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_what_it_is() {
        let said = "# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.0.1\r\n\
                    # Memory\r\nmaxmemory_policy:noeviction\r\n";
        let server = read(said, Duration::ZERO).unwrap();
        assert_eq!((server.product, &*server.version), ("Valkey", "8.0.1"));
        assert_eq!(server.policy, "noeviction");
        let server = read(&said.replace("valkey_version", "x"), Duration::ZERO).unwrap();
        assert_eq!((server.product, &*server.version), ("Redis", "7.2.4"));
        assert!(read("220 mail.example ESMTP", Duration::ZERO).is_none());
    }
}
