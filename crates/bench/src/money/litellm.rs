//! `LiteLLM`'s budgets, from `PyPI`: the same calls to the same provider.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;

use super::Chance;
use super::provider::{Provider, call_as};
use super::purse::{CAP, ODD};
use super::race::{Mortal, Races};

/// A way to be under a budget.
pub(super) struct Setting {
    pub(super) name: &'static str,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `BudgetManager` of the library: asked before each call, told after it.
    Library,
    /// The proxy, which reserves; nobody is killed.
    Proxy,
    /// The proxy; a quarter of the callers leave in the middle.
    ProxyKilled,
    /// The proxy with a budget that calls don't use up.
    ProxyOdd,
}

const fn setting(name: &'static str, way: Way) -> Setting {
    Setting { name, way }
}

pub(super) const SETTINGS: [Setting; 4] = [
    setting("LiteLLM, BudgetManager", Way::Library),
    setting("LiteLLM, proxy", Way::Proxy),
    setting("LiteLLM, proxy, callers killed", Way::ProxyKilled),
    setting("LiteLLM, proxy", Way::ProxyOdd),
];

pub(super) async fn races(
    installed: &Path,
    setting: &Setting,
    calls: u32,
    seeds: u64,
) -> Result<Races> {
    if setting.way == Way::Library {
        return library(installed, calls, seeds).await;
    }
    let begun = Instant::now();
    let provider = Provider::start().await?;
    let proxy = Proxy::start(installed, provider.address()).await?;
    let (cap, key) = match setting.way {
        Way::ProxyOdd => (ODD, "sk-odd"),
        _ => (CAP, "sk-race"),
    };
    let mut races = Races::of(cap);
    for seed in 0..seeds {
        let first = provider.lines();
        let mut chance = Chance::of(seed);
        let mut callers = JoinSet::new();
        for _ in 0..calls {
            let dies = setting.way == Way::ProxyKilled && chance.below(4) == 0;
            let (address, waits) = (proxy.address, if dies { chance.below(8) } else { u64::MAX });
            callers.spawn(async move {
                let life =
                    Box::pin(async move { call_as(address, "", &format!("{key}-{seed}")).await });
                Mortal { life, waits }.await
            });
        }
        let mut refused = 0;
        while let Some(done) = callers.join_next().await {
            match done? {
                None => races.killed += 1,
                Some(Err(_)) => refused += 1,
                Some(Ok(_)) => {}
            }
        }
        // What is under way arrives.
        tokio::time::sleep(Duration::from_millis(500)).await;
        races.bills.push(provider.billed_since(first));
        if refused == calls {
            bail!("the proxy refused every call");
        }
    }
    races.took = begun.elapsed();
    Ok(races)
}

/// A running proxy. Gone when dropped.
struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Proxy {
    async fn start(installed: &Path, provider: SocketAddr) -> Result<Self> {
        // A port that is free now.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let installed = std::path::absolute(installed)?;
        let config = std::fs::read_to_string(installed.join("litellm.yaml"))
            .context("it is not there; crates/bench/peers/budgets installs it")?;
        let folder = crate::fresh_folder("litellm")?;
        let config = config.replace("PROVIDER", &format!("http://{provider}/v1"));
        std::fs::write(folder.join("config.yaml"), config)?;
        std::fs::copy(
            installed.join("litellm_auth.py"),
            folder.join("litellm_auth.py"),
        )?;
        let log = std::fs::File::create(folder.join("log"))?;
        let child = Command::new(installed.join("venv/bin/litellm"))
            .current_dir(&folder)
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("LITELLM_LOG", "ERROR")
            .args(["--config", "config.yaml", "--host", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--telemetry", "False"])
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut proxy = Self { child, address };
        for _ in 0..600 {
            if call_as(address, "", "sk-warm").await.is_ok() {
                return Ok(proxy);
            }
            if proxy.child.try_wait()?.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("{}", std::fs::read_to_string(folder.join("log"))?)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A race for each line that its script is told.
async fn library(installed: &Path, calls: u32, seeds: u64) -> Result<Races> {
    let begun = Instant::now();
    let provider = Provider::start().await?;
    let installed = std::path::absolute(installed)?;
    let mut child = tokio::process::Command::new(installed.join("venv/bin/python"))
        .arg(installed.join("litellm_manager.py"))
        .args([
            format!("http://{}/v1", provider.address()),
            calls.to_string(),
        ])
        .current_dir(crate::fresh_folder("litellm")?)
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("crates/bench/peers/budgets installs it")?;
    let mut tell = child.stdin.take().context("it was asked for")?;
    let said = child.stdout.take().context("it was asked for")?;
    let mut said = BufReader::new(said).lines();
    let mut races = Races::of(CAP);
    for seed in 0..seeds {
        let first = provider.lines();
        tell.write_all(format!("{seed}\n").as_bytes()).await?;
        loop {
            match said.next_line().await? {
                Some(line) if line.starts_with("done") => break,
                Some(_) => {}
                None => bail!("it has ended"),
            }
        }
        races.bills.push(provider.billed_since(first));
    }
    races.took = begun.elapsed();
    Ok(races)
}
