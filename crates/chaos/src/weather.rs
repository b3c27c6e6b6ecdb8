//! Faults that come and go.

use std::time::Duration;

use batchway_fault_proxy::{At, Fault, FaultProxy, Rule};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Outcome;
use crate::dice::Dice;

const CALM: (Duration, Duration) = (millis(200), millis(2000));
const STORM: (Duration, Duration) = (millis(200), millis(2000));

/// What a proxy stands before: each has its own bad weather.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    Batch,
    Redis,
    S3,
}

/// One thing that may go wrong for a while.
enum Storm {
    Rule(Rule),
    /// Nobody listens.
    Gone,
}

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

impl Link {
    fn storm(self, dice: &mut Dice) -> Storm {
        let storms = match self {
            Self::Batch => storms_of_batch(dice),
            Self::Redis => storms_of_redis(dice),
            Self::S3 => storms_of_s3(dice),
        };
        let number = dice.below(storms.len() + 1);
        storms
            .into_iter()
            .nth(number)
            .map_or(Storm::Gone, Storm::Rule)
    }
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
    link: Link,
    proxy: &FaultProxy,
    mut dice: Dice,
    mut over: watch::Receiver<bool>,
) -> Outcome<()> {
    let mut is_over_after = async |span: (Duration, Duration), dice: &mut Dice| {
        let span = dice.between(span.0, span.1);
        timeout(span, over.wait_for(|over| *over)).await.is_ok()
    };
    loop {
        if is_over_after(CALM, &mut dice).await {
            return Ok(());
        }
        let is_over = match link.storm(&mut dice) {
            Storm::Rule(rule) => {
                let rule = proxy.add(rule);
                let is_over = is_over_after(STORM, &mut dice).await;
                proxy.remove(rule);
                is_over
            }
            Storm::Gone => {
                proxy.refuse().await;
                let is_over = is_over_after(STORM, &mut dice).await;
                proxy.listen_again()?;
                is_over
            }
        };
        if is_over {
            return Ok(());
        }
    }
}
