//! Listening, working, and stopping in the right order.
//!
//! At the first signal readiness goes off and those who wait for a job are answered. Requests are
//! still taken for a moment, so that a load balancer can notice. Then the listener closes, open
//! requests and rounds of work are finished; jobs go on. A second signal ends the process at
//! once, which loses nothing either: that is what the store is for.

use std::net::SocketAddr;
use std::time::Duration;

use batchway_application::loops::drive;
use batchway_http_api::HttpOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::failure::Failure;
use crate::wiring::Gateway;

/// How long open requests may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// Says when to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown {
    /// From now on the gateway is not ready for more.
    pub(crate) drain: CancellationToken,
}

impl Shutdown {
    /// Stops at SIGTERM and SIGINT; at the second of them at once.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::failed(format!("can't listen to signals: {error}")))
        };
        let (term, int) = (
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
        );
        let shutdown = Self::default();
        tokio::spawn(obey(term, int, shutdown.drain.clone()));
        Ok(shutdown)
    }
}

async fn obey(mut term: Signal, mut int: Signal, drain: CancellationToken) {
    for first in [true, false] {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if first {
            tracing::info!("stopping: jobs go on, a second signal stops at once");
            drain.cancel();
        }
    }
    std::process::exit(1);
}

/// Takes an address, or says who else might have it. `setting` names what chooses another.
pub(crate) async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let way_out = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                "another program listens there. Stop it, or choose another with {setting}; port 0 \
                 takes any free one"
            ),
            std::io::ErrorKind::PermissionDenied => format!(
                "ports below 1024 need a privilege. Choose a higher one with {setting}, and put a \
                 reverse proxy in front"
            ),
            _ => format!("choose an address of this machine with {setting}"),
        };
        Failure::failed(format!(
            "{address} can't be listened on ({error}): {way_out}"
        ))
    })
}

/// Runs a gateway until it is told to stop, and then for `delay` and what has been begun.
pub(crate) async fn run(
    gateway: Gateway,
    listener: Option<TcpListener>,
    works: bool,
    delay: Duration,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let Gateway {
        application,
        store,
        entropy,
        public_url,
        ..
    } = gateway;
    let Shutdown { drain } = shutdown;
    // From here on nothing new is begun.
    let close = CancellationToken::new();
    let work = TaskTracker::new();
    if works {
        for one in application.loops() {
            let (entropy, close) = (entropy.clone(), close.clone());
            work.spawn(async move { drive(&*one, &*entropy, close).await });
        }
    }
    work.close();
    tokio::spawn({
        let (application, drain, close) = (application.clone(), drain.clone(), close.clone());
        async move {
            drain.cancelled().await;
            application.drain();
            sleep(delay).await;
            close.cancel();
        }
    });
    let served = match listener {
        Some(listener) => {
            let address = listener.local_addr().map_err(Failure::failed)?;
            tracing::info!("listening on http://{address}, API docs at {public_url}/docs");
            let options = HttpOptions {
                entropy: entropy.clone(),
            };
            let routes = batchway_http_api::routes(application, options);
            batchway_http_api::serve(listener, routes, close.clone(), GRACE).await
        }
        None => {
            close.cancelled().await;
            Ok(())
        }
    };
    // Where serving ended by itself, the work ends too.
    close.cancel();
    work.wait().await;
    drop(store);
    served.map_err(|error| Failure::failed(format!("serving ended: {error}")))
}
