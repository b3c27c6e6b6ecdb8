//! Wakes loops of this process before their period is over.

use std::collections::BTreeMap;

use batchway_domain::identity::BackendName;
use batchway_domain::job::Lane;
use tokio::sync::Notify;

/// A bell for each loop of each backend, one for deliveries, and one for the mirror.
#[derive(Debug)]
pub(crate) struct Nudges {
    of_backends: BTreeMap<BackendName, Bells>,
    deliveries: Notify,
    mirror: Notify,
}

#[derive(Debug, Default)]
struct Bells {
    dispatch: Notify,
    resolve: Notify,
    watch: Notify,
}

impl Nudges {
    pub(crate) fn for_backends<'a>(names: impl Iterator<Item = &'a BackendName>) -> Self {
        Self {
            of_backends: names.map(|name| (name.clone(), Bells::default())).collect(),
            deliveries: Notify::new(),
            mirror: Notify::new(),
        }
    }

    /// There may be something to do in this lane. Rung while nobody waits, the bell is heard
    /// by the next who does.
    pub(crate) fn ring(&self, lane: &Lane) {
        if let Some(bell) = self.bell(lane) {
            bell.notify_one();
        }
    }

    /// Resolves when the bell of this lane is rung; never for a lane that has none.
    pub(crate) async fn heard(&self, lane: &Lane) {
        match self.bell(lane) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }

    /// There may be deliveries to make, or room to make more.
    pub(crate) fn ring_for_deliveries(&self) {
        self.deliveries.notify_one();
    }

    /// Resolves when the bell of the deliveries is rung.
    pub(crate) async fn heard_for_deliveries(&self) {
        self.deliveries.notified().await;
    }

    /// A job has changed.
    pub(crate) fn ring_for_mirror(&self) {
        self.mirror.notify_one();
    }

    /// Resolves when the bell of the mirror is rung.
    pub(crate) async fn heard_for_mirror(&self) {
        self.mirror.notified().await;
    }

    fn bell(&self, lane: &Lane) -> Option<&Notify> {
        match lane {
            Lane::Dispatch(backend) => Some(&self.of_backends.get(backend)?.dispatch),
            Lane::Resolve(backend) => Some(&self.of_backends.get(backend)?.resolve),
            Lane::Watch(backend) => Some(&self.of_backends.get(backend)?.watch),
            Lane::Remove => None,
        }
    }
}
