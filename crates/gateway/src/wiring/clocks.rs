//! Whether this machine's clock can be trusted beside the store's.

use std::time::Duration;

use batchway_domain::Timestamp;

use crate::failure::Failure;

/// A lease lasts a minute and is judged by more than one clock: beyond this it might look over
/// while it is held.
pub(crate) const TOLERATED: Duration = Duration::from_secs(10);

/// Refuses a clock that is off: jobs would be looked for too early or much too late, and links
/// and signatures would be refused.
pub(super) fn compare(ours: Timestamp, theirs: Timestamp) -> Result<(), Failure> {
    let (ahead, behind) = (ours.since(theirs), theirs.since(ours));
    let (off, direction) = if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    };
    if off <= TOLERATED {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "this machine's clock shows {ours}, which is {} {direction} Redis's: set the one that is \
         wrong, for example with `chronyc makestep`, and start again",
        humantime::format_duration(Duration::from_secs(off.as_secs()))
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }

    #[test]
    fn clocks_that_differ_by_seconds_are_good_enough() {
        for off in [0, 1, 10] {
            let later = noon().plus(Duration::from_secs(off));
            compare(later, noon()).unwrap();
            compare(noon(), later).unwrap();
        }
    }

    #[test]
    fn a_clock_that_is_off_is_named_with_how_far() {
        let later = noon().plus(Duration::from_secs(3601));
        let fast = compare(later, noon()).unwrap_err().to_string();
        assert!(fast.contains("1h 1s ahead of Redis's"), "{fast}");
        let slow = compare(noon(), later).unwrap_err().to_string();
        assert!(slow.contains("1h 1s behind Redis's"), "{slow}");
        assert!(slow.contains("chronyc"), "{slow}");
    }
}
