//! Faults that come and go.

use std::time::Duration;

use batchway_fake_aws_batch as batch;
use batchway_fault_proxy::{At, Fault, Rule};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Outcome;
use crate::dice::Dice;
use crate::stage::{Link, Stage};

const CALM: (Duration, Duration) = (millis(200), millis(2000));
const STORM: (Duration, Duration) = (millis(200), millis(2000));

/// One thing that may go wrong for a while.
enum Storm {
    /// On the way.
    Rule(Rule),
    /// Nobody listens.
    Gone,
    /// AWS Batch itself, at the next submissions.
    Submissions(batch::Fault),
    /// ListJobs is behind.
    Lag(Duration),
}

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn storm(link: Link, dice: &mut Dice) -> Storm {
    let rules = match link {
        Link::Batch => storms_of_batch(dice),
        Link::Redis => storms_of_redis(dice),
        Link::S3 => storms_of_s3(dice),
    };
    let mut storms: Vec<Storm> = rules.into_iter().map(Storm::Rule).collect();
    storms.push(Storm::Gone);
    if matches!(link, Link::Batch) {
        storms.extend([
            Storm::Submissions(batch::Fault::ServerErrorAfter),
            Storm::Submissions(batch::Fault::EmptyReply),
            Storm::Submissions(batch::Fault::Throttle),
            Storm::Lag(dice.between(millis(1_000), millis(20_000))),
        ]);
    }
    let number = dice.below(storms.len());
    storms.swap_remove(number)
}

/// Mostly replies to SubmitJob that don't come: the job exists, and nobody is told.
fn storms_of_batch(dice: &mut Dice) -> Vec<Rule> {
    let submitted = |fault| Rule::new(At::Reply, fault).where_request_has("POST /v1/submitjob");
    let after = dice.below(400);
    vec![
        submitted(Fault::Close { after }).with_probability(0.7),
        submitted(Fault::Close { after: 0 }).with_probability(0.7),
        submitted(Fault::Reset { after: 0 }).with_probability(0.7),
        submitted(Fault::Swallow).with_probability(0.5).times(3),
        submitted(delay(millis(100), millis(3000))).with_probability(0.7),
        Rule::new(At::Reply, Fault::Close { after }).with_probability(0.3),
        Rule::new(At::Reply, Fault::Swallow)
            .with_probability(0.2)
            .times(3),
        Rule::new(At::Request, delay(millis(100), millis(2000))).with_probability(0.5),
        Rule::new(At::Request, Fault::Reset { after: 0 }).with_probability(0.2),
        Rule::new(At::Request, Fault::Hang)
            .with_probability(0.2)
            .times(2),
        Rule::new(At::Connect, Fault::Close { after: 0 }).with_probability(0.7),
        Rule::new(At::Connect, Fault::Hang)
            .with_probability(0.3)
            .times(2),
    ]
}

/// One connection carries the requests of many: few faults hurt much.
fn storms_of_redis(dice: &mut Dice) -> Vec<Rule> {
    let after = dice.below(200);
    vec![
        Rule::new(At::Reply, Fault::Reset { after: 0 })
            .with_probability(0.02)
            .times(4),
        Rule::new(At::Reply, Fault::Close { after })
            .with_probability(0.02)
            .times(4),
        Rule::new(At::Request, Fault::Reset { after })
            .with_probability(0.02)
            .times(4),
        Rule::new(At::Reply, delay(millis(1), millis(150))).with_probability(0.2),
        Rule::new(At::Request, delay(millis(1), millis(150))).with_probability(0.2),
        Rule::new(At::Reply, Fault::Swallow)
            .with_probability(0.01)
            .times(1),
        Rule::new(At::Connect, Fault::Close { after: 0 }).with_probability(0.5),
    ]
}

fn storms_of_s3(dice: &mut Dice) -> Vec<Rule> {
    let after = dice.below(600);
    vec![
        Rule::new(At::Reply, Fault::Close { after }).with_probability(0.4),
        Rule::new(At::Reply, Fault::Reset { after: 0 }).with_probability(0.4),
        Rule::new(At::Reply, Fault::Swallow)
            .with_probability(0.2)
            .times(2),
        Rule::new(At::Reply, delay(millis(50), millis(1000))).with_probability(0.5),
        Rule::new(At::Request, Fault::Reset { after: 0 }).with_probability(0.3),
        Rule::new(At::Connect, Fault::Close { after: 0 }).with_probability(0.5),
    ]
}

fn delay(least: Duration, most: Duration) -> Fault {
    Fault::Delay { least, most }
}

/// Faults before one server, one after the other, until it is over. Then there are none.
pub(crate) async fn blow(
    stage: &Stage,
    link: Link,
    mut dice: Dice,
    mut over: watch::Receiver<bool>,
) -> Outcome<()> {
    let proxy = stage.link(link);
    while !is_over_after(dice.between(CALM.0, CALM.1), &mut over).await {
        let span = dice.between(STORM.0, STORM.1);
        match storm(link, &mut dice) {
            Storm::Rule(rule) => {
                let rule = proxy.add(rule);
                is_over_after(span, &mut over).await;
                proxy.remove(rule);
            }
            Storm::Gone => {
                proxy.refuse().await;
                is_over_after(span, &mut over).await;
                proxy.listen_again()?;
            }
            Storm::Submissions(fault) => {
                if let Some(fake) = stage.aws().fake() {
                    fake.spoil_submissions(fault, 2);
                }
            }
            Storm::Lag(lag) => {
                if let Some(fake) = stage.aws().fake() {
                    fake.lag(lag);
                    is_over_after(span, &mut over).await;
                    fake.lag(Duration::ZERO);
                }
            }
        }
    }
    match (link, stage.aws().fake()) {
        (Link::Batch, Some(fake)) => fake.calm_down().await,
        _ => Ok(()),
    }
}

/// Now and then, what was submitted is submitted once more.
pub(crate) async fn copy_jobs(
    stage: &Stage,
    is_gated: bool,
    mut dice: Dice,
    mut over: watch::Receiver<bool>,
) -> Outcome<()> {
    while !is_over_after(dice.between(CALM.0, CALM.1), &mut over).await {
        if let Some(fake) = stage.aws().fake() {
            fake.copy_latest(is_gated)?;
        }
    }
    Ok(())
}

async fn is_over_after(span: Duration, over: &mut watch::Receiver<bool>) -> bool {
    timeout(span, over.wait_for(|over| *over)).await.is_ok()
}
