//! The compute backend in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, RequestHash, Target};
use batchway_domain::job_type::{Execution, ProcessExecution};
use batchway_domain::ports::{Capacity, ComputeBackend, ParamsDelivery, Submission};
use batchway_memory_adapters::{
    ComputeBackendCall, FailingComputeBackend, Fault, ManualClock, MemoryComputeBackend,
};
use batchway_port_contracts::compute_backend::{
    ComputeBackendCapabilities, ComputeBackendFixture, Logs, Program, Queues, Stopping,
};
use batchway_port_contracts::specimens;

use crate::retrying::RetryingComputeBackend;

struct Fixture {
    clock: Arc<ManualClock>,
    truth: Arc<MemoryComputeBackend>,
    backend: Arc<dyn ComputeBackend>,
    has_slots: bool,
}

impl Fixture {
    /// One step of every program. The script of each stands in its command.
    fn step(&self, id: &BackendId) {
        let submission = self
            .truth
            .submission(id)
            .expect("the id is of a job that is there");
        let Execution::Process(process) = submission.execution else {
            panic!("submissions of this fixture are processes");
        };
        match process
            .command
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()[..]
        {
            ["exit", "0"] => self.truth.succeed(id),
            ["exit", code] => self
                .truth
                .exit(id, code.parse().expect("the script says a number")),
            ["write", "on"] => {
                self.truth.run(id);
                self.write_next(id);
            }
            ["write", count] => {
                self.truth.run(id);
                for _ in 0..count.parse().expect("the script says a number") {
                    self.write_next(id);
                }
                self.truth.succeed(id);
            }
            _ => self.truth.run(id),
        }
    }

    fn write_next(&self, id: &BackendId) {
        let number = self.truth.lines_written(id) + 1;
        self.truth.write(id, &format!("line {number}"));
    }
}

#[async_trait]
impl ComputeBackendFixture for Fixture {
    fn backend(&self) -> Arc<dyn ComputeBackend> {
        self.backend.clone()
    }

    fn submission(&self, name: TryName, program: Program) -> Submission {
        let script = match program {
            Program::SucceedsAtOnce => "exit 0".to_owned(),
            Program::FailsWith(code) => format!("exit {code}"),
            Program::RunsUntilStopped | Program::IgnoresSigterm => "run".to_owned(),
            Program::WritesLines(count) => format!("write {count}"),
            Program::WritesUntilStopped => "write on".to_owned(),
        };
        Submission {
            name,
            target: Target(format!("memory:{script}")),
            request_hash: RequestHash("a".repeat(64)),
            execution: Execution::Process(ProcessExecution {
                command: script.split(' ').map(str::to_owned).collect(),
                ..ProcessExecution::default()
            }),
            gated: false,
            timeout: None,
            environment: [].into(),
            params: ParamsDelivery::Inline(specimens::PARAMS.into()),
            tenant: specimens::tenant(),
        }
    }

    async fn settle(&self) {
        self.clock.advance(Duration::from_millis(100));
        self.truth.finish_stops();
        for id in self.truth.ids() {
            self.step(&id);
        }
        tokio::task::yield_now().await;
    }

    fn capabilities(&self) -> ComputeBackendCapabilities {
        ComputeBackendCapabilities {
            name_is_unique: self.has_slots,
            has_slots: self.has_slots,
            tells_hashes_apart: true,
            logs: Logs::Live,
            tells_exit_status: true,
            stopping: Stopping::Faithful,
            queues: if self.has_slots {
                Queues::None
            } else {
                Queues::Named
            },
        }
    }
}

async fn behind(
    decorate: impl FnOnce(Arc<MemoryComputeBackend>) -> Arc<dyn ComputeBackend>,
) -> Fixture {
    over(|clock| MemoryComputeBackend::with_slots(clock, 4), decorate).await
}

async fn over(
    make: impl FnOnce(Arc<ManualClock>) -> MemoryComputeBackend,
    decorate: impl FnOnce(Arc<MemoryComputeBackend>) -> Arc<dyn ComputeBackend>,
) -> Fixture {
    let clock = Arc::new(ManualClock::default());
    let truth = Arc::new(make(clock.clone()));
    truth.hold_stops();
    let has_slots = truth.capacity().await != Capacity::Queue;
    Fixture {
        clock,
        backend: decorate(truth.clone()),
        truth,
        has_slots,
    }
}

fn failing(backend: Arc<MemoryComputeBackend>, fault: Fault) -> Arc<dyn ComputeBackend> {
    let failing = FailingComputeBackend::new(backend);
    for call in ComputeBackendCall::ALL {
        failing.faults().fail_every_other(call, fault);
    }
    Arc::new(RetryingComputeBackend(failing))
}

mod with_slots {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(behind(|backend| backend));
}

mod with_queue {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(over(
        |clock| MemoryComputeBackend::with_queue(clock),
        |backend| backend
    ));
}

mod with_queue_behind_failing_decorator {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(over(
        |clock| MemoryComputeBackend::with_queue(clock),
        |backend| failing(backend, Fault::RequestLost)
    ));
}

mod behind_idle_decorator {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(behind(|backend| Arc::new(
        FailingComputeBackend::new(backend)
    )));
}

mod declined_and_tried_again {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(behind(|backend| failing(
        backend,
        Fault::Declined
    )));
}

mod request_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(behind(|backend| failing(
        backend,
        Fault::RequestLost
    )));
}

mod reply_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::compute_backend_contract!(behind(|backend| failing(
        backend,
        Fault::ReplyLost
    )));
}
