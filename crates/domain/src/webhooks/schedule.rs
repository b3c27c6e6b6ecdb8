//! When a delivery is tried again.

use std::time::Duration;

/// The waits between the attempts of a delivery. There is one attempt more than there are waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule(Vec<Duration>);

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl RetrySchedule {
    /// The most attempts of a delivery.
    pub const MAX_ATTEMPTS: usize = 20;

    /// The longest a schedule may take from the first attempt to the last: jobs are kept for eight
    /// days at least, and their deliveries with them.
    pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

    /// A schedule with these waits.
    ///
    /// # Errors
    /// [`InvalidSchedule`] where there are too many of them or they take too long.
    pub fn new(waits: Vec<Duration>) -> Result<Self, InvalidSchedule> {
        let whole: Duration = waits
            .iter()
            .try_fold(Duration::ZERO, |sum, wait| sum.checked_add(*wait))
            .ok_or(InvalidSchedule)?;
        if waits.len() >= Self::MAX_ATTEMPTS || whole > Self::LONGEST {
            return Err(InvalidSchedule);
        }
        Ok(Self(waits))
    }

    /// The wait after so many failed attempts, up to a fifth longer by `chance`, so that what
    /// failed together does not come again together; `None` where there is no further attempt.
    pub fn wait_after(&self, attempts: u32, chance: u8) -> Option<Duration> {
        let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
        let wait = *self.0.get(index)?;
        Some(wait + wait.mul_f64(f64::from(chance) / f64::from(u8::MAX) / 5.0))
    }

    /// How many attempts there are in all.
    pub fn attempts(&self) -> usize {
        self.0.len() + 1
    }
}

impl Default for RetrySchedule {
    /// Ten attempts over three days.
    fn default() -> Self {
        Self(vec![
            5 * SECOND,
            MINUTE,
            5 * MINUTE,
            30 * MINUTE,
            2 * HOUR,
            5 * HOUR,
            10 * HOUR,
            18 * HOUR,
            29 * HOUR,
        ])
    }
}

/// A schedule that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a delivery has at most 20 attempts, and at most 7 days for them")]
pub struct InvalidSchedule;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_ten_attempts_over_about_three_days() {
        let schedule = RetrySchedule::default();
        assert_eq!(schedule.attempts(), 10);
        for (chance, hours) in [(0, 64..66), (255, 77..79)] {
            let whole: Duration = (1..)
                .map_while(|made| schedule.wait_after(made, chance))
                .sum();
            assert!(hours.contains(&(whole.as_secs() / 3600)), "{whole:?}");
        }
        assert_eq!(schedule.wait_after(10, 0), None);
        assert_eq!(schedule.wait_after(0, 0), None);
    }

    #[test]
    fn waits_grow_and_vary_by_a_fifth() {
        let schedule = RetrySchedule::default();
        let waits: Vec<_> = (1..10)
            .map(|made| schedule.wait_after(made, 0).unwrap())
            .collect();
        assert!(waits.is_sorted());
        assert_eq!(
            schedule.wait_after(2, 255).unwrap(),
            Duration::from_secs(72)
        );
    }

    #[test]
    fn what_takes_longer_than_a_job_is_kept_is_no_schedule() {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        assert!(RetrySchedule::new(vec![days(7)]).is_ok());
        assert!(RetrySchedule::new(vec![days(7), SECOND]).is_err());
        assert!(RetrySchedule::new(vec![Duration::MAX, Duration::MAX]).is_err());
        assert!(RetrySchedule::new(vec![SECOND; 20]).is_err());
    }
}
