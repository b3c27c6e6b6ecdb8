//! Taking new jobs in.

use batchway_domain::Timestamp;
use batchway_domain::identity::UserName;
use batchway_domain::ports::{
    Admission, AdmissionLimits, AdmitError, Admitted, Idempotency, StoreError,
};
use batchway_domain::security::KeyDigest;

use super::contents::{Contents, KeptKey};

impl Contents {
    pub(super) fn admit(
        &mut self,
        key: &KeyDigest,
        admission: Admission,
        now: Timestamp,
    ) -> Result<Admitted, AdmitError> {
        let user = self.authenticate(key)?;
        if let Some(idempotency) = &admission.idempotency
            && let Some(replay) = self.replay(&user, idempotency, now)?
        {
            return Ok(replay);
        }
        self.hold(&user, admission.limits)?;
        let transition = admission.job.admit(user.clone());
        let job = transition.job;
        if self.jobs.contains_key(&job.id) {
            return Err(taken(&job.id.to_string()).into());
        }
        if let Some(idempotency) = admission.idempotency {
            let kept = KeptKey {
                fingerprint: idempotency.fingerprint,
                job: job.id.clone(),
                removed: None,
                expires_at: now.plus(idempotency.kept_for),
            };
            self.idempotency.insert((user, idempotency.key), kept);
        }
        self.insert(job.clone(), admission.params, transition.events);
        self.behind.enter(&job.id, now);
        Ok(Admitted {
            job,
            replayed: false,
        })
    }

    /// The job that a known key stands for.
    fn replay(
        &self,
        user: &UserName,
        wanted: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<Admitted>, AdmitError> {
        let known = self
            .idempotency
            .get(&(user.clone(), wanted.key.clone()))
            .filter(|known| now < known.expires_at);
        let Some(known) = known else {
            return Ok(None);
        };
        if known.fingerprint != wanted.fingerprint {
            return Err(AdmitError::FingerprintMismatch {
                job: known.job.clone(),
            });
        }
        let job = self.job(&known.job).or(known.removed.as_ref()).cloned();
        Ok(job.map(|job| Admitted {
            job,
            replayed: true,
        }))
    }

    fn hold(&self, user: &UserName, limits: AdmissionLimits) -> Result<(), AdmitError> {
        let active = self.tenants.get(user).map_or(0, |tenant| tenant.active);
        match limits.active_of_user {
            Some(limit) if active >= limit => Err(AdmitError::TooManyActive { limit }),
            _ if self.waiting >= limits.queued => Err(AdmitError::BacklogFull {
                limit: limits.queued,
            }),
            _ => Ok(()),
        }
    }
}

fn taken(id: &str) -> StoreError {
    StoreError::Unavailable {
        reason: format!("there is a job {id} already; ids hold chance, so as never to be equal"),
        source: None,
    }
}
