//! Gateways of one Redis are replaced one after the other, as docs/deployment.md has it: callers
//! are refused nothing meanwhile, and what runs goes on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use batchway_test_servers::RedisServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Answer, Gateway, Installation, PATIENCE, get_from, post_to};

const GATEWAYS: usize = 3;
/// Jobs of one gateway at once.
const CONCURRENCY: usize = 2;
/// Jobs that are posted at each stage of a replacement.
const POSTS: usize = 2;
const READERS: usize = 2;

/// Passes requests on, in turn, to the gateways that are in: a load balancer of which one takes
/// a server out before it is stopped.
struct Front {
    key: String,
    gateways: RwLock<Vec<Option<String>>>,
    turn: AtomicUsize,
}

impl Front {
    fn put_in(&self, place: usize, gateway: &Gateway) {
        self.gateways.write().unwrap()[place] = Some(gateway.url().to_owned());
    }

    /// Returns when what was passed on to it has been answered.
    fn take_out(&self, place: usize) {
        self.gateways.write().unwrap()[place] = None;
    }

    fn ask(&self, request: impl FnOnce(&str) -> Answer) -> Answer {
        let gateways = self.gateways.read().unwrap();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut those_in = gateways.iter().flatten().cycle().skip(turn % GATEWAYS);
        request(those_in.next().unwrap())
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.ask(|gateway| get_from(gateway, path, &self.key));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    fn post_jobs(&self, jobs: &mut Vec<String>, number: usize) {
        let body = json!({"job_type": "gate", "params": {}});
        for _ in 0..number {
            let answer = self.ask(|gateway| post_to(gateway, "/api/v1/jobs", &self.key, &body));
            assert_eq!(answer.status, 202, "{answer:?}");
            jobs.push(answer.body["job_id"].as_str().unwrap().to_owned());
        }
    }

    fn wait_for(&self, status: &str, number: usize) -> Vec<Value> {
        let path = format!("/api/v1/jobs?limit=100&status={status}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.get(&path);
            let jobs = page["jobs"].as_array().unwrap();
            if jobs.len() == number {
                return jobs.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{} of {number} are {status}: {}",
                jobs.len(),
                self.get("/api/v1/jobs?limit=100")
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Sends those home who read until it is over, also when the test has failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A job writes down that it runs, and ends once the file `open` is there.
fn job_types(folder: &Path) -> String {
    let place = folder.display();
    let program =
        format!("echo $JOB_ID >> {place}/runs; until [ -e {place}/open ]; do sleep 0.1; done");
    format!(
        "[gate]\nsummary = \"Waits for a file.\"\nparams_schema = {{ type = \"object\" }}\n\
         example = {{}}\n[gate.process]\ncommand = [\"sh\", \"-c\", \"{program}\"]\n"
    )
}

fn installations(redis: &RedisServer, folder: &Path) -> Vec<Installation> {
    let types = folder.join("job-types.toml");
    std::fs::write(&types, job_types(folder)).unwrap();
    let installation = |_| {
        Installation::new(&[
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", &redis.port().to_string()),
            ("BATCHWAY_SECRET", &"s".repeat(32)),
            ("BATCHWAY_JOB_TYPES", types.to_str().unwrap()),
            ("BATCHWAY_PROCESS_CONCURRENCY", &CONCURRENCY.to_string()),
        ])
    };
    (0..GATEWAYS).map(installation).collect()
}

#[test]
fn replaced_one_after_the_other_they_refuse_nothing_and_run_every_job_once() {
    let redis = RedisServer::start();
    let folder = TempDir::new().unwrap();
    let installations = installations(&redis, folder.path());
    let mut gateways: Vec<Gateway> = installations.iter().map(Installation::serve).collect();
    let front = Front {
        key: installations[0].create_key("user123"),
        gateways: RwLock::new(vec![None; GATEWAYS]),
        turn: AtomicUsize::new(0),
    };
    for (place, gateway) in gateways.iter().enumerate() {
        front.put_in(place, gateway);
    }
    let mut jobs = Vec::new();
    front.post_jobs(&mut jobs, GATEWAYS * CONCURRENCY);
    front.wait_for("running", GATEWAYS * CONCURRENCY);

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = Over(&over);
        let first = format!("/api/v1/jobs/{}", jobs[0]);
        for _ in 0..READERS {
            let (front, over, first) = (&front, &over, first.clone());
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(front.get(&first)["status"], "running");
                    front.get("/api/v1/jobs");
                }
            });
        }
        for (place, installation) in installations.iter().enumerate() {
            front.post_jobs(&mut jobs, POSTS);
            front.take_out(place);
            let former = gateways.remove(place);
            former.stop();
            front.post_jobs(&mut jobs, POSTS);
            let (code, log) = former.end();
            assert_eq!(code, Some(0), "{log:#?}");
            front.post_jobs(&mut jobs, POSTS);
            let next = installation.serve();
            next.wait_for_status("/readyz", "", 200);
            front.put_in(place, &next);
            gateways.insert(place, next);
        }
    });

    std::fs::write(folder.path().join("open"), "").unwrap();
    for job in front.wait_for("completed", jobs.len()) {
        assert_eq!(job["attempts"].as_array().unwrap().len(), 1, "{job}");
    }
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap();
    let mut times = BTreeMap::new();
    for job in runs.lines() {
        *times.entry(job.to_owned()).or_insert(0) += 1;
    }
    let once: BTreeMap<String, i32> = jobs.into_iter().map(|job| (job, 1)).collect();
    assert_eq!(times, once);
}
