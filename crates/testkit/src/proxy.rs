//! A proxy in front of a server that does to a connection what networks and bad servers do.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What a [`Proxy`] does to connections, those that are open included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Passes everything on.
    Open,
    /// Closes connections as soon as they are made.
    Cut,
    /// Takes everything and answers nothing.
    Silent,
    /// Passes everything on, answers so much later.
    Slow(Duration),
    /// Answers whatever it is told with these bytes, and keeps the connection.
    Says(Vec<u8>),
    /// A Redis server that answers pings rightly and each other command with these bytes.
    Lies(Vec<u8>),
}

/// A port of its own before a Unix socket. Gone when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Begins to listen; passes everything on.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn before(socket: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let (wire, seen) = watch::channel(Wire::Open);
        let task = tokio::spawn(serve(listener, socket.to_owned(), seen));
        Self {
            address,
            wire,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does `wire` from now on.
    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, socket: PathBuf, seen: watch::Receiver<Wire>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(connection(client, socket.clone(), seen.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection until it ends, or until what is done to connections changes: then it is
/// closed, as what is in its middle can't be continued.
async fn connection(client: TcpStream, socket: PathBuf, mut seen: watch::Receiver<Wire>) {
    let wire = seen.borrow_and_update().clone();
    tokio::select! {
        () = act(client, &socket, wire) => {}
        _ = seen.changed() => {}
    }
}

async fn act(mut client: TcpStream, socket: &Path, wire: Wire) {
    let mut asked = [0; 4_096];
    match wire {
        Wire::Cut => {}
        Wire::Silent => while client.read(&mut asked).await.is_ok_and(|n| n > 0) {},
        Wire::Says(bytes) => {
            while client.read(&mut asked).await.is_ok_and(|n| n > 0) {
                if client.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
        Wire::Lies(bytes) => {
            while let Ok(n @ 1..) = client.read(&mut asked).await {
                if client.write_all(&lies(&asked[..n], &bytes)).await.is_err() {
                    return;
                }
            }
        }
        Wire::Open => {
            if let Ok(mut server) = UnixStream::connect(socket).await {
                drop(copy_bidirectional(&mut client, &mut server).await);
            }
        }
        Wire::Slow(by) => {
            if let Ok(server) = UnixStream::connect(socket).await {
                slowly(client, server, by).await;
            }
        }
    }
}

/// One answer for each command in `asked`, which holds whole commands: tests ask little at once.
fn lies(asked: &[u8], answer: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(asked);
    let commands = format!("\r\n{text}");
    let answers = commands.split("\r\n*").skip(1).map(|command| {
        if command.contains("PING") {
            &b"+PONG\r\n"[..]
        } else {
            answer
        }
    });
    answers.flatten().copied().collect()
}

async fn slowly(client: TcpStream, server: UnixStream, by: Duration) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let questions = tokio::io::copy(&mut from_client, &mut to_server);
    let answers = async {
        let mut answer = [0; 4_096];
        while let Ok(n @ 1..) = from_server.read(&mut answer).await {
            drop(tokio::time::timeout(by, std::future::pending::<()>()).await);
            if to_client.write_all(&answer[..n]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = questions => {}
        () = answers => {}
    }
}
