//! Each node's own way to the database and to Redis, which can be cut without the others' noticing.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use testkit::{Proxy, RedisServer, Wire};
use tokio::runtime::{Builder, Runtime};

use crate::database::Database;
use crate::fault::Loss;

/// How late a slow Redis answers: later than a node waits for it.
const SLOW: Duration = Duration::from_millis(400);

/// The wires of all nodes.
pub(crate) struct Wires {
    nodes: Vec<Pair>,
    /// Carries them; last, as they end on it.
    _runtime: Runtime,
}

struct Pair {
    database: Option<Proxy>,
    redis: Proxy,
}

impl Wires {
    /// Open ones, for so many nodes.
    pub(crate) fn lay(nodes: u8, database: &Database, redis: &RedisServer) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let socket = database.server().map(testkit::PostgresServer::socket);
        let before = |socket: &Path| runtime.block_on(Proxy::before(socket));
        let nodes = (0..nodes)
            .map(|_| Pair {
                database: socket.as_deref().map(before),
                redis: before(&redis.socket()),
            })
            .collect();
        Ok(Self {
            nodes,
            _runtime: runtime,
        })
    }

    /// What a node is told: its database, where that is a server, and its Redis.
    /// `name` is what the server knows it by.
    pub(crate) fn urls(
        &self,
        node: usize,
        name: &str,
        database: &Database,
    ) -> (Option<String>, String) {
        let pair = &self.nodes[node];
        let query = database.url().and_then(|url| url.split_once('?'));
        let url = pair
            .database
            .as_ref()
            .zip(query)
            .map(|(proxy, (_, query))| {
                let address = proxy.address();
                format!("postgres://postgres@{address}/postgres?sslmode=disable&application_name={name}&{query}")
            });
        (url, format!("redis://{}", pair.redis.address()))
    }

    /// A node loses both, or has them again.
    pub(crate) fn cut(&self, node: usize, how: Option<Loss>) {
        let wire = match how {
            Some(Loss::Closed) => Wire::Cut,
            Some(Loss::Silent) => Wire::Silent,
            None => Wire::Open,
        };
        let pair = &self.nodes[node];
        if let Some(database) = &pair.database {
            database.set(wire.clone());
        }
        pair.redis.set(wire);
    }

    /// What Redis is like for all nodes that aren't `cut` off.
    pub(crate) fn stall_redis(&self, stall: Option<Stall>, cut: &[usize]) {
        let wire = match stall {
            Some(Stall::Silent) => Wire::Silent,
            Some(Stall::Slow) => Wire::Slow(SLOW),
            None => Wire::Open,
        };
        for (_, pair) in (0..)
            .zip(&self.nodes)
            .filter(|(node, _)| !cut.contains(node))
        {
            pair.redis.set(wire.clone());
        }
    }
}

/// How Redis behaves that is there and of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    Silent,
    Slow,
}
