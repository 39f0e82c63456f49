//! Somebody who is paid: a model server that keeps its own bill, behind a slow wire.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::{FakeModelServer, ServerCharge};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// What a call costs: 400 tokens of $0.0003.
pub(super) const CALL: u64 = 120_000;
/// Tokens of an answer.
pub(super) const TOKENS: u64 = 400;
/// Micro-dollars a token.
pub(super) const TOKEN: u64 = CALL / TOKENS;

/// How long a request is under way before the server sees it.
const WIRE: Duration = Duration::from_millis(20);

pub(super) struct Provider {
    server: FakeModelServer,
    address: SocketAddr,
}

impl Provider {
    pub(super) async fn start() -> Result<Self> {
        let server = FakeModelServer::start();
        server.write_by(|_| "four".repeat(TOKENS as usize));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let behind = server.address();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, behind));
            }
        });
        Ok(Self { server, address })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Micro-dollars of the bill's lines from `first` on.
    pub(super) fn billed_since(&self, first: usize) -> u64 {
        self.server.bill()[first..].iter().map(price).sum()
    }

    /// How many lines the bill has.
    pub(super) fn lines(&self) -> usize {
        self.server.bill().len()
    }

    /// Micro-dollars by the name that the caller gave the call.
    pub(super) fn billed(&self) -> HashMap<String, u64> {
        let mut billed = HashMap::new();
        for line in self.server.bill() {
            let amount = price(&line);
            *billed.entry(line.key.unwrap_or_default()).or_default() += amount;
        }
        billed
    }
}

const fn price(line: &ServerCharge) -> u64 {
    line.output_tokens * TOKEN
}

/// Requests arrive later than they were sent; also those whose senders have gone.
async fn pass_on(mut client: TcpStream, behind: SocketAddr) -> Result<()> {
    let mut server = TcpStream::connect(behind).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let there = async {
        let mut some = vec![0; 16 << 10];
        loop {
            let n = from_client.read(&mut some).await?;
            if n == 0 {
                to_server.shutdown().await?;
                return anyhow::Ok(());
            }
            tokio::time::sleep(WIRE).await;
            to_server.write_all(&some[..n]).await?;
        }
    };
    let back = async {
        let done = copy(&mut from_server, &mut to_client).await;
        // Who has gone doesn't stop what was sent.
        drop(to_client.shutdown().await);
        done.map(drop).map_err(anyhow::Error::from)
    };
    let (there, back) = tokio::join!(there, back);
    there.and(back)
}

/// Makes one call under `key`; the tokens that it took, as the answer says.
pub(super) async fn call(address: SocketAddr, key: &str) -> Result<u64> {
    call_as(address, key, "nobody").await
}

/// The same by somebody who is known by `secret`.
pub(super) async fn call_as(address: SocketAddr, key: &str, secret: &str) -> Result<u64> {
    let body = serde_json::json!({
        "model": "writer", "max_tokens": TOKENS,
        "messages": [{ "role": "user", "content": "Tell of the deep sea." }],
    })
    .to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {secret}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let answer: serde_json::Value = serde_json::from_str(body)?;
    let tokens = answer["usage"]["completion_tokens"].as_u64();
    tokens.ok_or_else(|| anyhow::anyhow!("an answer without usage"))
}
