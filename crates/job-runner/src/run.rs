//! One run, from the gate to the manifest.

use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::{Manifest, ProgramEnd};
use batchway_domain::ports::{ArtifactStore, Clock};
use batchway_domain::runner::exit_codes;
use batchway_domain::runner::run_folder::{ProgramRecord, RunExit, files};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::checkpoint::Checkpoints;
use crate::configuration::Configuration;
use crate::exits::{NotStarted, exit_by};
use crate::gate::{self, Verdict};
use crate::inputs;
use crate::limits::{Limits, Wanted};
use crate::output::SharedLog;
use crate::output_log::OutputLog;
use crate::process_tree;
use crate::program::{Ended, Program};
use crate::progress::{LastProgress, ProgressPipe};
use crate::reports::Reporter;
use crate::run_folder::{RunFolder, identity_of};
use crate::stopping::{StopCause, StopSignal, StopSwitch};
use crate::workspace::Workspace;

/// Everything that a run needs of the world.
#[derive(Debug)]
pub struct Runner {
    /// What to run.
    pub configuration: Configuration,
    /// Where inputs come from and results go.
    pub store: Arc<dyn ArtifactStore>,
    /// Dates starts and ends.
    pub clock: Arc<dyn Clock>,
    /// Where the run is written down, for the process backend.
    pub records: Option<RunFolder>,
}

/// What is ready for the program.
pub(crate) struct Prepared {
    pub(crate) workspace: Workspace,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) log: SharedLog,
}

impl Runner {
    /// Runs the program and stores what it leaves. Must be called on the main thread, whose end
    /// is the end of the program.
    pub async fn run(&self, switch: &StopSwitch, stop: &mut StopSignal) -> RunExit {
        let gate = tokio::select! {
            biased;
            _ = stop.stopped() => Err(NotStarted::stopped()),
            gate = self.pass_gate() => gate,
        };
        match gate {
            Ok(None) => {}
            Ok(Some(done)) => return exit_by(done),
            Err(reason) => return reason.exit(self.clock.now()),
        }
        let prepared = tokio::select! {
            biased;
            _ = stop.stopped() => Err(NotStarted::stopped()),
            prepared = self.prepare() => prepared,
        };
        match prepared {
            Ok(prepared) => self.run_prepared(prepared, switch, stop).await,
            Err(reason) => {
                if reason.end == ProgramEnd::NotStarted {
                    self.leave_word_of(&reason).await;
                }
                reason.exit(self.clock.now())
            }
        }
    }

    /// The manifest of an earlier attempt, where that has done everything.
    async fn pass_gate(&self) -> Result<Option<Manifest>, NotStarted> {
        if !self.configuration.gated {
            return Ok(None);
        }
        match gate::pass(&self.configuration, &*self.store).await {
            Ok(Verdict::Open) => Ok(None),
            Ok(Verdict::AlreadyDone(manifest)) => Ok(Some(manifest)),
            Ok(Verdict::Closed(message)) => Err(NotStarted {
                end: ProgramEnd::NotStarted,
                exit_code: exit_codes::GATE_CLOSED,
                message,
            }),
            Err(error) => Err(NotStarted {
                end: ProgramEnd::NotStarted,
                exit_code: exit_codes::GATE_UNREACHABLE,
                message: format!("Whether the job may run could not be found out: {error}."),
            }),
        }
    }

    async fn prepare(&self) -> Result<Prepared, NotStarted> {
        let configuration = &self.configuration;
        let workspace = Workspace::create(configuration).map_err(|error| {
            NotStarted::because(format!("The program's folders could not be made: {error}."))
        })?;
        let log_path = match &self.records {
            // There it outlives the program's folders, and the backend can read it.
            Some(folder) => folder.path().join(files::PROGRAM_LOG),
            None => workspace.log(),
        };
        let log = OutputLog::create(&log_path, configuration.log_bytes)
            .map_err(|error| NotStarted::because(format!("The log could not be made: {error}.")))?;
        inputs::fetch_params(configuration, &*self.store, &workspace)
            .await
            .map_err(|error| {
                NotStarted::because(format!("The program was not started: {error}."))
            })?;
        inputs::fetch_runs(configuration, &*self.store, &workspace)
            .await
            .map_err(|error| {
                NotStarted::because(format!("The program was not started: {error}."))
            })?;
        let (checkpoints, restored) = Checkpoints::restore(
            workspace.checkpoint(),
            configuration.folder.checkpoint(),
            Arc::clone(&self.store),
        )
        .await
        .map_err(|error| NotStarted::because(format!("The program was not started: {error}.")))?;
        let log = SharedLog::new(log);
        if restored {
            log.note("going on from the last checkpoint");
        }
        Ok(Prepared {
            workspace,
            checkpoints,
            log,
        })
    }

    async fn run_prepared(
        &self,
        mut prepared: Prepared,
        switch: &StopSwitch,
        stop: &mut StopSignal,
    ) -> RunExit {
        let limits = self.limits();
        prepared
            .log
            .note(&format!("limits: {}", limits.description()));
        let outcome = self.run_program(&mut prepared, &limits, switch, stop).await;
        for group in limits.remove().await {
            prepared
                .log
                .note(&format!("the control group {group} could not be removed"));
        }
        let mut exit = match outcome {
            Ok((program, started_at)) => self.conclude(&mut prepared, &program, started_at).await,
            Err(reason) => {
                prepared.log.note(&reason.message);
                self.store_log(&prepared.log).await;
                self.leave_word_of(&reason).await;
                reason.exit(self.clock.now())
            }
        };
        exit.limits = Some(limits.description().to_owned());
        if exit.end == ProgramEnd::Stopped && stop.cause() == Some(StopCause::Gateway) {
            exit.exit_code = exit_codes::STOPPED_BY_GATEWAY;
        }
        // The folder of a run is removed by its backend all the same.
        let _ = prepared.workspace.remove();
        exit
    }

    fn limits(&self) -> Limits {
        let configuration = &self.configuration;
        let wanted = Wanted {
            cpus: configuration.cpus,
            memory_bytes: configuration.memory_bytes,
            by_control_groups: configuration.control_groups,
        };
        let (job, try_number) = (&configuration.job, configuration.try_number);
        let pid = std::process::id();
        Limits::prepare(wanted, &format!("batchway-{job}-{try_number}-{pid}"))
    }

    async fn run_program(
        &self,
        prepared: &mut Prepared,
        limits: &Limits,
        switch: &StopSwitch,
        stop: &mut StopSignal,
    ) -> Result<(Ended, Timestamp), NotStarted> {
        let configuration = &self.configuration;
        let not_started =
            |error| NotStarted::because(format!("The program could not be started: {error}."));
        let (progress, last_progress) = watch::channel(LastProgress::default());
        let pipe = ProgressPipe::open(&prepared.workspace.progress()).map_err(not_started)?;
        process_tree::adopt_orphans().map_err(not_started)?;
        self.record_program(limits, None).map_err(not_started)?;
        let program = Program::start(
            configuration,
            &prepared.workspace,
            limits,
            &prepared.log,
            &*self.clock,
        )
        .map_err(not_started)?;
        let started_at = program.started_at;
        if let Err(error) = self.record_program(limits, Some(&program)) {
            prepared
                .log
                .note(&format!("the program could not be recorded: {error}"));
        }
        let mut companions = JoinSet::new();
        let (program_has_ended, program_ended) = oneshot::channel();
        companions.spawn(pipe.read_into(progress, program_ended));
        let store = Arc::clone(&self.store);
        let reporter = Reporter::new(configuration, store, last_progress, switch.clone());
        companions.spawn(reporter.run());
        let ended = tokio::select! {
            ended = program.until_end(configuration, limits, stop, &*self.clock) => ended,
            () = prepared.checkpoints.store_changes(configuration.checkpoint_every) => {
                unreachable!("checkpoints are stored for ever")
            }
        };
        // The end of the one that reads is the end of the one that reports.
        drop(program_has_ended);
        companions.join_all().await;
        match std::fs::read_to_string(prepared.workspace.start_failure()) {
            Ok(message) => Err(NotStarted::because(message)),
            Err(_) => Ok((ended, started_at)),
        }
    }

    fn record_program(&self, limits: &Limits, program: Option<&Program>) -> std::io::Result<()> {
        let Some(records) = &self.records else {
            return Ok(());
        };
        let process = program
            .map(|program| identity_of(&program.pid().to_string()))
            .transpose()?;
        records.record_program(&ProgramRecord {
            limits: limits.description().to_owned(),
            control_groups: limits.control_groups(),
            process,
            started_at: program.map(|program| program.started_at),
        })
    }
}
