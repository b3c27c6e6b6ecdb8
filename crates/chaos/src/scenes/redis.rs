//! Redis dies at random instants under load. What was answered with 2xx was on its disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::dice::Dice;
use crate::flaw::{Flaw, forget_latest};
use crate::load::{BUSY, Load};
use crate::reckoning::{Patience, Reckoning};
use crate::report::Report;
use crate::stage::Stage;

const BETWEEN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(3000));
const DOWN: (Duration, Duration) = (Duration::ZERO, Duration::from_millis(1500));

/// How to kill Redis.
#[derive(Clone, Copy, Debug)]
pub struct Redis {
    /// How many times it is killed.
    pub kills: u32,
    /// Decides the plan.
    pub seed: u64,
    /// What is waited for at the end.
    pub patience: Patience,
    /// Wrong on purpose.
    pub flaw: Option<Flaw>,
}

impl Redis {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// Where the parts can't be set up, or Redis does not come back.
    pub async fn run(self) -> Outcome<Report> {
        let Self {
            kills,
            seed,
            patience,
            flaw,
        } = self;
        let start = Instant::now();
        let mut dice = Dice::seeded(seed);
        let stage = Arc::new(Stage::of_jobs(seed).await?);
        let load = Arc::new(Load::new(stage.clone(), BUSY)?);

        let (over, is_over) = watch::channel(false);
        let mut at_work = load.start(&mut dice, &is_over);
        for _ in 0..kills {
            sleep(dice.between(BETWEEN.0, BETWEEN.1)).await;
            let redis = stage.redis().clone();
            tokio::task::spawn_blocking(move || redis.kill()).await?;
            if flaw == Some(Flaw::ForgetfulRedis) {
                forget_latest(stage.redis().folder())?;
            }
            sleep(dice.between(DOWN.0, DOWN.1)).await;
            let redis = stage.redis().clone();
            tokio::task::spawn_blocking(move || redis.start_again()).await?;
        }
        over.send_replace(true);
        while let Some(ended) = at_work.join_next().await {
            ended??;
        }
        let reckoning = Reckoning {
            scene: "redis",
            command: format!("just chaos redis --kills {kills} --seed {seed}"),
            start,
            patience,
            kills: kills.into(),
        };
        reckoning.make(stage, load, dice).await
    }
}
