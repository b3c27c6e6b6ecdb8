//! `batchway serve` and `batchway worker`.

use std::sync::Arc;

use crate::configuration::Configuration;
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::life_cycle::{self, Shutdown, bind};
use crate::system_clock::SystemClock;
use crate::wiring;

/// Serves the API and, unless a worker elsewhere does, runs jobs.
pub(crate) async fn serve(configuration: Configuration, works: bool) -> Result<(), Failure> {
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
    let _serving = folder.lock("serve")?;
    let _working = works.then(|| folder.lock("worker")).transpose()?;
    let listener = bind(configuration.listen, "BATCHWAY_LISTEN or --listen").await?;
    let gateway = wiring::wire(&configuration, &folder, &listener, Arc::new(SystemClock)).await?;
    tracing::info!("{}", gateway.summary);
    life_cycle::run(gateway, Some(listener), works, Shutdown::on_signals()?).await
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
    )
    .await?;
    tracing::info!("{}", gateway.summary);
    life_cycle::run(gateway, None, true, Shutdown::on_signals()?).await
}
