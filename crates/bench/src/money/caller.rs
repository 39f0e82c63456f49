//! A process that spends, to be killed.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Result;
use clap::Args;
use store::Lease;
use tokio::task::JoinSet;
use ytempire_core::{JobId, NodeId};

use super::purse::{self, Purse};

/// Who spends what, and where.
#[derive(Args, Debug)]
pub(crate) struct Caller {
    database: String,
    provider: SocketAddr,
    job: JobId,
    attempt: u32,
    node: NodeId,
    calls: u32,
    ids: u8,
}

impl Caller {
    pub(crate) fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let purse = Purse::over(purse::open(&self.database).await?, self.ids);
            let lease = Lease {
                job: self.job,
                attempt: self.attempt,
                node: self.node,
            };
            println!("!");
            std::io::stdout().flush()?;
            let mut callers = JoinSet::new();
            for _ in 0..self.calls {
                let (purse, provider) = (purse.clone(), self.provider);
                callers.spawn(async move { purse.spend(lease, provider).await });
            }
            while let Some(done) = callers.join_next().await {
                done??;
            }
            Ok(())
        })
    }
}
