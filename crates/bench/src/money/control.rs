//! What most programs do: look at what is spent, call, add up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use testkit::PostgresServer;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::bare::connect;
use super::provider::{Provider, TOKEN, call};
use super::purse::CAP;
use super::race::Races;

/// Connections that callers share, as the store has.
const CONNECTIONS: usize = 10;

pub(super) async fn races(server: &PostgresServer, calls: u32, seeds: u64) -> Result<Races> {
    let begun = Instant::now();
    let url = server.fresh();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(Arc::new(connect(&url).await?));
    }
    clients[0]
        .batch_execute("CREATE TABLE budget (video bigint PRIMARY KEY, spent bigint NOT NULL)")
        .await?;
    let provider = Provider::start().await?;
    let mut races = Races::of(CAP);
    for seed in 0..seeds as i64 {
        let first = provider.lines();
        clients[0]
            .execute("INSERT INTO budget VALUES ($1, 0)", &[&seed])
            .await?;
        let mut callers = JoinSet::new();
        for n in 0..calls as usize {
            let client = Arc::clone(&clients[n % CONNECTIONS]);
            callers.spawn(spend(client, seed, provider.address()));
        }
        while let Some(done) = callers.join_next().await {
            done??;
        }
        races.bills.push(provider.billed_since(first));
    }
    races.took = begun.elapsed();
    Ok(races)
}

async fn spend(client: Arc<Client>, video: i64, provider: SocketAddr) -> Result<()> {
    let spent = "SELECT spent FROM budget WHERE video = $1";
    let spent: i64 = client.query_one(spent, &[&video]).await?.get(0);
    if spent as u64 + TOKEN * super::provider::TOKENS > CAP {
        return Ok(());
    }
    let tokens = call(provider, "control").await?;
    let add = "UPDATE budget SET spent = spent + $2 WHERE video = $1";
    client
        .execute(add, &[&video, &((tokens * TOKEN) as i64)])
        .await?;
    Ok(())
}
