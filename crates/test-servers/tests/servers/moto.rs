use batchway_test_servers::Moto;

fn status(url: &str) -> u16 {
    ureq::get(url).call().map_or_else(
        |error| panic!("{url}: {error}"),
        |answer| answer.status().as_u16(),
    )
}

fn pace_of_jobs(moto: &Moto) -> String {
    let path = "moto-api/state-manager/get-transition?model_name=batch::job";
    format!("{}/{path}", moto.url())
}

#[test]
fn the_shared_one_answers_and_is_the_same_for_all() {
    let moto = Moto::shared();
    assert_eq!(status(&pace_of_jobs(&moto)), 200);
    assert_eq!(Moto::shared().url(), moto.url());
    assert!(moto.url_in_containers().ends_with(&moto.port().to_string()));
}

#[test]
fn one_of_its_own_takes_settings_and_is_gone_when_dropped() {
    let moto = Moto::start();
    moto.set_batch_progression(1);
    moto.unset_batch_progression();
    moto.check_permissions_after(1000);
    let url = pace_of_jobs(&moto);
    assert_eq!(status(&url), 200);
    drop(moto);
    ureq::get(&url).call().expect_err("nobody listens there");
}
