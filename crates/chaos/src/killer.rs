//! Who kills gateways.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Outcome;
use crate::dice::Dice;
use crate::stage::Stage;

/// How fast it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Between two kills.
    between: (Duration, Duration),
    /// From a kill to the start of the next process.
    down: (Duration, Duration),
}

impl Pace {
    pub(crate) const OFTEN: Self = Self {
        between: (Duration::from_millis(100), Duration::from_millis(1500)),
        down: (Duration::ZERO, Duration::from_millis(1000)),
    };

    /// So that most requests meet a gateway that is there.
    pub(crate) const SELDOM: Self = Self {
        between: (Duration::from_millis(500), Duration::from_millis(3000)),
        down: (Duration::ZERO, Duration::from_millis(200)),
    };
}

/// When it is enough.
#[derive(Debug)]
pub(crate) enum Until {
    Times(u32),
    /// Until this says so, or its sender is gone.
    Over(watch::Receiver<bool>),
}

/// Kills gateways at random instants, each of which comes back. Returns how many, once all of
/// them are up.
pub(crate) async fn kill_gateways(
    stage: Arc<Stage>,
    pace: Pace,
    mut dice: Dice,
    mut until: Until,
) -> Outcome<u64> {
    let mut kills = 0;
    let mut restarts = JoinSet::new();
    loop {
        let pause = dice.between(pace.between.0, pace.between.1);
        match &mut until {
            Until::Times(times) if kills >= u64::from(*times) => break,
            Until::Times(_) => sleep(pause).await,
            Until::Over(over) => {
                if timeout(pause, over.wait_for(|over| *over)).await.is_ok() {
                    break;
                }
            }
        }
        while let Some(restarted) = restarts.try_join_next() {
            restarted??;
        }
        let number = dice.below(stage.replicas().len());
        let replica = stage.replicas()[number].clone();
        if !replica.is_up() {
            // It is coming back from the last time.
            continue;
        }
        replica.kill();
        kills += 1;
        let down = dice.between(pace.down.0, pace.down.1);
        restarts.spawn(async move {
            sleep(down).await;
            replica.start().await
        });
    }
    while let Some(restarted) = restarts.join_next().await {
        restarted??;
    }
    Ok(kills)
}
