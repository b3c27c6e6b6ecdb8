//! What runs the program of a job: nothing, a local process, or a container.
//!
//! | executor | an attempt is | and ends |
//! |---|---|---|
//! | [`Executor::None`] | nobody's work | after a time, with an exit code, or when told to |
//! | [`Executor::Process`] | a process of this machine | with the process |
//! | [`Executor::Container`] | a container of the Docker engine | with the container |

mod container;
mod output;
mod process;
mod relatives;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::log_streams::LogStreams;
use super::machine::Machine;
use crate::{Signal, Start};

pub use container::ContainerExecutor;
pub use process::ProcessExecutor;

/// What runs the program of a job.
#[derive(Clone, Debug)]
pub enum Executor {
    /// Nothing does: time alone moves jobs, and [`Outcome`] says how they end.
    None(Outcome),
    /// A local process for each attempt.
    Process(ProcessExecutor),
    /// A container for each attempt.
    Container(ContainerExecutor),
}

/// How attempts end that nobody runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// From RUNNING to the end. `None`: until a control call ends the attempt.
    pub run_time: Option<Duration>,
    /// What the container exits with: 0 is SUCCEEDED.
    pub exit_code: i32,
}

impl Default for Outcome {
    /// A second, and 0.
    fn default() -> Self {
        Self {
            run_time: Some(Duration::from_secs(1)),
            exit_code: 0,
        }
    }
}

/// What a running attempt is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    GoOn,
    /// SIGTERM. The grace is Batch's: it sends SIGKILL in time.
    Terminate,
    /// SIGKILL.
    Kill,
}

impl From<Signal> for Order {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Terminate => Self::Terminate,
            Signal::Kill => Self::Kill,
        }
    }
}

/// Where an attempt writes to, whom it obeys, and whom it tells that it has started.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) orders: watch::Receiver<Order>,
    pub(super) machine: Arc<Machine>,
}

impl Surroundings {
    pub(super) fn logs(&self) -> &Arc<LogStreams> {
        self.machine.logs()
    }

    /// A name that no other attempt of the machine has, be it of another fake.
    fn name_of(&self, start: &Start) -> String {
        // The id of an array's child has a colon, which names of containers can't have.
        let id = start.job_id.replace(':', "_");
        format!(
            "fake-aws-batch-{}-{id}-{}",
            self.machine.instance(),
            start.attempt
        )
    }

    /// The container runs.
    fn started(&self, start: &Start) {
        self.machine.started(start);
    }

    /// Waits for an order this strong. Never ends without one.
    async fn told(&mut self, at_least: Order) {
        if self
            .orders
            .wait_for(|order| *order >= at_least)
            .await
            .is_err()
        {
            // Whoever gives orders is gone, and ends everything in another way.
            std::future::pending::<()>().await;
        }
    }

    /// Whether it is too late to start.
    fn is_killed(&self) -> bool {
        *self.orders.borrow() == Order::Kill
    }
}
