//! How soon a job is sent to AWS Batch, and how many calls AWS gets for so many running jobs.

use std::time::{Duration, Instant};

use batchway_test_servers::RedisServer;

use crate::Outcome;
use crate::gateway::Installation;
use crate::load::submit;
use crate::stand_in::StandIn;
use crate::table::{milliseconds, print};

const BODY: &str = r#"{"job_type":"run_simulation","params":{"simulation_config":{"mode":"open_chemistry","config":{"num_particles":1000,"temperature":300,"steps":50000}}}}"#;

/// Below the 40 a second that are sent, so that none waits for another.
const POSTS_A_SECOND: u64 = 20;

pub(crate) async fn measure(jobs: u64, span: Duration) -> Outcome {
    let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let stand_in = StandIn::default();
    let endpoint = format!("http://127.0.0.1:{}", stand_in.serve().await?);
    let installation = Installation::on(&redis)
        .set("AWS_ENDPOINT_URL", &endpoint)
        .set("AWS_ACCESS_KEY_ID", "bench")
        .set("AWS_SECRET_ACCESS_KEY", "bench")
        .set("AWS_BATCH_JOB_QUEUE", "live2-job-queue")
        .set("AWS_BATCH_JOB_DEFINITION", "live2-simulation")
        .set("AWS_S3_BUCKET", "live2-artifacts")
        .set("BATCHWAY_PUBLIC_URL", "http://gateway.invalid");
    let key = installation.create_key("user123")?;
    let gateway = installation.serve(&[]).await?;

    let posted = post(gateway.port, &key, jobs.min(500)).await?;
    wait_for(&stand_in, posted.len()).await?;
    let mut waits: Vec<Duration> = posted
        .iter()
        .filter_map(|(id, at)| Some(stand_in.submitted(id)?.saturating_duration_since(*at)))
        .collect();
    waits.sort_unstable();
    let at = |part: usize| {
        milliseconds(
            waits
                .get(waits.len() * part / 100)
                .copied()
                .unwrap_or_default(),
        )
    };
    print(
        "From the POST to SubmitJob",
        &["jobs", "p50", "p99"],
        &[vec![waits.len().to_string(), at(50), at(99)]],
    );

    let rest = jobs.saturating_sub(posted.len().try_into()?);
    post_at_once(gateway.port, &key, rest).await?;
    wait_for(&stand_in, usize::try_from(jobs)?).await?;
    count_calls(&stand_in, jobs, span).await;
    Ok(())
}

/// Calls in a minute, at two ages of the jobs: the pace goes by it.
async fn count_calls(stand_in: &StandIn, jobs: u64, span: Duration) {
    let mut rows = Vec::new();
    for _ in 0..2 {
        stand_in.take_calls();
        tokio::time::sleep(span).await;
        for (action, calls) in stand_in.take_calls() {
            let a_minute = calls * 60 / span.as_secs().max(1);
            rows.push(vec![jobs.to_string(), action, a_minute.to_string()]);
        }
    }
    print(
        "Calls to AWS a minute while all run, twice in a row",
        &["jobs", "action", "a minute"],
        &rows,
    );
}

async fn wait_for(stand_in: &StandIn, jobs: usize) -> Outcome {
    let mut last = (stand_in.jobs(), Instant::now());
    while stand_in.jobs() < jobs {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if stand_in.jobs() > last.0 {
            last = (stand_in.jobs(), Instant::now());
        } else if last.1.elapsed() > Duration::from_secs(60) {
            return Err(format!("only {} of {jobs} jobs were submitted", last.0).into());
        }
    }
    Ok(())
}

/// Posts at an even pace. Answers the ids, each with the time at which it was asked for.
async fn post(port: u16, key: &str, jobs: u64) -> Outcome<Vec<(String, Instant)>> {
    let mut posted = Vec::new();
    let mut pace = tokio::time::interval(Duration::from_millis(1000 / POSTS_A_SECOND));
    for _ in 0..jobs {
        pace.tick().await;
        let at = Instant::now();
        posted.push((submit(port, key, BODY).await?, at));
    }
    Ok(posted)
}

async fn post_at_once(port: u16, key: &str, jobs: u64) -> Outcome {
    for _ in 0..jobs {
        submit(port, key, BODY).await?;
    }
    Ok(())
}
