//! `ytempire serve`: the API, and a node beside it.

mod orders;

use std::net::SocketAddr;
use std::sync::Arc;

use store::Access;
use tokio::net::TcpListener;
use worker::{Node, Parts};
use ytempire_core::{AccountId, Cancel, Code};

use self::orders::Line;
use crate::args::Global;
use crate::args::serve::Serve;
use crate::config::{Config, LISTEN};
use crate::fail::Failure;
use crate::schema::print;
use crate::{key, work, world};

pub(crate) async fn run(global: &Global, args: Serve) -> Result<(), Failure> {
    let cancel = world::stop_signal()?;
    let config = Config::load(global)?;
    if !args.no_work {
        world::check_tools(&world::tools())?;
    }
    let backends = Arc::new(config.backends()?);
    let place = args.listen.or(config.serve.listen).unwrap_or(LISTEN);
    let listener = listen(place).await?;
    let open = async || {
        let parts = work::parts(global, &config, &backends, args.slots).await?;
        let node = if args.no_work {
            None
        } else {
            let joined = Node::join(parts.clone(), &world::node_name()).await;
            Some(joined.map_err(work::failed)?)
        };
        Ok((node, parts))
    };
    let Some((node, parts)) = work::patient(open, &cancel).await? else {
        return Ok(());
    };
    welcome(global, &parts, &listener).await?;
    let serving = serve(listener, &config, &parts, &cancel);
    let working = async {
        let Some(node) = node else { return Ok(()) };
        let worked = work::make(global, &config, (node, &parts), &cancel).await;
        if worked.is_err() {
            cancel.cancel();
        }
        worked
    };
    let (served, worked) = tokio::join!(serving, working);
    worked.and(served)
}

async fn listen(place: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(place).await.map_err(|e| {
        let text = format!("{place} can't be listened on: {e}");
        Failure::new(Code::ListenFailed, text).hint("name another one by --listen ADDRESS:PORT")
    })
}

/// Says where it serves, and prints the first key where there is none.
async fn welcome(global: &Global, parts: &Parts, listener: &TcpListener) -> Result<(), Failure> {
    let place = listener
        .local_addr()
        .map_err(|e| Failure::bug(format!("the listener has no address: {e}")))?;
    if !global.quiet {
        print(&format!(
            "serving on http://{place}; reference: http://{place}/docs\n"
        ))?;
        if !place.ip().is_loopback() {
            anstream::eprintln!(
                "note: keys cross the network in the clear, unless a proxy with TLS stands before it"
            );
        }
    }
    if parts.store.key_list().await?.is_empty() {
        let all = Access::ALL.into_iter().collect();
        let whose = (AccountId::LOCAL, "first start");
        let (_, secret) = key::make(parts, whose, all, None).await?;
        anstream::eprintln!(
            "first start: this key may do everything, and is shown this once\n  {}",
            secret.reveal()
        );
    }
    Ok(())
}

async fn serve(
    listener: TcpListener,
    config: &Config,
    parts: &Parts,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let chance = |bytes: &mut [u8]| {
        // Without entropy no key can be made; one of zeros would open everything to everybody.
        assert!(world::entropy(bytes).is_ok(), "the system gives no entropy");
    };
    let parts = api::Parts {
        store: Arc::clone(&parts.store),
        signal: Arc::clone(&parts.signal),
        orders: Arc::new(Line(parts.clone())),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids),
        chance: Arc::new(chance),
        options: config.serve.options(),
    };
    let told = cancel.clone();
    let served = api::serve(listener, parts, async move { world::raised(&told).await }).await;
    // A node without its server is not what was asked for.
    cancel.cancel();
    served.map_err(|e| Failure::bug(format!("serving failed: {e}")))
}
