//! A cancel at every point of a job's life, with a gate and without, on both kinds of backend. The
//! world does its worst meanwhile: whatever may start starts as soon as it can, and stops take
//! their time.

mod kind;
mod life;
mod point;

use kind::{KINDS, Kind};
use life::Life;
use point::Point;

async fn live(kind: Kind, point: Point, has_slow_stops: bool) {
    let what = format!("{kind:?} at {point:?}, slow stops: {has_slow_stops}");
    let life = Life::new(kind, point).await;
    if has_slow_stops {
        life.backend().hold_stops();
    }
    life.come_and_cancel().await;
    let taken = life.backend().submissions_taken();
    assert!(taken <= 2, "{what}");
    let (before, stops) = (life.job(), life.stops());
    let is_over = before.status().is_terminal();
    life.check_what_is_said(taken).await;
    let lively = life.go_on(taken).await;
    let stops = life.stops() - stops;

    let job = life.job();
    assert_eq!(job.status(), point.end(), "{what}: {job:#?}");
    assert_eq!(job.surplus, [], "{what}");
    for copy in life.copies() {
        assert!(!life.is_alive(&copy).await, "{what}: {copy} lives on");
    }
    if is_over {
        assert_eq!(job, before, "{what}");
    }
    // Asked for at least once a minute, as long as it does not show.
    assert!(3 * stops >= lively, "{what}: {stops} in {lively} rounds");
    life.cancel();
    assert_eq!(life.job(), job, "{what}");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_at_any_point_is_honest_and_comes_to_an_end() {
    for kind in KINDS {
        for point in Point::ALL {
            if !point.exists_for(kind) {
                continue;
            }
            for has_slow_stops in [false, true] {
                live(kind, point, has_slow_stops).await;
            }
        }
    }
}
