//! Which adapters are put together. [`wire_at`] is read from top to bottom; how each is made
//! stands in a file of its own.

mod artifacts;
mod aws;
mod clocks;
mod compute;
mod feed;
mod mirror;
mod secrets;
mod store;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use batchway_application::{Application, Ports, Settings, WebhookPorts};
use batchway_domain::job_type::JobTypes;
use batchway_domain::ports::{Clock, Entropy};
use batchway_domain::security::LinkSigner;
use batchway_webhook_http::HttpWebhookSender;
use tokio::net::TcpListener;

use crate::configuration::{ArtifactsChoice, Configuration};
use crate::data_folder::DataFolder;
use crate::entropy::SystemEntropy;
use crate::failure::Failure;
use crate::job_types;

pub(crate) use aws::sdk_config;
pub(crate) use clocks::TOLERATED as TOLERATED_SKEW;
pub(crate) use store::{Patience, Store};

/// A gateway, put together and not yet running.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) application: Application,
    pub(crate) store: Store,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// How others reach it.
    pub(crate) public_url: String,
    /// What was picked, a sentence for each choice, fit for a log.
    pub(crate) summary: Vec<String>,
}

/// Puts a gateway together that listens here.
pub(crate) async fn wire(
    configuration: &Configuration,
    folder: &DataFolder,
    listener: &TcpListener,
    clock: Arc<dyn Clock>,
) -> Result<Gateway, Failure> {
    let address = listener.local_addr().map_err(Failure::failed)?;
    wire_at(configuration, folder, address, clock, Patience::UntilItIsUp).await
}

/// Puts a gateway together that listens at an address, or that works for one which does.
pub(crate) async fn wire_at(
    configuration: &Configuration,
    folder: &DataFolder,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
    patience: Patience,
) -> Result<Gateway, Failure> {
    let adapters = &configuration.adapters;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let local_url = format!("http://{}", reachable(address));
    let public_url = configuration
        .public_url
        .clone()
        .unwrap_or_else(|| local_url.clone());
    let job_types = job_types::load(configuration.job_types.as_deref(), adapters)?;

    let store = Store::open(configuration, clock.clone(), patience).await?;
    let deployment = store.deployment(configuration, &*entropy).await?;
    let secrets = secrets::agreed(configuration, folder, &store, &*entropy).await?;
    let links = (adapters.artifacts == ArtifactsChoice::Filesystem)
        .then(|| LinkSigner::new(secrets.clone(), &public_url));

    let sdk = match &adapters.aws {
        Some(settings) => Some(aws::sdk_config(settings).await),
        None => None,
    };
    let artifacts = artifacts::open(adapters, folder, sdk.as_ref(), links.clone(), clock.clone())?;
    let around = compute::Surroundings {
        configuration,
        folder,
        local_url,
        sdk: sdk.as_ref(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let mut summary = vec![
        format!(
            "deployment {deployment}, environment {}",
            configuration.environment
        ),
        store.summary(adapters),
        artifacts::summary(adapters, folder),
    ];
    summary.extend(compute::summary(configuration));
    summary.extend(mirror::summary(adapters));
    summary.push(where_types_run(&job_types));

    let ports = Ports {
        jobs: store.jobs(),
        history: store.history(),
        budget: store.budget(),
        ledger: store.ledger(),
        artifacts,
        backends: compute::backends(&around)?,
        feed: feed::open(adapters, sdk.as_ref())?,
        webhooks: WebhookPorts {
            outbox: store.outbox(),
            secrets: store.webhook_secrets(),
            sender: Arc::new(HttpWebhookSender::new(
                configuration.webhooks.policy.clone(),
                clock.clone(),
            )),
            encode: batchway_http_api::encode_event,
        },
        mirror: mirror::open(adapters, &store),
        clock,
        entropy: entropy.clone(),
    };
    let settings = Settings {
        environment: configuration.environment.clone(),
        deployment,
        secrets,
        links,
        gateway_url: public_url.clone(),
        link_ttl: configuration.link_ttl,
        idempotency_ttl: configuration.idempotency_ttl,
        retention: configuration.job_retention,
        limits: configuration.limits,
        webhooks: configuration.webhooks.clone(),
    };
    let application =
        Application::new(ports, settings, job_types).map_err(Failure::misconfigured)?;
    Ok(Gateway {
        application,
        store,
        entropy,
        public_url,
        summary,
    })
}

fn where_types_run(types: &JobTypes) -> String {
    let types: Vec<String> = types
        .iter()
        .map(|kind| format!("{} on {}", kind.name, kind.backend))
        .collect();
    format!("job types: {}", types.join(", "))
}

/// An address that this machine can connect to: one that listens everywhere listens on
/// loopback too.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}
