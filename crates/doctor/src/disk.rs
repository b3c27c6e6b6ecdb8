//! Room on the disk of the data folder.

use crate::check::{About, Check, Mend};

const GIB: u64 = 1024 * 1024 * 1024;

/// Below this a database, a run or a result may fail at any moment.
const TOO_LITTLE: u64 = GIB / 4;
/// Below this someone should look after it.
const LITTLE: u64 = 2 * GIB;

/// Judges how many bytes are free for this user.
pub fn room_on_disk(about: &About, free: u64) -> Check {
    let seen = format!("{} MiB are free", free / (1024 * 1024));
    let mend = || {
        Mend::by(
            "make room, or put BATCHWAY_DATA_DIR on a larger disk; runs and artifacts take most",
        )
        .command("du -sh batchway-data/*")
    };
    match free {
        0..TOO_LITTLE => about.failed(seen, "jobs can't be recorded or run", mend()),
        TOO_LITTLE..LITTLE => about.warning(seen, "a few results may fill it", mend()),
        _ => about.passed(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    #[test]
    fn room_by_how_much_is_left() {
        let verdict = |free| room_on_disk(&About::new("a", "b"), free).verdict;
        assert_eq!(verdict(0), Verdict::Failed);
        assert_eq!(verdict(TOO_LITTLE), Verdict::Warning);
        assert_eq!(verdict(LITTLE), Verdict::Passed);
    }
}
