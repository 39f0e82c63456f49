//! Wake-ups: a connection of its own that listens for jobs that became available.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;

use crate::options::Options;
use crate::sql::{Fault, Result};
use crate::tls;

/// How often a lost connection is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Tells that jobs may have become available since it was last asked.
///
/// Wake-ups are hints: several may arrive as one, one may arrive for nothing, and while the
/// connection is lost none arrive. A worker looks at the store after each, and now and then
/// without. After the connection came back it is told once, for what it may have missed.
///
/// The connection must be the session's own: a pooler in transaction mode doesn't pass
/// notifications on.
pub struct Wakes {
    seen: watch::Receiver<u64>,
    listener: JoinHandle<()>,
}

impl Wakes {
    /// Begins to listen. The first wake-up comes when the connection stands.
    pub fn listen(options: Options) -> Self {
        let (tell, seen) = watch::channel(0);
        let listener = tokio::spawn(async move {
            let mut again = tokio::time::interval(AGAIN);
            again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                again.tick().await;
                let lost = session(&options, &tell).await;
                if tell.is_closed() {
                    return;
                }
                if let Err(why) = lost {
                    let error = why.into_error(&options.place());
                    tracing::warn!(%error, "no wake-ups for now");
                }
            }
        });
        Self { seen, listener }
    }

    /// Waits until there is something to look at, unless there was since the last call.
    pub async fn wait(&mut self) {
        // It can't be closed: the listener ends with `self`.
        drop(self.seen.changed().await);
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Listens until the connection is lost.
async fn session(options: &Options, tell: &watch::Sender<u64>) -> Result<()> {
    let tls = tls::connector(&options.trust)?;
    let (client, mut connection) = options.config.connect(tls).await?;
    let mut listening = pin!(client.batch_execute("LISTEN ytempire_jobs"));
    let mut listens = false;
    loop {
        tokio::select! {
            message = poll_fn(|cx| connection.poll_message(cx)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => tell.send_modify(|n| *n += 1),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(e.into()),
                None => return Err(Fault::Lost("the server closed it".to_owned())),
            },
            done = &mut listening, if !listens => {
                done?;
                listens = true;
                tell.send_modify(|n| *n += 1);
            }
        }
    }
}
