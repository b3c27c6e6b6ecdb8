//! `batchway demo`: a gateway with nothing configured, and a visitor who uses it over HTTP as
//! anyone would.

mod progress_display;
mod visit;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use batchway_domain::identity::UserName;
use batchway_domain::ports::{ApiKeys, Clock};

use crate::command_line::DemoArguments;
use crate::commands::{create_key, on_runtime};
use crate::configuration::{Configuration, Variables};
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::life_cycle::{self, Shutdown, bind};
use crate::system_clock::SystemClock;
use crate::{telemetry, wiring};

use visit::{Ending, Entrance, Visit};

/// Shows it all.
pub(crate) fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    telemetry::start("warn")?;
    on_runtime(show(arguments))
}

async fn show(arguments: &DemoArguments) -> Result<(), Failure> {
    let mut configuration = Configuration::read(&Variables::default())?;
    configuration.listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), arguments.port);
    configuration.data_folder.clone_from(&arguments.folder);

    let folder = DataFolder::open(&configuration.data_folder, "--folder")?;
    let _lock = folder.lock("serve").map_err(|failure| {
        Failure::failed(format!(
            "{failure}. For a second demo: cargo demo --port 8001 --folder batchway-demo-2"
        ))
    })?;
    let listener = bind(configuration.listen, "--port").await?;
    let clock = Arc::new(SystemClock);
    let gateway = wiring::wire(&configuration, &folder, &listener, clock).await?;
    let key = fresh_key(&*gateway.store.keys()).await?;
    let entrance = Entrance {
        url: gateway.public_url.clone(),
        key: key.reveal().to_owned(),
    };
    let shutdown = Shutdown::on_signals()?;

    let visit = Visit::new(entrance, arguments, folder.path(), shutdown.drain.clone())?;
    let serving = tokio::spawn(life_cycle::run(
        gateway,
        Some(listener),
        true,
        configuration.drain_delay,
        shutdown.clone(),
    ));
    let ending = visit.pay().await;
    if arguments.exit || ending.is_err() {
        shutdown.drain.cancel();
    }
    serving.await.map_err(Failure::failed)??;
    match ending? {
        Ending::Completed | Ending::Interrupted => Ok(()),
        Ending::Otherwise(how) => Err(Failure::failed(how)),
    }
}

/// A key for this demo; those of earlier demos in the folder are revoked.
async fn fresh_key(keys: &dyn ApiKeys) -> Result<batchway_domain::security::ApiKey, Failure> {
    let user: UserName = "demo".parse().map_err(Failure::failed)?;
    let now = SystemClock.now();
    for old in keys.list(Some(&user)).await.map_err(Failure::failed)? {
        if old.revoked_at.is_none() {
            keys.revoke(&old.digest.short(), now)
                .await
                .map_err(Failure::failed)?;
        }
    }
    create_key(keys, &user, now).await
}
