//! `batchway serve` and `batchway worker`.

use std::sync::Arc;
use std::time::Duration;

use crate::configuration::Configuration;
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::life_cycle::{self, Shutdown, bind};
use crate::system_clock::SystemClock;
use crate::wiring::{self, Patience};

/// Serves the API and, unless a worker elsewhere does, runs jobs.
pub(crate) async fn serve(configuration: Configuration, works: bool) -> Result<(), Failure> {
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
    let _serving = folder.lock("serve")?;
    let _working = works.then(|| folder.lock("worker")).transpose()?;
    let listener = bind(configuration.listen, "BATCHWAY_LISTEN or --listen").await?;
    let gateway = wiring::wire(&configuration, &folder, &listener, Arc::new(SystemClock)).await?;
    tell(&gateway.summary);
    let delay = configuration.drain_delay;
    let shutdown = Shutdown::on_signals()?;
    life_cycle::run(gateway, Some(listener), works, delay, shutdown).await
}

/// Runs jobs and nothing else.
pub(crate) async fn work(configuration: Configuration) -> Result<(), Failure> {
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
    let _working = folder.lock("worker")?;
    let gateway = wiring::wire_at(
        &configuration,
        &folder,
        configuration.listen,
        Arc::new(SystemClock),
        Patience::UntilItIsUp,
    )
    .await?;
    tell(&gateway.summary);
    // Nobody asks a worker anything, so nobody has to notice that it stops.
    let delay = Duration::ZERO;
    life_cycle::run(gateway, None, true, delay, Shutdown::on_signals()?).await
}

fn tell(summary: &[String]) {
    for choice in summary {
        tracing::info!("{choice}");
    }
}
