//! What lies between a replica and the services that it calls.
//!
//! A request that was sent arrives whatever becomes of its sender: a process that is killed takes
//! back nothing. That is why its effect is a task of the world's own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::world::World;

/// A service at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Store,
    Artifacts,
    Batch,
    /// SubmitJob alone may be taken so late: its signature is good for 15 minutes.
    SubmitJob,
    Feed,
    Gateway,
}

/// No answer came. Whether the request arrived is not known to who sent it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoAnswer;

enum Fate {
    Delivered {
        there: Duration,
        back: Duration,
    },
    RequestLost {
        noticed_after: Duration,
    },
    ReplyLost {
        there: Duration,
        noticed_after: Duration,
    },
    Stalled {
        arrives_after: Duration,
        noticed_after: Duration,
    },
}

impl World {
    /// Sends a request and waits for the answer. There is a point at which the sender may die
    /// before it, after it, and while it is on its way.
    pub(crate) async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        service: Service,
        effect: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let fate = self.fate_of_request(service);
        yield_now().await;
        match fate {
            Fate::Delivered { there, back } => {
                let answer = self.arrive(there, effect).await?;
                pass(back).await;
                Ok(answer)
            }
            Fate::RequestLost { noticed_after } => {
                pass(noticed_after).await;
                Err(NoAnswer)
            }
            Fate::ReplyLost {
                there,
                noticed_after,
            } => {
                let _unheard = self.arrive(there, effect).await;
                pass(noticed_after).await;
                Err(NoAnswer)
            }
            Fate::Stalled {
                arrives_after,
                noticed_after,
            } => {
                let world = self.clone();
                tokio::spawn(async move {
                    sleep(arrives_after).await;
                    if world.is_reachable(service) {
                        effect();
                    }
                });
                pass(noticed_after).await;
                Err(NoAnswer)
            }
        }
    }

    async fn arrive<T: Send + 'static>(
        self: &Arc<Self>,
        there: Duration,
        effect: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        if there.is_zero() {
            return Ok(effect());
        }
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            sleep(there).await;
            // Nobody may be there any more to hear it.
            let _heard = answer.send(effect());
        });
        answered.await.map_err(|_| NoAnswer)
    }

    fn is_reachable(&self, service: Service) -> bool {
        let weather = &self.weather;
        !match service {
            Service::Store => weather.store_is_down(),
            Service::Artifacts => weather.artifacts_are_down(),
            Service::Batch | Service::SubmitJob => weather.batch_is_down(),
            Service::Feed => false,
            Service::Gateway => weather.gateways_are_cut_off(),
        }
    }

    fn fate_of_request(&self, service: Service) -> Fate {
        let dice = &self.dice;
        if !self.is_reachable(service) {
            let noticed_after = if dice.happens(500) {
                dice.millis(1, 50)
            } else {
                dice.millis(1_000, 5_000)
            };
            return Fate::RequestLost { noticed_after };
        }
        if self.weather.is_fair() {
            return Fate::Delivered {
                there: Duration::ZERO,
                back: Duration::ZERO,
            };
        }
        let rates = self.plan.rates_of(service);
        let drawn = dice.below(1000);
        if drawn < rates.lost {
            self.count_fault_of(service);
            return Fate::RequestLost {
                noticed_after: dice.millis(0, 3_000),
            };
        }
        if drawn < rates.lost + rates.reply_lost {
            self.count_fault_of(service);
            return Fate::ReplyLost {
                there: dice.millis(0, 500),
                noticed_after: dice.millis(0, 3_000),
            };
        }
        if drawn < rates.lost + rates.reply_lost + rates.stalled {
            self.count_fault_of(service);
            return Fate::Stalled {
                arrives_after: self.stall(),
                noticed_after: dice.millis(5_000, 20_000),
            };
        }
        let latency = |may_be_slow: bool| match dice.below(10) {
            0..=5 => Duration::ZERO,
            6..=8 => dice.millis(1, 80),
            _ if may_be_slow => dice.millis(80, 4_000),
            _ => dice.millis(1, 300),
        };
        Fate::Delivered {
            there: latency(true),
            back: latency(service != Service::Store),
        }
    }

    fn count_fault_of(&self, service: Service) {
        if service == Service::Store {
            self.weather.count_disturbance();
        } else {
            self.weather.count_fault();
        }
    }

    /// How long a signed request may lie somewhere before it arrives. It does so before the last
    /// fault is over.
    fn stall(&self) -> Duration {
        let left = self.plan.foul_for.saturating_sub(self.clock.elapsed());
        let most = left.min(Duration::from_secs(14 * 60));
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        let least = most.min(1_000);
        if self.dice.happens(500) {
            self.dice.millis(least, most.min(20_000).max(least))
        } else {
            self.dice.millis(least, most)
        }
    }
}

async fn pass(time: Duration) {
    if time.is_zero() {
        yield_now().await;
    } else {
        sleep(time).await;
    }
}
