//! Gateways die at random instants under load, while everything around them fails now and then.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Outcome;
use crate::dice::Dice;
use crate::flaw::Flaw;
use crate::killer::{Pace, Until, kill_gateways};
use crate::load::{BUSY, CALM, Load};
use crate::reckoning::{Patience, Reckoning};
use crate::report::Report;
use crate::stage::{Link, Stage};
use crate::weather::{blow, copy_jobs};

/// How to kill gateways.
#[derive(Clone, Copy, Debug)]
pub struct Gateways {
    /// How many processes are killed.
    pub kills: u32,
    /// Decides the plan.
    pub seed: u64,
    /// What is waited for at the end.
    pub patience: Patience,
    /// Wrong on purpose.
    pub flaw: Option<Flaw>,
    /// What runs the jobs.
    pub jobs: Jobs,
}

/// What a job is at AWS Batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// A process, at the project's own fake, which has bad days too.
    Processes,
    /// A container, at moto.
    Containers,
}

impl Gateways {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// Where the parts can't be set up, or one of them does not come back.
    pub async fn run(self) -> Outcome<Report> {
        let Self {
            kills,
            seed,
            patience,
            flaw,
            jobs,
        } = self;
        let start = Instant::now();
        let mut dice = Dice::seeded(seed);
        let (scene, stage, pause, pace) = match jobs {
            Jobs::Processes => ("gateways", Stage::of_jobs(seed).await?, BUSY, Pace::OFTEN),
            Jobs::Containers => {
                let stage = Stage::of_containers(seed).await?;
                ("containers", stage, CALM, Pace::SELDOM)
            }
        };
        let stage = Arc::new(stage);
        let load = Arc::new(Load::new(stage.clone(), pause)?);

        let (over, is_over) = watch::channel(false);
        let mut at_work = load.start(&mut dice, &is_over);
        let mut weather = JoinSet::new();
        for link in [Link::Batch, Link::Redis, Link::S3] {
            let (stage, dice, over) = (stage.clone(), dice.fork(), is_over.clone());
            weather.spawn(async move { blow(&stage, link, dice, over).await });
        }
        let is_gated = flaw != Some(Flaw::UngatedCopies);
        let copies = (stage.clone(), dice.fork(), is_over.clone());
        weather.spawn(async move {
            let (stage, dice, over) = copies;
            copy_jobs(&stage, is_gated, dice, over).await
        });
        let until = Until::Times(kills);
        let kills = kill_gateways(stage.clone(), pace, dice.fork(), until).await?;
        over.send_replace(true);
        while let Some(ended) = weather.join_next().await {
            ended??;
        }
        while let Some(ended) = at_work.join_next().await {
            ended??;
        }
        let reckoning = Reckoning {
            scene,
            command: format!("just chaos {scene} --kills {kills} --seed {seed}"),
            start,
            patience,
            kills,
        };
        reckoning.make(stage, load, dice).await
    }
}
