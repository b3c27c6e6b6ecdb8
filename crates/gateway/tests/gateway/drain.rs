//! Stopping in the right order.

use crate::program::Installation;

#[test]
fn readiness_goes_off_before_the_listener() {
    let installation = Installation::new(&[("BATCHWAY_DRAIN_DELAY", "5m")]);
    let mut gateway = installation.serve();
    let key = installation.create_key("user123");
    gateway.stop();
    gateway.wait_for_line("stopping");
    gateway.wait_for_status("/readyz", "", 503);
    assert_eq!(gateway.get("/api/v1/jobs", &key).status, 200);
}

#[test]
fn the_end_of_the_delay_is_the_end() {
    let installation = Installation::new(&[("BATCHWAY_DRAIN_DELAY", "2s")]);
    let gateway = installation.serve();
    gateway.stop();
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn a_second_signal_ends_the_delay() {
    let installation = Installation::new(&[("BATCHWAY_DRAIN_DELAY", "5m")]);
    let mut gateway = installation.serve();
    gateway.stop();
    gateway.wait_for_line("stopping");
    gateway.stop();
    assert_eq!(gateway.end().0, Some(1));
}
