//! What can be typed.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

use batchway_fake_aws_batch::server::{
    ContainerExecutor, Executor, Outcome, ProcessExecutor, ServerSettings,
};
use batchway_fake_aws_batch::{Millis, Pace, Settings};
use clap::{Parser, ValueEnum};

/// AWS Batch on this machine, for tests: the real wire format, real behaviour, and bad days on
/// demand.
///
/// Prints its endpoint on standard output and serves until SIGINT or SIGTERM. Point a client at it
/// with AWS_ENDPOINT_URL_BATCH and any credentials. What can go wrong, and what truly happened:
/// `curl ENDPOINT/_control`.
#[derive(Debug, Parser)]
#[command(name = "fake-aws-batch", version)]
pub(crate) struct CommandLine {
    /// Address to listen on. Port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Region, part of every ARN.
    #[arg(long, default_value = "eu-central-1")]
    pub(crate) region: String,
    /// Number of the account, part of every ARN.
    #[arg(long, default_value = "123456789012")]
    account: String,

    /// Ids of jobs follow from it. Without one, no two runs of the program have the same.
    #[arg(long)]
    seed: Option<u64>,

    /// Job queue to begin with, over a Fargate Spot environment. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) job_queue: Vec<String>,
    /// Job definition to begin with. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) job_definition: Vec<String>,
    /// Image of those definitions.
    #[arg(long, default_value = "image")]
    pub(crate) image: String,
    /// Command of those definitions: all words that follow, so this comes last.
    #[arg(long, value_name = "WORD", num_args = 1.., allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,

    /// What runs the programs of jobs.
    #[arg(long, value_enum, default_value_t = Runs::None)]
    executor: Runs,
    /// With `process` and `container`: run this for every job, split at spaces, with the job's
    /// command as further arguments.
    #[arg(long, value_name = "PROGRAM", default_value = "")]
    program: String,
    /// With `container`: the command that drives the engine, split at spaces.
    #[arg(long, default_value = "docker")]
    docker: String,
    /// With `container`: further argument of `docker create`, such as `--docker-argument=--init`.
    /// May be given several times.
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    docker_argument: Vec<String>,
    /// With `none`: how long an attempt runs, such as `90s`; `forever` until a control call.
    #[arg(long, default_value = "1s", value_parser = run_time)]
    run_time: RunTime,
    /// With `none`: what attempts exit with.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    exit_code: i32,

    /// How long jobs stay in each status before STARTING has its container, such as `2s`.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    pace: Duration,
    /// From SIGTERM to SIGKILL.
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    stop_grace: Duration,
    /// How long ListJobs lags behind.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    list_lag: Duration,
    /// How long a new job is absent from DescribeJobs.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    describe_lag: Duration,
    /// SubmitJob calls a second; 0 for no limit.
    #[arg(long, default_value_t = 50)]
    submits_per_second: u32,

    /// Queue of SQS that gets the events. How to reach it is read from the environment, as by any
    /// program of AWS: AWS_ENDPOINT_URL_SQS, AWS_ACCESS_KEY_ID, …
    #[arg(long, value_name = "URL")]
    pub(crate) events_queue_url: Option<String>,

    /// End also when standard input ends, so that whoever started it can't leave it behind.
    #[arg(long)]
    pub(crate) until_stdin_ends: bool,
    /// What is logged on standard error, such as `debug` for every call.
    #[arg(long, default_value = "warn")]
    pub(crate) log: String,
}

/// What runs the programs of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Runs {
    /// Nothing: attempts end after --run-time with --exit-code.
    None,
    /// A local process for each attempt.
    Process,
    /// A container for each attempt.
    Container,
}

#[derive(Clone, Copy, Debug)]
struct RunTime(Option<Duration>);

fn run_time(text: &str) -> Result<RunTime, humantime::DurationError> {
    if text == "forever" {
        return Ok(RunTime(None));
    }
    humantime::parse_duration(text).map(|span| RunTime(Some(span)))
}

impl CommandLine {
    /// All but the events.
    pub(crate) fn settings(&self) -> ServerSettings {
        let pace = millis(self.pace);
        ServerSettings {
            listen: self.listen,
            account: Settings {
                region: self.region.clone(),
                account_number: self.account.clone(),
                seed: self.seed.unwrap_or_else(any_seed),
                submits_per_second: Some(self.submits_per_second).filter(|limit| *limit > 0),
                list_lag: millis(self.list_lag),
                describe_lag: millis(self.describe_lag),
                stop_grace: millis(self.stop_grace),
                pace: Pace {
                    submitted: pace,
                    pending: pace,
                    runnable: pace,
                    starting: pace,
                },
                ..Settings::default()
            },
            executor: self.executor(),
            ..ServerSettings::default()
        }
    }

    fn executor(&self) -> Executor {
        let program = words(&self.program);
        match self.executor {
            Runs::None => Executor::None(Outcome {
                run_time: self.run_time.0,
                exit_code: self.exit_code,
            }),
            Runs::Process => Executor::Process(ProcessExecutor { program }),
            Runs::Container => Executor::Container(ContainerExecutor {
                docker: words(&self.docker),
                arguments: self.docker_argument.clone(),
                program,
            }),
        }
    }
}

/// The standard library draws the keys of its hash maps at random.
fn any_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn millis(span: Duration) -> Millis {
    Millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}
