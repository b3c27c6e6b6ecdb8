//! The end of a run: results, log, and the manifest last.

use std::fmt::Display;
use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::{Manifest, ManifestObject, ProgramEnd};
use batchway_domain::ports::{ArtifactError, Created};
use batchway_domain::runner::exit_codes;
use batchway_domain::runner::run_folder::RunExit;
use bytes::Bytes;

use crate::content::{read_small, written_by};
use crate::exits::{NotStarted, exit_by, exit_code_of};
use crate::gate::manifest_of_try;
use crate::output::SharedLog;
use crate::program::Ended;
use crate::results::Found;
use crate::run::{Prepared, Runner};

impl Runner {
    /// After the program: what it left is stored, the manifest last.
    pub(crate) async fn conclude(
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
            message: None,
            last_words: log
                .lock()
                .last_words()
                .filter(|_| !program.end.is_success()),
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
        if let Ok(Some(manifest)) = manifest_of_try(&self.configuration, &*self.store).await {
            // An attempt that was taken for lost was first. What it named stays as it is.
            return exit_by(manifest);
        }
        match self.store_results(prepared, &exit).await {
            Ok(remark) => exit.message = remark,
            Err(message) => {
                // A program that failed has more to say than that.
                if exit.end.is_success() {
                    exit.exit_code = exit_codes::RESULTS_NOT_STORED;
                }
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
        let fail = |error: &dyn Display| {
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

    pub(crate) async fn store_log(&self, log: &SharedLog) {
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
    pub(crate) async fn leave_word_of(&self, reason: &NotStarted) {
        let manifest = Manifest {
            message: Some(reason.message.clone()),
            ..self.manifest(&reason.exit(self.clock.now()), None, Vec::new())
        };
        // The exit code says it too.
        let _ = self.store_manifest(&manifest).await;
    }
}
