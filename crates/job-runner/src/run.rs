//! One run, from the gate to the manifest.

use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::{Manifest, ManifestObject, ProgramEnd};
use batchway_domain::ports::{ArtifactError, ArtifactStore, Clock, Created};
use batchway_domain::runner::exit_codes;
use batchway_domain::runner::run_folder::{ProgramRecord, RunExit};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::checkpoint::Checkpoints;
use crate::configuration::Configuration;
use crate::content::{read_small, written_by};
use crate::gate::{self, Verdict};
use crate::inputs;
use crate::limits::{Limits, Wanted};
use crate::output::SharedLog;
use crate::output_log::OutputLog;
use crate::process_tree;
use crate::program::{Ended, Program};
use crate::progress::{LastProgress, ProgressPipe};
use crate::reports::Reporter;
use crate::results::Found;
use crate::run_folder::{RunFolder, identity_of};
use crate::stopping::{StopSignal, StopSwitch};
use crate::workspace::Workspace;

/// `128 + SIGTERM`, as a shell would say of a program that was told to stop.
const STOPPED_EXIT_CODE: i32 = 128 + 15;

/// What a program that ended with a code of the runner's own is said to have ended with.
const AMBIGUOUS_EXIT_CODE: i32 = 1;

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

/// The program was never started.
struct NotStarted {
    end: ProgramEnd,
    exit_code: i32,
    message: String,
}

/// What is ready for the program.
struct Prepared {
    workspace: Workspace,
    checkpoints: Checkpoints,
    log: SharedLog,
}

impl Runner {
    /// Runs the program and stores what it leaves. Must be called on the main thread, whose end
    /// is the end of the program.
    pub async fn run(&self, switch: &StopSwitch, stop: &mut StopSignal) -> RunExit {
        let gate = tokio::select! {
            biased;
            _ = stop.stopped() => Err(stopped_before_start()),
            gate = self.pass_gate() => gate,
        };
        match gate {
            Ok(None) => {}
            Ok(Some(done)) => return exit_by(done),
            Err(reason) => return self.not_started(reason),
        }
        let prepared = tokio::select! {
            biased;
            _ = stop.stopped() => Err(stopped_before_start()),
            prepared = self.prepare() => prepared,
        };
        match prepared {
            Ok(prepared) => self.run_prepared(prepared, switch, stop).await,
            Err(reason) => {
                if reason.end == ProgramEnd::NotStarted {
                    self.leave_word_of(&reason).await;
                }
                self.not_started(reason)
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
            not_prepared(format!("The program's folders could not be made: {error}."))
        })?;
        let log = OutputLog::create(&workspace.log(), configuration.log_bytes)
            .map_err(|error| not_prepared(format!("The log could not be made: {error}.")))?;
        inputs::fetch_params(configuration, &*self.store, &workspace)
            .await
            .map_err(|error| not_prepared(format!("The program was not started: {error}.")))?;
        inputs::fetch_runs(configuration, &*self.store, &workspace)
            .await
            .map_err(|error| not_prepared(format!("The program was not started: {error}.")))?;
        let (checkpoints, restored) = Checkpoints::restore(
            workspace.checkpoint(),
            configuration.folder.checkpoint(),
            Arc::clone(&self.store),
        )
        .await
        .map_err(|error| not_prepared(format!("The program was not started: {error}.")))?;
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
                self.not_started(reason)
            }
        };
        exit.limits = Some(limits.description().to_owned());
        exit.ordered_to_stop = stop.cause() == Some(crate::stopping::StopCause::Gateway);
        // The folder of a run is removed by its backend all the same.
        let _ = prepared.workspace.remove();
        exit
    }

    fn limits(&self) -> Limits {
        let configuration = &self.configuration;
        let wanted = Wanted {
            cpus: configuration.cpus,
            memory_bytes: configuration.memory_bytes,
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
            |error| not_prepared(format!("The program could not be started: {error}."));
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
        companions.spawn(pipe.read_into(progress));
        let store = Arc::clone(&self.store);
        let reporter = Reporter::new(configuration, store, last_progress, switch.clone());
        companions.spawn(reporter.run());
        let ended = tokio::select! {
            ended = program.until_end(configuration, limits, stop, &*self.clock) => ended,
            () = prepared.checkpoints.store_changes(configuration.checkpoint_every) => {
                unreachable!("checkpoints are stored for ever")
            }
        };
        match std::fs::read_to_string(prepared.workspace.start_failure()) {
            Ok(message) => Err(not_prepared(message)),
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

    /// After the program: what it left is stored, the manifest last.
    async fn conclude(
        &self,
        prepared: &mut Prepared,
        program: &Ended,
        started_at: Timestamp,
    ) -> RunExit {
        let log = &prepared.log;
        if !program.is_gone {
            log.note("a process of the program could not be killed");
        }
        let mut exit = RunExit {
            end: program.end,
            exit_code: exit_code_of(program.end),
            ordered_to_stop: false,
            message: None,
            limits: None,
            started_at: Some(started_at),
            stopped_at: program.stopped_at,
        };
        if program.end == ProgramEnd::Stopped {
            // Another attempt of the same try may follow, and its manifest is the one.
            if let Err(error) = prepared.checkpoints.store_if_changed().await {
                log.note(&format!("the last checkpoint was not stored: {error}"));
            }
            log.note("the program was told to stop");
            self.store_log(log).await;
            return exit;
        }
        match self.store_results(prepared, &exit).await {
            Ok(remark) => exit.message = remark,
            Err(message) => {
                exit.exit_code = exit_codes::RESULTS_NOT_STORED;
                exit.message = Some(message);
                return exit;
            }
        }
        if exit.end.is_success() {
            // One that is left costs only its space.
            let _ = prepared.checkpoints.discard().await;
        }
        exit
    }

    /// Says what was left out, or in one sentence why the results could not be stored.
    async fn store_results(
        &self,
        prepared: &Prepared,
        exit: &RunExit,
    ) -> Result<Option<String>, String> {
        let configuration = &self.configuration;
        let fail = |error: &dyn std::fmt::Display| {
            let message = format!("The results could not be stored: {error}.");
            prepared.log.note(&message);
            message
        };
        let found = Found::look(&prepared.workspace.output(), &configuration.folder);
        let stored = match found {
            Ok(found) => found.store(&self.store, configuration.patience).await,
            Err(error) => Err(error),
        };
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => {
                let message = fail(&error);
                self.store_log(&prepared.log).await;
                return Err(message);
            }
        };
        for line in stored.left_out() {
            prepared.log.note(&format!("not among the results: {line}"));
        }
        self.store_log(&prepared.log).await;
        let remark = stored.remark();
        let manifest = self.manifest(exit, remark.clone(), stored.objects);
        self.store_manifest(&manifest)
            .await
            .map_err(|error| fail(&error))?;
        Ok(remark)
    }

    fn manifest(
        &self,
        exit: &RunExit,
        message: Option<String>,
        objects: Vec<ManifestObject>,
    ) -> Manifest {
        Manifest {
            version: Manifest::VERSION,
            backend_id: self.configuration.backend_id.clone(),
            attempt: self.configuration.attempt,
            end: exit.end,
            message,
            started_at: exit.started_at,
            stopped_at: exit.stopped_at,
            objects,
        }
    }

    async fn store_manifest(&self, manifest: &Manifest) -> Result<(), ArtifactError> {
        let key = self
            .configuration
            .folder
            .manifest(self.configuration.try_number);
        let encoded = manifest.encode();
        let patience = self.configuration.patience;
        let created = patience
            .exercise(async || self.store.create(&key, Bytes::from(encoded.clone())).await)
            .await?;
        // Where an earlier call seemed to fail, it may be this very manifest that is there.
        if created == Created::Won || read_small(&*self.store, &key).await? == encoded {
            return Ok(());
        }
        Err(ArtifactError::Forbidden {
            reason: format!("{key} is there already, and says something else"),
            source: None,
        })
    }

    async fn store_log(&self, log: &SharedLog) {
        let Ok(excerpt) = log.lock().excerpt() else {
            return;
        };
        let configuration = &self.configuration;
        let key = configuration
            .folder
            .log(configuration.try_number, configuration.attempt);
        let excerpt = Arc::new(excerpt);
        // A job whose log is missing has ended all the same.
        let _ = configuration
            .patience
            .exercise(async || {
                let excerpt = Arc::clone(&excerpt);
                let content = written_by(move |output| excerpt.write_to(output));
                self.store.put(&key, content).await
            })
            .await;
    }

    /// A manifest without results, so that the reason is known where the backend forgets it.
    async fn leave_word_of(&self, reason: &NotStarted) {
        let manifest = Manifest {
            message: Some(reason.message.clone()),
            ..self.manifest(&self.exit_of(reason), None, Vec::new())
        };
        // The exit code says it too.
        let _ = self.store_manifest(&manifest).await;
    }

    fn exit_of(&self, reason: &NotStarted) -> RunExit {
        RunExit {
            end: reason.end,
            exit_code: reason.exit_code,
            ordered_to_stop: false,
            message: Some(reason.message.clone()),
            limits: None,
            started_at: None,
            stopped_at: self.clock.now(),
        }
    }

    fn not_started(&self, reason: NotStarted) -> RunExit {
        self.exit_of(&reason)
    }
}

fn not_prepared(message: String) -> NotStarted {
    NotStarted {
        end: ProgramEnd::NotStarted,
        exit_code: exit_codes::NOT_STARTED,
        message,
    }
}

fn stopped_before_start() -> NotStarted {
    NotStarted {
        end: ProgramEnd::Stopped,
        exit_code: STOPPED_EXIT_CODE,
        message: "The job was stopped before its program was started.".to_owned(),
    }
}

/// The end of an earlier attempt that had done everything.
fn exit_by(manifest: Manifest) -> RunExit {
    RunExit {
        end: manifest.end,
        exit_code: exit_code_of(manifest.end),
        ordered_to_stop: false,
        message: manifest.message,
        limits: None,
        started_at: manifest.started_at,
        stopped_at: manifest.stopped_at,
    }
}

fn exit_code_of(end: ProgramEnd) -> i32 {
    match end {
        ProgramEnd::Exited {
            code: exit_codes::GATE_CLOSED..=exit_codes::OUT_OF_MEMORY,
        } => AMBIGUOUS_EXIT_CODE,
        ProgramEnd::Exited { code } => code,
        ProgramEnd::Signalled { signal } => 128 + signal,
        ProgramEnd::OutOfMemory => exit_codes::OUT_OF_MEMORY,
        ProgramEnd::TimedOut { .. } => exit_codes::TIMED_OUT,
        ProgramEnd::Stopped => STOPPED_EXIT_CODE,
        ProgramEnd::NotStarted => exit_codes::NOT_STARTED,
    }
}
