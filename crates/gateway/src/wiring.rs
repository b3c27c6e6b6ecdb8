//! Which adapters are put together. [`wire_at`] is read from top to bottom.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use batchway_application::{Application, Ports, Settings};
use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_compute_local_process::{ProcessBackend, ProcessBackendConfig};
use batchway_domain::identity::DeploymentId;
use batchway_domain::ports::{Clock, ComputeBackend, Entropy};
use batchway_domain::runner::variables;
use batchway_domain::security::{LinkSigner, SigningSecrets};
use batchway_job_store_sqlite::SqliteJobStore;
use tokio::net::TcpListener;

use crate::configuration::Configuration;
use crate::data_folder::DataFolder;
use crate::entropy::SystemEntropy;
use crate::failure::Failure;
use crate::job_types;

/// How long a program may take from SIGTERM to its end before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// A gateway, put together and not yet running.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) application: Application,
    pub(crate) store: Arc<SqliteJobStore>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// How others reach it.
    pub(crate) public_url: String,
    /// What was picked, in one sentence, fit for a log.
    pub(crate) summary: String,
}

/// Puts a gateway together that listens here.
pub(crate) async fn wire(
    configuration: &Configuration,
    folder: &DataFolder,
    listener: &TcpListener,
    clock: Arc<dyn Clock>,
) -> Result<Gateway, Failure> {
    let address = listener.local_addr().map_err(Failure::failed)?;
    wire_at(configuration, folder, address, clock).await
}

/// Puts a gateway together that listens at an address, or that works for one which does.
pub(crate) async fn wire_at(
    configuration: &Configuration,
    folder: &DataFolder,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
) -> Result<Gateway, Failure> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let local_url = format!("http://{}", reachable(address));
    let public_url = configuration
        .public_url
        .clone()
        .unwrap_or_else(|| local_url.clone());
    let secrets = match &configuration.secrets {
        Some(secrets) => secrets.clone(),
        None => vec![folder.secret(&*entropy)?],
    };
    let secrets = SigningSecrets::new(secrets).map_err(Failure::misconfigured)?;
    let links = LinkSigner::new(secrets.clone(), &public_url);

    let store = Arc::new(open_store(folder, clock.clone())?);
    let deployment = deployment(configuration, &store, &*entropy).await?;
    let artifacts =
        FilesystemArtifactStore::open(&folder.artifacts(), Some(links.clone()), clock.clone())
            .map_err(Failure::failed)?;
    let process = process_backend(configuration, folder, local_url, &clock, &entropy)?;

    let ports = Ports {
        jobs: store.clone(),
        history: store.clone(),
        artifacts: Arc::new(artifacts),
        backends: BTreeMap::from([(process_name(), process)]),
        clock,
        entropy: entropy.clone(),
    };
    let settings = Settings {
        environment: configuration.environment.clone(),
        deployment: deployment.clone(),
        secrets,
        links: Some(links),
        gateway_url: public_url.clone(),
        link_ttl: configuration.link_ttl,
        idempotency_ttl: configuration.idempotency_ttl,
        retention: configuration.job_retention,
        limits: configuration.limits,
    };
    let job_types = job_types::load(configuration.job_types.as_deref())?;
    let application =
        Application::new(ports, settings, job_types).map_err(Failure::misconfigured)?;
    let summary = format!(
        "deployment {deployment}: jobs in SQLite (each answer after an fsync), up to {} at once as \
         processes of this machine, artifacts in {}",
        configuration.process_concurrency,
        folder.artifacts().display()
    );
    Ok(Gateway {
        application,
        store,
        entropy,
        public_url,
        summary,
    })
}

/// Jobs as processes of this machine, which report to the gateway's local address.
fn process_backend(
    configuration: &Configuration,
    folder: &DataFolder,
    gateway_url: String,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<dyn ComputeBackend>, Failure> {
    let programs = folder_of_this_program()?;
    let runner = programs.join("batchway-runner");
    if !runner.exists() {
        tracing::warn!(
            "{} is not there: jobs will wait until it is",
            runner.display()
        );
    }
    let backend = ProcessBackend::new(ProcessBackendConfig {
        runs_dir: folder.runs(),
        runner,
        program_dirs: vec![programs],
        concurrency: configuration.process_concurrency,
        stop_grace: STOP_GRACE,
        clock: clock.clone(),
        entropy: entropy.clone(),
        base_environment: configuration.inherited.clone(),
        environment: BTreeMap::from([
            (
                variables::ARTIFACTS_DIR.to_owned(),
                folder.artifacts().display().to_string(),
            ),
            (variables::GATEWAY_URL.to_owned(), gateway_url),
        ]),
    })
    .map_err(Failure::failed)?;
    Ok(Arc::new(backend))
}

/// Opens the job store of the embedded default.
pub(crate) fn open_store(
    folder: &DataFolder,
    clock: Arc<dyn Clock>,
) -> Result<SqliteJobStore, Failure> {
    SqliteJobStore::open(folder.database(), clock).map_err(Failure::failed)
}

/// The configured id, or the one that the store keeps, made at its first start.
async fn deployment(
    configuration: &Configuration,
    store: &SqliteJobStore,
    entropy: &dyn Entropy,
) -> Result<DeploymentId, Failure> {
    if let Some(deployment) = &configuration.deployment {
        return Ok(deployment.clone());
    }
    let proposal = data_encoding::HEXLOWER.encode(&entropy.bytes::<4>());
    let proposal = proposal.parse().map_err(Failure::failed)?;
    store
        .deployment_id(&proposal)
        .await
        .map_err(Failure::failed)
}

fn process_name() -> batchway_domain::identity::BackendName {
    "process"
        .parse()
        .expect("our own names of backends are valid")
}

/// An address that this machine can connect to: one that listens everywhere listens on
/// loopback too.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

fn folder_of_this_program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("can't tell where batchway lies: {error}")))?;
    Ok(program.parent().map(PathBuf::from).unwrap_or_default())
}
