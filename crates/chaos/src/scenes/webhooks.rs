//! Gateways die now and then while events go to a receiver that fails at three of ten, and to one
//! that never answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::Outcome;
use crate::delivery_books::{DeliveryBooks, Listed, Told};
use crate::dice::Dice;
use crate::flaw::{Flaw, lose_deliveries};
use crate::hook_load::HookLoad;
use crate::killer::{Pace, Until, kill_gateways};
use crate::load::{BUSY, Load, USERS, name_of};
use crate::receiver::{Receivers, Register};
use crate::reckoning::{LARGEST_REST, Patience};
use crate::report::{Figures, Report};
use crate::stage::{Stage, Store};

/// How to send events.
#[derive(Clone, Copy, Debug)]
pub struct Webhooks {
    /// How many, at least.
    pub events: u32,
    /// How many processes are killed.
    pub kills: u32,
    /// Decides the plan.
    pub seed: u64,
    /// What is waited for at the end. A delivery that was under way when its gateway died is sent
    /// again a minute later.
    pub patience: Patience,
    /// Wrong on purpose.
    pub flaw: Option<Flaw>,
    /// Where events are kept.
    pub store: Store,
}

impl Webhooks {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// Where the parts can't be set up, or one of them does not come back.
    pub async fn run(self) -> Outcome<Report> {
        let start = Instant::now();
        let mut dice = Dice::seeded(self.seed);
        let stage = Stage::of_processes(self.seed, self.store, &variables()).await?;
        let stage = Arc::new(stage);
        let load = Arc::new(self.load(&stage, &mut dice).await?);

        let mut at_work = load.start(&mut dice);
        let until = Until::Times(self.kills);
        let kills = kill_gateways(stage.clone(), Pace::SELDOM, dice.fork(), until).await?;
        while let Some(ended) = at_work.join_next().await {
            ended??;
        }
        if self.flaw == Some(Flaw::LostDeliveries) {
            lose_deliveries(stage.redis());
        }
        let waiting_since = Instant::now();
        let told = load.wait_for_deliveries(self.patience, &mut dice).await;
        let waited = waiting_since.elapsed();

        let mut discrepancies = std::mem::take(&mut load.load.notebook.pages().broken);
        let mut register = std::mem::take(&mut *load.receivers.register());
        discrepancies.append(&mut register.broken);
        let canary = load.receivers.touches_of_the_canary();
        if canary > 0 {
            discrepancies.push(format!("redirects were followed {canary} times"));
        }
        let books = self.books(&load, told, &register);
        discrepancies.extend(books.discrepancies());
        let open = books.events().filter(|one| one.status == "pending").count();
        if open as f64 > LARGEST_REST * books.events().count() as f64 {
            discrepancies.push(format!("{open} events have not been delivered"));
        }
        discrepancies.extend(stage.crashes());
        let mut remarks = remarks(&books, &register, &load.receivers);
        remarks.push(format!(
            "waited for {} s after the last job; {open} events are still on their way",
            waited.as_secs()
        ));
        let figures = Figures {
            kills,
            faults: register.failures,
            jobs: books.told.len() as u64,
            accepted: load.load.notebook.pages().accepted,
            runs: books.hooked.iter().filter(|one| one.ran).count() as u64,
            surplus: 0,
        };
        drop(load);
        Ok(Report {
            scene: "webhooks",
            command: self.command(),
            figures,
            time: start.elapsed(),
            evidence: Stage::end(stage, !discrepancies.is_empty()),
            discrepancies,
            remarks,
        })
    }

    async fn load(&self, stage: &Arc<Stage>, dice: &mut Dice) -> Outcome<HookLoad> {
        let load = Load::new(stage.clone(), BUSY)?;
        let secrets = (0..USERS).map(|user| stage.replicas()[0].webhook_secret(&name_of(user)));
        let secrets = secrets.collect::<Outcome<Vec<String>>>()?;
        let is_forgetful = self.flaw == Some(Flaw::ForgetfulReceiver);
        let receivers = Receivers::start(&secrets, dice, is_forgetful).await?;
        let folder = stage.folder().to_owned();
        Ok(HookLoad::new(load, receivers, folder, self.events))
    }

    fn books(
        &self,
        load: &HookLoad,
        told: BTreeMap<String, Told>,
        register: &Register,
    ) -> DeliveryBooks {
        DeliveryBooks {
            hooked: load.hooked().clone(),
            told,
            arrivals: register.arrivals.clone(),
            are_final: self.patience == Patience::All,
        }
    }

    fn command(&self) -> String {
        let Self {
            events,
            kills,
            seed,
            store,
            ..
        } = self;
        let store = match store {
            Store::Redis => "",
            Store::Sqlite => " --store sqlite",
        };
        format!("just chaos webhooks --events {events} --kills {kills} --seed {seed}{store}")
    }
}

/// Twenty attempts over half a minute: three of ten failing, one event of ten thousand million
/// uses them up.
fn variables() -> Vec<(&'static str, String)> {
    let waits = [
        ["100ms"; 4].as_slice(),
        &["500ms"; 4],
        &["1s"; 4],
        &["2s"; 7],
    ]
    .concat();
    vec![
        ("BATCHWAY_PROCESS_CONCURRENCY", "1".to_owned()),
        ("BATCHWAY_WEBHOOK_ALLOW_PRIVATE", "127.0.0.1/32".to_owned()),
        ("BATCHWAY_WEBHOOK_RETRIES", waits.join(",")),
    ]
}

fn remarks(books: &DeliveryBooks, register: &Register, receivers: &Receivers) -> Vec<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for Listed { kind, .. } in books.events() {
        *kinds.entry(kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    let taken = |least| {
        let arrivals = register.arrivals.values();
        arrivals.filter(|arrival| arrival.taken >= least).count()
    };
    let of_the_dead = books
        .hooked
        .iter()
        .filter(|one| one.is_for_the_dead)
        .count();
    let mut delays: Vec<Duration> = register
        .arrivals
        .values()
        .map(|arrival| arrival.first_after)
        .collect();
    delays.sort();
    let at = |part: f64| {
        let place = (delays.len() as f64 * part) as usize;
        delays.get(place.min(delays.len().saturating_sub(1)))
    };
    vec![
        format!(
            "{} events ({}), {} of them taken, {} more than once, by {} requests of which {} failed",
            books.events().count(),
            kinds.join(", "),
            taken(1),
            taken(2),
            register.requests,
            register.failures,
        ),
        format!(
            "from an event to its first attempt: median {:?}, 99th percentile {:?}, longest {:?}; \
             a dead receiver was tried {} times with {of_the_dead} other events",
            at(0.5).unwrap_or(&Duration::ZERO),
            at(0.99).unwrap_or(&Duration::ZERO),
            at(1.0).unwrap_or(&Duration::ZERO),
            receivers.knocks_of_the_dead(),
        ),
    ]
}
