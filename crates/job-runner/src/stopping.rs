//! Being told to stop: by a signal, by the gateway, or before the start.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Who told the runner to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// `SIGTERM` or `SIGINT`.
    Signal,
    /// The gateway, in its answer to a report.
    Gateway,
    /// A request that was there before the start.
    Requested,
}

/// Says that the run is to stop. The first cause stays.
#[derive(Clone, Debug)]
pub struct StopSwitch(watch::Sender<Option<StopCause>>);

/// Learns that the run is to stop.
#[derive(Clone, Debug)]
pub struct StopSignal(watch::Receiver<Option<StopCause>>);

/// A switch and its signal.
pub fn stop_channel() -> (StopSwitch, StopSignal) {
    let (sender, receiver) = watch::channel(None);
    (StopSwitch(sender), StopSignal(receiver))
}

impl StopSwitch {
    /// Stops the run.
    pub fn stop(&self, cause: StopCause) {
        self.0.send_if_modified(|stopped| {
            let is_first = stopped.is_none();
            stopped.get_or_insert(cause);
            is_first
        });
    }

    /// Whether the run is to stop.
    pub fn is_on(&self) -> bool {
        self.0.borrow().is_some()
    }
}

impl StopSignal {
    /// Waits until the run is to stop.
    pub async fn stopped(&mut self) -> StopCause {
        loop {
            if let Some(cause) = *self.0.borrow_and_update() {
                return cause;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Who told the run to stop, if anyone did.
    pub fn cause(&self) -> Option<StopCause> {
        *self.0.borrow()
    }
}

/// The signals that mean stop. Once there is one of these, they no longer end the process.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// Where the operating system refuses.
    pub fn take_over() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Turns the switch at each signal, for ever.
    pub async fn pass_to(mut self, switch: StopSwitch) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            switch.stop(StopCause::Signal);
        }
    }
}
