//! What befalls the world as a whole while there are faults.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::plants::Plant;
use crate::store::UNWRITTEN;
use crate::world::World;

/// Troubles come one after the other until the last fault is over.
pub(crate) async fn turn_bad(world: Arc<World>) {
    let mean = u64::try_from(world.plan.trouble_every.as_millis()).unwrap_or(u64::MAX);
    loop {
        sleep(world.dice.millis(100, 2 * mean)).await;
        if world.weather.is_fair() {
            return;
        }
        world.weather.count_disturbance();
        befall(&world).await;
    }
}

async fn befall(world: &Arc<World>) {
    let (dice, weather) = (&world.dice, &world.weather);
    let while_ = |least, most| sleep(dice.millis(least, most));
    match dice.below(12) {
        0 | 1 => {
            weather.set_store_down(true);
            while_(200, 15_000).await;
            lose_the_unwritten(world);
            weather.set_store_down(false);
        }
        2 => {
            weather.set_artifacts_down(true);
            while_(200, 20_000).await;
            weather.set_artifacts_down(false);
        }
        3 => {
            weather.set_batch_down(true);
            while_(200, 60_000).await;
            weather.set_batch_down(false);
        }
        4 => {
            weather.set_rights_missing(true);
            while_(1_000, 60_000).await;
            weather.set_rights_missing(false);
        }
        5 => {
            weather.set_calls_throttled(true);
            while_(500, 10_000).await;
            weather.set_calls_throttled(false);
        }
        6 => {
            weather.set_gateways_cut_off(true);
            while_(500, 30_000).await;
            weather.set_gateways_cut_off(false);
        }
        7..=9 => world.lose_a_machine(),
        10 => world.lose_a_job(),
        _ => world.have_someone_copy_a_job(),
    }
}

/// A store that answered before its disk had it comes up without what it answered last.
fn lose_the_unwritten(world: &World) {
    if !world.is_planted(Plant::NoBarrier) {
        return;
    }
    if let Some(written) = world.take_written() {
        world.jobs.restore(&written);
    }
}

/// What a store that does not wait for its disk has on it: a moment that is over.
pub(crate) async fn write_now_and_then(world: Arc<World>) {
    if !world.is_planted(Plant::NoBarrier) {
        return;
    }
    loop {
        if !world.weather.store_is_down() {
            world.keep_written(world.jobs.snapshot());
        }
        sleep(UNWRITTEN.max(Duration::from_millis(1))).await;
    }
}
