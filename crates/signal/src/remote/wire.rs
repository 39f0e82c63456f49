//! Connections to the server, and what may come through them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use redis::AsyncConnectionConfig;
use redis::aio::{MultiplexedConnection, PubSub};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{self, AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::options::{Address, Options};
use crate::VALUE_MAX;

/// The largest string that is taken from a server: a cached value with its seal.
const STRING_MAX: i64 = VALUE_MAX as i64 + 1_024;

/// The largest list. Our own answers have at most four parts; the driver makes room for as many
/// as the server says before it has seen one.
const LIST_MAX: i64 = 64;

/// The longest line: a status, a number, an error.
const LINE_MAX: usize = 16 << 10;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection for many questions at once. Closed when dropped.
pub(crate) struct Connection {
    pub(crate) asks: MultiplexedConnection,
    _driver: Driver,
}

/// The task behind a connection.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Opens a connection for questions. The caller limits the time.
pub(crate) async fn connect(options: &Options) -> redis::RedisResult<Connection> {
    let stream = open(&options.address).await?;
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let (asks, driver) =
        MultiplexedConnection::new_with_config(&options.login, stream, config).await?;
    let driver = Driver(tokio::spawn(driver));
    Ok(Connection {
        asks,
        _driver: driver,
    })
}

/// Opens a connection that listens. The caller limits the time.
pub(crate) async fn listen(options: &Options) -> redis::RedisResult<PubSub> {
    let stream = open(&options.address).await?;
    PubSub::new(&options.login, stream).await
}

async fn open(address: &Address) -> io::Result<Guarded<Box<dyn Duplex>>> {
    let stream: Box<dyn Duplex> = match address {
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Address::Tcp { host, port, tls } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            // A question is one small packet; waiting for more to send would be most of its time.
            stream.set_nodelay(true)?;
            if *tls {
                Box::new(encrypted(host, stream).await?)
            } else {
                Box::new(stream)
            }
        }
    };
    Ok(Guarded {
        stream,
        guard: Guard::default(),
    })
}

async fn encrypted(host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A stream whose answers are looked at before the driver sees them.
struct Guarded<S> {
    stream: S,
    guard: Guard,
}

/// Where in the flow of answers we are. Strings and lists begin with their length, so nesting
/// needn't be followed to know what is too much.
#[derive(Debug, Default)]
struct Guard {
    line: Vec<u8>,
    /// Bytes of a string that are still to come, with its end of line.
    body: usize,
}

impl Guard {
    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            if self.line.len() + line.len() > LINE_MAX {
                return Err("a line of the server's answer is too long");
            }
            self.line.extend_from_slice(line);
            bytes = rest;
            if end.is_some() {
                self.body = body(&self.line)?;
                self.line.clear();
            }
        }
        Ok(())
    }
}

/// How many bytes follow this line.
fn body(line: &[u8]) -> Result<usize, &'static str> {
    let (kind, rest) = line.split_first().ok_or("the server's answer is empty")?;
    let length = || {
        let text = str::from_utf8(rest).map_err(|_| "a length is no number")?;
        text.trim()
            .parse::<i64>()
            .map_err(|_| "a length is no number")
    };
    match kind {
        b'$' => match length()? {
            ..0 => Ok(0),
            length @ 0..=STRING_MAX => Ok(length as usize + 2),
            _ => Err("a string of the server's answer is too large"),
        },
        b'*' if length()? <= LIST_MAX => Ok(0),
        b'*' => Err("a list of the server's answer is too long"),
        b'+' | b'-' | b':' => Ok(0),
        _ => Err("the server doesn't speak Redis' protocol"),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let passed = self.guard.pass(&buffer.filled()[before..]);
        Poll::Ready(passed.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(pieces: &[&[u8]]) -> bool {
        let mut guard = Guard::default();
        pieces.iter().all(|piece| guard.pass(piece).is_ok())
    }

    #[test]
    fn what_servers_say_passes_in_any_pieces() {
        let said = b"+OK\r\n:42\r\n$5\r\n*9\r\n\n\r\n*2\r\n$-1\r\n:1\r\n-ERR no\r\n*-1\r\n$0\r\n\r\n+x\r\n";
        assert!(pass(&[said]));
        for at in 0..said.len() {
            assert!(pass(&[&said[..at], &said[at..]]), "{at}");
        }
    }

    #[test]
    fn what_would_take_memory_or_is_no_answer_does_not() {
        for lie in [
            &b"*1000000000\r\n"[..],
            b"$99999999999\r\n",
            b"%1000000000\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"$abc\r\n",
            b"\r\n",
            &vec![b'+'; LINE_MAX + 1],
        ] {
            assert!(!pass(&[lie]), "{:?}", String::from_utf8_lossy(lie));
        }
    }
}
