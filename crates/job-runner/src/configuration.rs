//! What the runner is told by its environment, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use batchway_domain::artifacts::JobFolder;
use batchway_domain::identity::{Environment, JobId, UserName};
use batchway_domain::job::BackendId;
use batchway_domain::runner::variables;

use crate::patience::Patience;

/// Environment variables by name.
pub type Variables = BTreeMap<OsString, OsString>;

/// Kept of the program's output unless told otherwise, in bytes.
const DEFAULT_LOG_BYTES: u64 = 16 * 1024 * 1024;
const DEFAULT_STOP_GRACE: Duration = Duration::from_secs(10);
const DEFAULT_CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// What is for the runner and never reaches the program.
const NOT_FOR_THE_PROGRAM: [&str; 14] = [
    variables::JOB_TOKEN,
    variables::JOB_PARAMS,
    variables::GATEWAY_URL,
    variables::ARTIFACTS_DIR,
    variables::GATED,
    variables::INPUT_RUNS,
    variables::TIMEOUT_SECONDS,
    variables::STOP_GRACE_SECONDS,
    variables::CHECKPOINT_SECONDS,
    variables::CPUS,
    variables::MEMORY_BYTES,
    variables::CONTROL_GROUPS,
    variables::LOG_BYTES,
    variables::WORK_DIR,
];

/// Everything that a run depends on.
#[derive(Debug)]
pub struct Configuration {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// What the program finds in its environment, besides what the runner adds.
    pub program_environment: Variables,
    /// The job.
    pub job: JobId,
    /// Where everything of the job lies.
    pub folder: JobFolder,
    /// Which try, from 1.
    pub try_number: u32,
    /// Which attempt of the try, from 1.
    pub attempt: u32,
    /// This copy of the try.
    pub backend_id: BackendId,
    /// Whether there is a gate to pass.
    pub gated: bool,
    /// The params, unless they lie in the artifact store.
    pub params: Option<OsString>,
    /// The jobs whose results are the input, with their folders.
    pub inputs: Vec<(JobId, JobFolder)>,
    /// Where to report, if anywhere.
    pub gateway: Option<GatewayAccess>,
    /// Where artifacts are kept.
    pub artifacts: ArtifactLocation,
    /// Where the program's folders are made; `None` for a temporary folder.
    pub work_dir: Option<PathBuf>,
    /// After this time the program is ended.
    pub timeout: Option<Duration>,
    /// From `SIGTERM` to `SIGKILL`.
    pub stop_grace: Duration,
    /// The least time from one checkpoint to the next.
    pub checkpoint_every: Duration,
    /// Kept of the program's output, in bytes.
    pub log_bytes: u64,
    /// Cores that the program may use.
    pub cpus: Option<f64>,
    /// Memory in bytes that the program may take.
    pub memory_bytes: Option<u64>,
    /// Whether control groups may hold the limits.
    pub control_groups: bool,
    /// How often the artifact store is tried.
    pub patience: Patience,
    /// The runner's own program, which limits itself and then becomes the job's.
    pub helper: PathBuf,
    /// Whether the program's output is passed on to the runner's own.
    pub passes_output_on: bool,
}

/// Where to report and as whom.
#[derive(Clone)]
pub struct GatewayAccess {
    /// Without a `/` at its end.
    pub url: String,
    /// The job's token.
    pub token: String,
}

impl std::fmt::Debug for GatewayAccess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GatewayAccess")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Where artifacts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactLocation {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// In a bucket of S3, or of what speaks as S3 does.
    Bucket(String),
}

/// The environment does not say what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A variable is missing.
    #[error("the environment variable {0} is not set, and the runner can't do without it")]
    Missing(&'static str),
    /// A variable has a value that means nothing.
    #[error("the environment variable {name} is {value:?}, and should be {rule}")]
    Invalid {
        /// Which.
        name: &'static str,
        /// Its value.
        value: OsString,
        /// What it should be.
        rule: String,
    },
    /// Nothing says where artifacts are kept.
    #[error(
        "neither {} nor {} is set: the runner needs a bucket or a folder for what the program \
         leaves",
        variables::S3_BUCKET,
        variables::ARTIFACTS_DIR
    )]
    NoArtifactStore,
    /// There is no command.
    #[error("no program was named that the runner could run")]
    NoCommand,
}

impl Configuration {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ConfigurationError`], which names the variable.
    pub fn read(command: Vec<OsString>, variables: Variables) -> Result<Self, ConfigurationError> {
        if command.is_empty() {
            return Err(ConfigurationError::NoCommand);
        }
        let reader = Reader(&variables);
        let job = reader.required(variables::JOB_ID)?;
        let user: UserName = reader.required(variables::USER_ID)?;
        let environment: Environment = reader.required(variables::ENV)?;
        let gated = reader.flag(variables::GATED)?.unwrap_or(false);
        let input_runs = reader.list(variables::INPUT_RUNS)?;
        Ok(Self {
            folder: JobFolder::new(&environment, &user, &job),
            try_number: reader.optional(variables::TRY)?.unwrap_or(1),
            attempt: reader.optional(variables::ATTEMPT)?.unwrap_or(1),
            backend_id: reader.backend_id(gated)?,
            gated,
            params: reader.text(variables::JOB_PARAMS).map(OsStr::to_owned),
            inputs: input_runs
                .into_iter()
                .map(|run| {
                    let folder = JobFolder::new(&environment, &user, &run);
                    (run, folder)
                })
                .collect(),
            job,
            gateway: reader.gateway()?,
            artifacts: reader.artifacts()?,
            work_dir: reader.text(variables::WORK_DIR).map(PathBuf::from),
            timeout: reader.seconds(variables::TIMEOUT_SECONDS)?,
            stop_grace: reader
                .seconds(variables::STOP_GRACE_SECONDS)?
                .unwrap_or(DEFAULT_STOP_GRACE),
            checkpoint_every: reader
                .seconds(variables::CHECKPOINT_SECONDS)?
                .unwrap_or(DEFAULT_CHECKPOINT_EVERY),
            log_bytes: reader
                .optional(variables::LOG_BYTES)?
                .unwrap_or(DEFAULT_LOG_BYTES),
            cpus: reader.cpus()?,
            memory_bytes: reader.optional(variables::MEMORY_BYTES)?,
            control_groups: reader.flag(variables::CONTROL_GROUPS)?.unwrap_or(true),
            patience: Patience::default(),
            // Also right when the file was replaced or removed since.
            helper: PathBuf::from("/proc/self/exe"),
            passes_output_on: true,
            command,
            program_environment: environment_of_program(variables),
        })
    }

    /// Keeps from the program where the artifacts lie, and all that has to do with access to them.
    pub(crate) fn keep_aws_from_the_program(&mut self) {
        self.program_environment
            .retain(|name, _| !is_about_aws(name));
    }
}

fn environment_of_program(mut variables: Variables) -> Variables {
    variables.retain(|name, _| !NOT_FOR_THE_PROGRAM.iter().any(|private| name == private));
    variables
}

/// Whether it says something about access to AWS: credentials, profiles, regions, endpoints, and
/// the bucket. In a container all of that is the job's own.
fn is_about_aws(name: &OsStr) -> bool {
    name == variables::S3_BUCKET || name.as_encoded_bytes().starts_with(b"AWS_")
}

struct Reader<'a>(&'a Variables);

impl<'a> Reader<'a> {
    /// An empty variable counts as unset.
    fn text(&self, name: &str) -> Option<&'a OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    fn optional<T>(&self, name: &'static str) -> Result<Option<T>, ConfigurationError>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        self.text(name)
            .map(|value| {
                let text = value.to_str().ok_or_else(|| invalid(name, value, "text"))?;
                text.parse().map_err(|error| invalid(name, value, error))
            })
            .transpose()
    }

    fn required<T>(&self, name: &'static str) -> Result<T, ConfigurationError>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        self.optional(name)?
            .ok_or(ConfigurationError::Missing(name))
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, ConfigurationError> {
        match self.text(name) {
            None => Ok(None),
            Some(value) if value == "1" => Ok(Some(true)),
            Some(value) if value == "0" => Ok(Some(false)),
            Some(value) => Err(invalid(name, value, "1 or 0")),
        }
    }

    fn list(&self, name: &'static str) -> Result<Vec<JobId>, ConfigurationError> {
        let Some(value) = self.text(name) else {
            return Ok(Vec::new());
        };
        let parse = |text: &str| {
            text.split(',')
                .map(str::parse)
                .collect::<Result<_, _>>()
                .ok()
        };
        value
            .to_str()
            .and_then(parse)
            .ok_or_else(|| invalid(name, value, "job ids joined by commas"))
    }

    fn seconds(&self, name: &'static str) -> Result<Option<Duration>, ConfigurationError> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        value
            .to_str()
            .and_then(|text| text.parse().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(Some)
            .ok_or_else(|| invalid(name, value, "a number of seconds"))
    }

    fn cpus(&self) -> Result<Option<f64>, ConfigurationError> {
        let cpus: Option<f64> = self.optional(variables::CPUS)?;
        match (cpus, self.text(variables::CPUS)) {
            (Some(number), Some(value)) if !(number.is_finite() && number > 0.0) => {
                Err(invalid(variables::CPUS, value, "a number above 0"))
            }
            _ => Ok(cpus),
        }
    }

    fn backend_id(&self, gated: bool) -> Result<BackendId, ConfigurationError> {
        let given = self
            .text(variables::BACKEND_ID)
            .or_else(|| self.text(variables::AWS_BATCH_JOB_ID))
            .and_then(OsStr::to_str);
        match given {
            Some(id) => Ok(BackendId(id.to_owned())),
            None if gated => Err(ConfigurationError::Missing(variables::BACKEND_ID)),
            None => Ok(BackendId("unnamed".to_owned())),
        }
    }

    fn gateway(&self) -> Result<Option<GatewayAccess>, ConfigurationError> {
        let url: Option<String> = self.optional(variables::GATEWAY_URL)?;
        let token = self.optional(variables::JOB_TOKEN)?;
        Ok(url.zip(token).map(|(url, token)| GatewayAccess {
            url: url.trim_end_matches('/').to_owned(),
            token,
        }))
    }

    /// A folder comes first: who names one means it, and a bucket may be named for the program.
    fn artifacts(&self) -> Result<ArtifactLocation, ConfigurationError> {
        if let Some(folder) = self.text(variables::ARTIFACTS_DIR) {
            return Ok(ArtifactLocation::Folder(PathBuf::from(folder)));
        }
        self.optional(variables::S3_BUCKET)?
            .map(ArtifactLocation::Bucket)
            .ok_or(ConfigurationError::NoArtifactStore)
    }
}

fn invalid(name: &'static str, value: &OsStr, rule: impl ToString) -> ConfigurationError {
    ConfigurationError::Invalid {
        name,
        value: value.to_owned(),
        rule: rule.to_string(),
    }
}
