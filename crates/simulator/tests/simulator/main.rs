//! A few histories, unoptimised: the ten thousand are a step of the test run of their own.

use batchway_simulator::{Plant, live};

/// Everything that happens by chance comes from the seed, or a failure could not be looked at.
#[test]
fn the_same_seed_makes_the_same_history() {
    for seed in 0..8 {
        let (first, second) = (live(seed, None, true), live(seed, None, true));
        assert!(first.trace.len() > 10, "seed {seed} tells nothing");
        for (one, other) in first.trace.iter().zip(&second.trace) {
            assert_eq!(one, other, "seed {seed}");
        }
        assert_eq!(first.trace.len(), second.trace.len(), "seed {seed}");
    }
}

#[test]
fn promises_are_kept_while_everything_fails() {
    let (mut jobs, mut faults) = (0, 0);
    for seed in 0..100 {
        let verdict = live(seed, None, false);
        assert_eq!(verdict.violation, None, "seed {seed}");
        jobs += verdict.jobs;
        faults += verdict.faults;
    }
    assert!(jobs > 100 && faults > 1000, "{jobs} jobs, {faults} faults");
}

/// Those that take few histories; all of them are caught by the step of the test run.
#[test]
fn a_planted_bug_is_noticed() {
    for plant in [
        Plant::SdkRetries,
        Plant::CancelledAtOnce,
        Plant::TrustEmptyDescribe,
        Plant::KeyIgnored,
    ] {
        let is_caught = (0..100).any(|seed| live(seed, Some(plant), false).violation.is_some());
        assert!(is_caught, "{plant}: {}", plant.description());
    }
}

#[test]
fn plants_have_names_of_their_own() {
    for plant in Plant::ALL {
        assert_eq!(plant.name().parse::<Plant>().as_ref(), Ok(plant));
    }
    let unknown = "no-such-bug".parse::<Plant>().unwrap_err();
    assert!(unknown.contains("sdk-retries"), "{unknown}");
}
