//! Serving, and leaving without cutting anybody off.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::key::hex;
use crate::live::Feed;
use crate::parts::{Parts, Server};
use crate::routes;
use crate::traffic::Traffic;

/// How long requests may go on once it is to leave: less than the 30 s after which supervisors kill.
pub const DRAIN_MAX: Duration = Duration::from_secs(25);

/// Serves on `listener` until `leave` is done. Then nothing new is accepted, streams end, and
/// requests are answered, for [`DRAIN_MAX`] at most.
///
/// # Errors
/// What the store or the listener says before anything is served.
pub async fn serve(
    listener: TcpListener,
    parts: Parts,
    leave: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let stop = CancellationToken::new();
    let server = begin(parts, stop.clone()).await.map_err(io::Error::other)?;
    let router = routes::router(Arc::new(server));
    let (told, leaving) = (stop.clone(), stop.clone());
    let graceful = async move {
        leave.await;
        told.cancel();
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(graceful);
    tokio::select! {
        served = serving.into_future() => served,
        () = late(leaving) => Ok(()),
    }
}

async fn late(leaving: CancellationToken) {
    leaving.cancelled().await;
    let mut ticks = tokio::time::interval(DRAIN_MAX);
    ticks.tick().await;
    ticks.tick().await;
}

async fn begin(parts: Parts, stop: CancellationToken) -> store::Result<Server> {
    let mut bytes = [0; 32];
    (parts.chance)(&mut bytes);
    let link_secret = parts.store.secret_keep("links", &hex(&bytes)).await?;
    Ok(Server {
        feed: Feed::begin(Arc::clone(&parts.store), stop.clone()),
        traffic: Traffic::default(),
        link_secret,
        stop,
        parts,
    })
}
