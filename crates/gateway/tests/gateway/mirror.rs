//! Jobs in a table of Supabase, over a real PostgreSQL: all of them as they are now, whatever was
//! away meanwhile, and nobody held up.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use batchway_test_servers::{RedisServer, Supabase};
use serde_json::{Value, json};

use crate::program::{Gateway, Installation, PATIENCE};

const MIGRATION: &str =
    include_str!("../../../../infra/supabase/migrations/20260301000000_batchway_jobs.sql");

/// As many steps as a simulation may have.
const FOR_LONG: u64 = 10_000_000;

fn project() -> Supabase {
    let supabase = Supabase::start();
    supabase.sql(MIGRATION);
    supabase
}

fn mirrored_to(supabase: &Supabase, key: &str) -> Installation {
    Installation::new(&[
        ("SUPABASE_URL", &supabase.url()),
        ("SUPABASE_SERVICE_KEY", key),
    ])
}

fn post(gateway: &Gateway, key: &str) -> String {
    post_simulation(gateway, key, 10)
}

fn post_simulation(gateway: &Gateway, key: &str, steps: u64) -> String {
    let body = json!({"job_type": "run_simulation", "params": {"simulation_config": {
        "mode": "open_chemistry",
        "config": {"num_particles": 10, "temperature": 300, "steps": steps},
    }}});
    let posted = gateway.post("/api/v1/jobs", key, &body);
    assert_eq!(posted.status, 202, "{posted:?}");
    posted.body["job_id"].as_str().unwrap().to_owned()
}

fn cancel(gateway: &Gateway, key: &str, id: &str) {
    let path = format!("/api/v1/jobs/{id}/cancel");
    let cancelled = gateway.post(&path, key, &Value::Null);
    assert!([200, 202].contains(&cancelled.status), "{cancelled:?}");
}

/// Every job of a user, as the API shows it, without links.
fn jobs(gateway: &Gateway, key: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut path = "/api/v1/jobs?limit=100".to_owned();
    loop {
        let page = gateway.get(&path, key).body;
        for job in page["jobs"].as_array().unwrap() {
            let mut job = job.clone();
            let fields = job.as_object_mut().unwrap();
            fields.retain(|name, _| !["result_url", "result_expires_at"].contains(&name.as_str()));
            all.insert(job["job_id"].as_str().unwrap().to_owned(), job);
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/jobs?limit=100&cursor={cursor}"),
            None => return all,
        }
    }
}

/// Every row of a user, as JSON with the API's form of times, by job.
fn rows(supabase: &Supabase, user: &str) -> BTreeMap<String, Value> {
    let (status, rows) = supabase.read("batchway_jobs", supabase.secret_key(), None);
    assert_eq!(status, 200, "{rows}");
    let rows = rows.as_array().unwrap().iter().cloned();
    let of_user = rows.filter(|row| row["user_id"] == user).map(|mut row| {
        let columns = row.as_object_mut().unwrap();
        columns.remove("user_id");
        (row["job_id"].as_str().unwrap().to_owned(), row)
    });
    of_user.collect()
}

/// Times are compared as the database shows them, which leaves zeros at the end of seconds out.
fn without_times(job: &Value) -> Value {
    let mut job = job.clone();
    let fields = job.as_object_mut().unwrap();
    fields.retain(|name, value| {
        !name.ends_with("_at") && (name != "backend_unreachable_since" || value.is_null())
    });
    job
}

/// Waits until the table shows what the API does.
fn wait_until_in_step(supabase: &Supabase, gateway: &Gateway, key: &str, user: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let plain = |all: BTreeMap<String, Value>| -> Vec<Value> {
            all.values().map(without_times).collect()
        };
        // The table first: it is never ahead.
        let shown = plain(rows(supabase, user));
        let expected = plain(jobs(gateway, key));
        if shown == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{} rows are not as the {} jobs",
            shown.len(),
            expected.len()
        );
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn every_job_is_shown_as_the_get_shows_it() {
    let supabase = project();
    let installation = mirrored_to(&supabase, &supabase.service_role_key());
    let mut gateway = installation.serve();
    gateway.wait_until_logged("jobs mirrored to the table batchway_jobs");
    let (ada, bob) = (
        installation.create_key("ada"),
        installation.create_key("bob"),
    );
    let first = post(&gateway, &ada);
    post(&gateway, &bob);
    wait_until_in_step(&supabase, &gateway, &ada, "ada");
    cancel(&gateway, &ada, &first);
    wait_until_in_step(&supabase, &gateway, &ada, "ada");
    wait_until_in_step(&supabase, &gateway, &bob, "bob");
    let created_at = jobs(&gateway, &ada)[&first]["created_at"].clone();
    let created_at = created_at.as_str().unwrap();
    let query = format!("select job_id from batchway_jobs where created_at = '{created_at}'");
    assert_eq!(supabase.sql(&query), first);
}

/// More jobs than are written at once change while the project is away, and each is one row
/// afterwards.
#[test]
fn an_outage_holds_nobody_up_and_costs_a_row_a_job() {
    let supabase = project();
    let installation = mirrored_to(&supabase, supabase.secret_key());
    // All but the first wait for their turn, however long the test takes.
    let installation = installation.set("BATCHWAY_PROCESS_CONCURRENCY", "1");
    let mut gateway = installation.serve();
    let key = installation.create_key("ada");
    supabase.go_away();
    let first = post_simulation(&gateway, &key, FOR_LONG);
    let waiting: Vec<String> = (1..120).map(|_| post(&gateway, &key)).collect();
    gateway.wait_until_logged("can't be reached");
    for id in &waiting {
        cancel(&gateway, &key, id);
    }
    cancel(&gateway, &key, &first);
    assert_eq!(gateway.get("/api/v1/jobs", &key).status, 200);
    assert_eq!(gateway.get("/readyz", "").status, 200);
    let rows = supabase.sql("select count(*) from batchway_jobs");
    assert_eq!(
        rows, "0",
        "all were answered while nothing could be written"
    );

    supabase.come_back();
    wait_until_in_step(&supabase, &gateway, &key, "ada");
    let cancelled = "select count(*) from batchway_jobs where status = 'cancelled' and xmax = 0";
    let once: usize = supabase.sql(cancelled).parse().unwrap();
    assert!(once >= 110, "{once} of 120 were written once");
}

#[test]
fn what_has_to_be_mended_is_in_the_log_and_nothing_is_lost() {
    let supabase = Supabase::start();
    let wrong = mirrored_to(&supabase, "sb_secret_hunter2");
    let mut gateway = wrong.serve();
    let key = wrong.create_key("ada");
    let id = post(&gateway, &key);
    let told = gateway.wait_for_line("does not take SUPABASE_SERVICE_KEY");
    assert!(told.contains("Invalid API key"), "{told}");
    cancel(&gateway, &key, &id);
    gateway.stop();
    let (code, log) = gateway.end();
    assert_eq!(code, Some(0));
    assert!(!log.concat().contains("hunter2"), "{log:#?}");

    let right = wrong.set("SUPABASE_SERVICE_KEY", supabase.secret_key());
    let mut gateway = right.serve();
    gateway.wait_until_logged("has no table batchway_jobs");
    supabase.sql(MIGRATION);
    wait_until_in_step(&supabase, &gateway, &key, "ada");
    assert!(
        rows(&supabase, "ada").contains_key(&id),
        "from before the key was right"
    );
}

/// Two gateways on one Redis mirror what either changes; one is killed while they do.
#[test]
fn replicas_share_the_mirror_and_one_that_dies_leaves_nothing_behind() {
    let supabase = project();
    let redis = RedisServer::start();
    let port = redis.port().to_string();
    let secret = "s".repeat(32);
    let replica = || {
        mirrored_to(&supabase, supabase.secret_key())
            .set("REDIS_HOST", "127.0.0.1")
            .set("REDIS_PORT", &port)
            .set("BATCHWAY_SECRET", &secret)
    };
    let (one, two) = (replica(), replica());
    let (doomed, gateway) = (one.serve(), two.serve());
    let keys: Vec<(String, String)> = (0..4)
        .map(|number| format!("user{number}"))
        .map(|user| (one.create_key(&user), user))
        .collect();
    for round in 0..10 {
        for (key, _) in &keys {
            let id = post(&doomed, key);
            if round % 2 == 0 {
                cancel(&gateway, key, &id);
            }
        }
    }
    drop(doomed);
    for (key, user) in &keys {
        wait_until_in_step(&supabase, &gateway, key, user);
    }
}
