//! How far this machine's clock is from the server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use batchway_domain::ports::Clock;

/// Watches the `Date` of every reply.
#[derive(Clone, Debug)]
pub(crate) struct ServerClock {
    ours: Arc<dyn Clock>,
    lead_millis: Arc<AtomicI64>,
}

/// By how much our clock differs from the server's, in milliseconds; positive where ours is
/// ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lead(i64);

impl Lead {
    /// S3 refuses what is signed more than 15 minutes off; by then links have long been wrong.
    const TOLERABLE: Duration = Duration::from_secs(5 * 60);

    #[cfg(test)]
    pub(crate) const fn from_minutes(minutes: i64) -> Self {
        Self(minutes * 60_000)
    }

    pub(crate) fn is_tolerable(self) -> bool {
        u128::from(self.0.unsigned_abs()) <= Self::TOLERABLE.as_millis()
    }

    /// Such as `60 minutes behind`.
    pub(crate) fn in_words(self) -> String {
        let minutes = self.0.unsigned_abs().div_ceil(60_000);
        let direction = if self.0 < 0 { "behind" } else { "ahead" };
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        format!("{minutes} {unit} {direction}")
    }
}

impl ServerClock {
    pub(crate) fn new(ours: Arc<dyn Clock>) -> Self {
        Self {
            ours,
            lead_millis: Arc::default(),
        }
    }

    /// As of the latest reply; none where there was no reply yet.
    pub(crate) fn lead(&self) -> Lead {
        Lead(self.lead_millis.load(Ordering::Relaxed))
    }
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "ServerClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        // A reply out of a cache bears the date of its first delivery.
        let date = headers.get("date").filter(|_| headers.get("age").is_none());
        let theirs = date
            .and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok())
            .and_then(|date| date.to_millis().ok());
        if let Some(theirs) = theirs {
            let lead = self.ours.now().as_millis().saturating_sub(theirs);
            self.lead_millis.store(lead, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_too_much_and_a_minute_is_not() {
        assert!(Lead::default().is_tolerable());
        assert!(Lead::from_minutes(-1).is_tolerable());
        assert!(!Lead::from_minutes(60).is_tolerable());
        assert!(!Lead::from_minutes(-60).is_tolerable());
        assert_eq!(Lead::from_minutes(-60).in_words(), "60 minutes behind");
        assert_eq!(Lead(900).in_words(), "1 minute ahead");
    }
}
