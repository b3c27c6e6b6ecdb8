//! The same calls make the same answers, and bookkeeping holds whatever the calls.

use super::*;
use crate::account::ids::Ids;
use crate::account::{Pace, StateChange};
use crate::wire::{ArrayProperties, JobDependency, KeyValuesPair};

/// A random walk: whatever a client and a machine room may do.
struct Walk {
    world: World,
    dice: Ids,
    ids: Vec<String>,
    running: Vec<Start>,
    events: Vec<StateChange>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let pace = Millis(700);
        Self {
            world: World::with(Settings {
                seed,
                list_lag: Millis(1500),
                retention: Millis::from_secs(40),
                pace: Pace {
                    submitted: pace,
                    pending: pace,
                    runnable: pace,
                    starting: pace,
                },
                ..Settings::default()
            }),
            dice: Ids::new(seed ^ 0xd1ce),
            ids: Vec::new(),
            running: Vec::new(),
            events: Vec::new(),
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        let rolled = u64::from_str_radix(&self.dice.task()[..8], 16).unwrap();
        usize::try_from(rolled).unwrap() % sides
    }

    fn some_id(&mut self) -> Option<String> {
        if self.ids.is_empty() {
            return None;
        }
        let index = self.roll(self.ids.len());
        Some(self.ids[index].clone())
    }

    fn submit(&mut self) {
        let kind = self.roll(5);
        let mut request = with_attempts(
            3,
            if kind == 0 {
                machine("m")
            } else {
                program("p")
            },
        );
        if kind == 1 {
            request.array_properties = Some(ArrayProperties { size: Some(3) });
        }
        if kind == 2 {
            request.depends_on = self.some_id().map(JobDependency::on).into_iter().collect();
        }
        if let Ok(submitted) = self.world.account.submit_job(&request, self.world.now) {
            self.ids.push(submitted.job_id.to_string());
        }
    }

    fn touch(&mut self, id: &str) {
        let now = self.world.now;
        let choice = self.roll(7);
        let account = &mut self.world.account;
        match choice {
            0 => account.cancel_job(id, "cancelled", now).unwrap(),
            1 => account.terminate_job(id, "terminated", now).unwrap(),
            2 => drop(account.reclaim_spot(id, now)),
            3 => drop(account.lose_host(id, now)),
            4 => drop(account.hide(id, now.plus(Millis::from_secs(3)))),
            5 => drop(account.terminate_job(&format!("{id}:1"), "child", now)),
            _ => drop(account.vanish(id)),
        }
    }

    fn step(&mut self) {
        let choice = self.roll(12);
        let now = self.world.now;
        match choice {
            0..=2 => self.submit(),
            3 => {
                if let Some(id) = self.some_id() {
                    self.touch(&id);
                }
            }
            4..=5 => {
                let started = self.world.start_all();
                self.running.extend(started);
            }
            6..=7 if !self.running.is_empty() => {
                let index = self.roll(self.running.len());
                let start = self.running.swap_remove(index);
                let code = i32::try_from(self.roll(2)).unwrap();
                self.world.exit(&start, Exit::with_code(code));
            }
            8 => drop(self.world.stops()),
            9 => {
                let reason = crate::account::BlockingReason::Undetermined;
                self.world
                    .account
                    .block_queue_head("main", reason, now)
                    .unwrap();
            }
            _ => {
                self.world.account.unblock_queue("main", now).unwrap();
                let span = Millis(i64::try_from(self.roll(2000)).unwrap());
                self.world.pass(span);
            }
        }
        let events = self.world.account.take_events();
        self.events.extend(events);
    }
}

fn walked(seed: u64) -> Walk {
    let mut walk = Walk::new(seed);
    for _ in 0..600 {
        walk.step();
    }
    walk
}

#[test]
fn the_same_seed_the_same_story() {
    let (a, b) = (walked(1), walked(1));
    assert!(a.events.len() > 200, "{}", a.events.len());
    assert_eq!(a.events, b.events);
    assert_ne!(a.ids, walked(2).ids);
}

#[test]
fn no_event_follows_the_end_and_every_change_is_one_that_can_be() {
    use JobStatus::{Failed, Pending, Runnable, Running, Starting, Submitted, Succeeded};
    for seed in 0..60 {
        let walk = walked(seed);
        let mut statuses = std::collections::BTreeMap::new();
        for event in &walk.events {
            if event.kind != crate::account::EventKind::JobStateChange {
                continue;
            }
            let before = statuses.insert(event.job.job_id.to_string(), event.job.status);
            let before = before.unwrap_or(Submitted);
            let is_parent = event
                .job
                .array_properties
                .as_ref()
                .is_some_and(|a| a.size.is_some());
            let is_possible = match (before, event.job.status) {
                (Submitted, Pending) | (Submitted | Pending | Runnable, Failed) => true,
                (Pending, Succeeded) => is_parent,
                (Submitted | Pending, Runnable) | (Runnable, Starting) => !is_parent,
                (Starting, Running | Runnable | Succeeded | Failed) => !is_parent,
                (Running, Runnable | Succeeded | Failed) => !is_parent,
                _ => false,
            };
            let after = event.job.status;
            assert!(
                is_possible,
                "seed {seed}: {before:?} to {after:?} of {}",
                event.job.job_id
            );
        }
    }
}

#[test]
fn lists_and_descriptions_agree_once_lists_have_caught_up() {
    for seed in 0..30 {
        let mut walk = walked(seed);
        walk.world.pass_secs(4);
        walk.world.account.set_list_lag(Millis::ZERO);
        let everything = ListJobs {
            job_queue: Some("main".to_owned()),
            filters: vec![KeyValuesPair {
                name: "JOB_NAME".to_owned(),
                values: vec!["*".to_owned()],
            }],
            ..ListJobs::default()
        };
        let listed = walk.world.list(&everything);
        let described: Vec<_> = walk
            .ids
            .clone()
            .iter()
            .rev()
            .filter_map(|id| walk.world.describe(id))
            .map(|job| (job.job_id, job.status, job.is_terminated))
            .collect();
        let listed: Vec<_> = listed
            .into_iter()
            .map(|job| (job.job_id, job.status, job.is_terminated))
            .collect();
        assert_eq!(
            listed,
            described[..listed.len().max(described.len().min(100))],
            "seed {seed}"
        );
        let mut by_status = 0;
        for status in JobStatus::ALL {
            let request = ListJobs {
                job_queue: Some("main".to_owned()),
                job_status: Some(status),
                ..ListJobs::default()
            };
            by_status += walk.world.list(&request).len();
        }
        assert_eq!(by_status, described.len(), "seed {seed}");
    }
}

#[test]
fn nothing_is_left_once_all_is_over() {
    for seed in 0..30 {
        let mut walk = walked(seed);
        let world = &mut walk.world;
        world.account.unblock_queue("main", world.now).unwrap();
        // What waits for a vanished job waits forever.
        for id in &walk.ids {
            world.account.terminate_job(id, "clean", world.now).unwrap();
        }
        for _ in 0..20 {
            world.pass_secs(10);
            let starts = world.start_all();
            walk.running.extend(starts);
            world.stops();
            for start in std::mem::take(&mut walk.running) {
                world.exit(&start, Exit::with_code(143));
            }
        }
        assert_eq!(world.account.next_change_at(), None, "seed {seed}");
        let left: Vec<_> = world.account.jobs.keys().collect();
        let orphans = left.iter().all(|key| {
            // Children whose parent vanished were not terminated with it.
            world
                .account
                .jobs
                .get(*key)
                .is_some_and(|job| job.is_child())
        });
        assert!(orphans, "seed {seed}: {left:?}");
        let mut queues = world.account.queues.values();
        assert!(queues.all(|queue| queue.index.is_empty()), "seed {seed}");
    }
}
