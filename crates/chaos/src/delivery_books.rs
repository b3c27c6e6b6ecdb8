//! What is compared at the end of a run with webhooks: every event is told, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::notebook::is_end;
use crate::receiver::Arrival;

/// A job that a caller was told of by a 2xx.
#[derive(Clone, Debug)]
pub(crate) struct Hooked {
    pub(crate) job: String,
    /// Number of the caller.
    pub(crate) caller: usize,
    /// A caller saw it running.
    pub(crate) ran: bool,
    /// Its webhook is the dead receiver.
    pub(crate) is_for_the_dead: bool,
}

/// What the API tells of a job and its deliveries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) status: String,
    pub(crate) deliveries: Vec<Listed>,
}

/// A delivery as its list shows it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) status: String,
}

impl Told {
    pub(crate) fn new(job: &Value, list: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let listed = list["deliveries"].as_array().into_iter().flatten();
        Self {
            status: text(&job["status"]),
            deliveries: listed
                .map(|delivery| Listed {
                    id: text(&delivery["delivery_id"]),
                    kind: text(&delivery["event_type"]),
                    status: text(&delivery["status"]),
                })
                .collect(),
        }
    }

    /// Whether nothing more will happen with it.
    pub(crate) fn is_settled(&self) -> bool {
        let mut deliveries = self.deliveries.iter();
        is_end(&self.status) && deliveries.all(|delivery| delivery.status != "pending")
    }
}

/// All books of a run.
#[derive(Debug)]
pub(crate) struct DeliveryBooks {
    pub(crate) hooked: Vec<Hooked>,
    /// By job; a job without an entry is not there any more.
    pub(crate) told: BTreeMap<String, Told>,
    /// What the living receiver knows, by `webhook-id`.
    pub(crate) arrivals: BTreeMap<String, Arrival>,
    /// Nothing may be on its way any more.
    pub(crate) are_final: bool,
}

impl DeliveryBooks {
    /// A sentence for each promise that was broken.
    pub(crate) fn discrepancies(&self) -> Vec<String> {
        let mut found = Vec::new();
        for hooked in &self.hooked {
            match self.told.get(&hooked.job) {
                Some(told) => {
                    found.extend(told_wrongly(hooked, told));
                    found.extend(self.delivered_wrongly(hooked, told));
                }
                None => found.push(format!("{} was accepted, and is not there", hooked.job)),
            }
        }
        found.extend(self.sent_without_an_event());
        found
    }

    /// Events that were written down for the living receiver.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Listed> {
        let living = self.hooked.iter().filter(|one| !one.is_for_the_dead);
        living
            .filter_map(|one| self.told.get(&one.job))
            .flat_map(|told| &told.deliveries)
    }

    fn delivered_wrongly<'a>(
        &'a self,
        hooked: &'a Hooked,
        told: &'a Told,
    ) -> impl Iterator<Item = String> {
        told.deliveries.iter().filter_map(|delivery| {
            let Listed { id, kind, status } = delivery;
            let about = format!("{id}, {kind} of {},", hooked.job);
            let taken = self.arrivals.get(id).map_or(0, |arrival| arrival.taken);
            match (hooked.is_for_the_dead, &**status) {
                (true, "delivered") => Some(format!("{about} was delivered to nobody")),
                (true, _) => None,
                (false, "delivered") if taken > 0 => None,
                (false, "delivered") => Some(format!(
                    "{about} is said to be delivered, and was never taken"
                )),
                (false, "pending") if !self.are_final => None,
                (false, _) => Some(format!("{about} is {status}")),
            }
        })
    }

    fn sent_without_an_event(&self) -> Vec<String> {
        let listed = |id: &str, arrival: &Arrival| {
            let told = self.told.get(&arrival.job)?;
            let mut deliveries = told.deliveries.iter();
            deliveries.find(|delivery| delivery.id == id && delivery.kind == arrival.kind)
        };
        let (mut found, mut known) = (Vec::new(), BTreeSet::new());
        for (id, arrival) in &self.arrivals {
            let Arrival { job, kind, at, .. } = arrival;
            if listed(id, arrival).is_none() {
                found.push(format!("{id}, {kind} of {job}, was sent and is no event"));
            }
            if !known.insert((job, kind, at)) {
                found.push(format!("{kind} of {job} at {at} has two ids: one is {id}"));
            }
        }
        found
    }
}

/// Where the events that are written down are not those of the job.
fn told_wrongly(hooked: &Hooked, told: &Told) -> Vec<String> {
    let (job, status) = (&hooked.job, &told.status);
    let number_of = |kind: &str| {
        let deliveries = told.deliveries.iter();
        deliveries.filter(|delivery| delivery.kind == kind).count()
    };
    let mut found = Vec::new();
    for end in ["completed", "failed", "cancelled"] {
        let (number, due) = (number_of(&format!("job.{end}")), usize::from(status == end));
        if number != due {
            found.push(format!("{job} is {status}, and {number} events say {end}"));
        }
    }
    if hooked.ran && number_of("job.running") == 0 {
        found.push(format!("{job} was running, and no event says so"));
    }
    found
}

#[cfg(test)]
mod tests;
