//! A process that writes as fast as it can is killed again and again, at any moment, and each
//! time everything that it was told was done must be there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::{Job, machine};
use batchway_domain::ports::{ApiKeys, Clock, JobCommit, JobStore, KeyRecord};
use batchway_domain::security::{ApiKey, WebhookTarget};
use batchway_job_store_sqlite::SqliteJobStore;
use batchway_memory_adapters::ManualClock;
use batchway_port_contracts::specimens;
use tokio::time::Instant;

/// How often the process is killed, at most and at least.
const ROUNDS: u64 = 300;
const FEWEST_ROUNDS: u64 = 40;

/// Where the disk is so slow that it takes longer, that's enough rounds.
const ENOUGH: Duration = Duration::from_secs(90);

/// A new store after so many rounds, so that checking one does not become the longest part.
const ROUNDS_PER_STORE: u64 = 20;

/// At most so many acknowledgements are waited for before the process is killed.
const MOST_ACKNOWLEDGED: u64 = 150;

/// How many callers the process serves at once.
const CALLERS: u64 = 12;

/// Tells this program, started anew, to be the process that is killed.
const VICTIM_FILE: &str = "BATCHWAY_TEST_VICTIM_FILE";
const VICTIM_ROUND: &str = "BATCHWAY_TEST_VICTIM_ROUND";

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    if let Some(file) = variable(VICTIM_FILE) {
        let round = variable(VICTIM_ROUND).unwrap().parse().unwrap();
        be_the_victim(Path::new(&file), round);
    }
    let mut chance = Chance(0x5eed);
    let mut acknowledged_in_all = 0;
    let begun = Instant::now();
    let mut rounds = 0;
    for first_round in (0..ROUNDS).step_by(ROUNDS_PER_STORE as usize) {
        if rounds >= FEWEST_ROUNDS && begun.elapsed() > ENOUGH {
            break;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.sqlite");
        register_key(&file);
        let mut acknowledged = BTreeMap::new();
        for round in first_round..(first_round + ROUNDS_PER_STORE).min(ROUNDS) {
            rounds += 1;
            let until = chance.below(MOST_ACKNOWLEDGED);
            run_and_kill(&file, round, until, &mut acknowledged);
            check(&file, &acknowledged);
        }
        acknowledged_in_all += acknowledged.len();
    }
    println!("{rounds} rounds, {acknowledged_in_all} jobs acknowledged, none lost");
    assert!(acknowledged_in_all > 0);
}

/// What `batchway keys create` does while the gateway runs.
#[test]
fn keys_can_be_registered_beside_a_process_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.sqlite");
    register_key(&file);
    let mut victim = start(&file, 0);
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut next = || lines.find_map(|line| parse(&line.unwrap())).unwrap();
    let mut acknowledged = BTreeMap::from([next()]);

    register_more_keys(&file, 30);
    for _ in 0..100 {
        let (id, version) = next();
        acknowledged.insert(id, version);
    }
    victim.kill().unwrap();
    acknowledged.extend(lines.filter_map(|line| parse(&line.unwrap())));
    victim.wait().unwrap();
    check(&file, &acknowledged);
}

#[tokio::main(flavor = "current_thread")]
async fn register_more_keys(file: &Path, count: u8) {
    let store = open(file);
    for number in 0..count {
        let user: UserName = "bob".parse().unwrap();
        let digest = ApiKey::new(&user, [number; ApiKey::ENTROPY_BYTES]).digest();
        let record = KeyRecord {
            digest,
            user,
            created_at: ManualClock::default().now(),
            revoked_at: None,
        };
        store.register(&record).await.unwrap();
        store.authenticate(&digest).await.unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells a copy of itself what to do"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Numbers that look random and are the same each time (xorshift).
struct Chance(u64);

impl Chance {
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn user() -> UserName {
    "ann".parse().unwrap()
}

fn key() -> ApiKey {
    ApiKey::new(&user(), [7; ApiKey::ENTROPY_BYTES])
}

fn open(file: &Path) -> SqliteJobStore {
    let store = SqliteJobStore::open(file, Arc::new(ManualClock::default())).unwrap();
    store.with_mirror_backlog()
}

#[tokio::main(flavor = "current_thread")]
async fn register_key(file: &Path) {
    let record = KeyRecord {
        digest: key().digest(),
        user: user(),
        created_at: ManualClock::default().now(),
        revoked_at: None,
    };
    open(file).register(&record).await.unwrap();
}

/// Never returns: admits jobs, moves them on, and says so after each answer, until it is killed.
#[tokio::main(worker_threads = 2)]
async fn be_the_victim(file: &Path, round: u64) -> ! {
    let store = Arc::new(open(file));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(serve_one_caller(
            Arc::clone(&store),
            round * CALLERS + caller,
        ));
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    unreachable!("callers never have enough");
}

async fn serve_one_caller(store: Arc<SqliteJobStore>, caller: u64) {
    let now = ManualClock::default().now();
    for number in 0.. {
        let serial = (caller << 32) | number;
        let mut new = specimens::new_job(&user(), now, serial);
        new.webhook = Some(WebhookTarget::parse("https://example.com/hook").unwrap());
        let admission = specimens::admission(new);
        let mut job = store.admit(&key().digest(), admission).await.unwrap().job;
        acknowledge(&job);
        for step in 0..3_u8 {
            let observation = match step {
                0 => specimens::claimed(now),
                1 => specimens::taken(&job),
                _ => specimens::running(&job, now),
            };
            let moved = machine::observe(&job, &observation, &specimens::rules(), now).unwrap();
            let commit = JobCommit {
                expected_version: job.version,
                operation: (u128::from(serial) << 8) | u128::from(step),
                job: moved.job,
                events: moved.events,
            };
            job = commit.job.clone();
            store.commit(commit).await.unwrap();
            acknowledge(&job);
        }
    }
}

/// Says to the one who watches that the caller has been answered.
#[expect(clippy::print_stdout, reason = "what the one who watches reads")]
fn acknowledge(job: &Job) {
    println!("done {} {}", job.id, job.version);
}

/// Starts a victim, kills it once it has acknowledged so much, and adds what it acknowledged
/// until its very end.
fn run_and_kill(file: &Path, round: u64, until: u64, acknowledged: &mut BTreeMap<JobId, u64>) {
    let mut victim = start(file, round);
    let output = BufReader::new(victim.stdout.take().unwrap());
    let mut seen = 0;
    for line in output.lines() {
        if let Some((id, version)) = parse(&line.unwrap()) {
            acknowledged.insert(id, version);
            seen += 1;
        }
        if seen == until {
            victim.kill().unwrap();
        }
    }
    let status = victim.wait().unwrap();
    assert!(
        status.code().is_none(),
        "the victim ended by itself: {status}"
    );
}

fn start(file: &Path, round: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("killed::nothing_acknowledged_is_lost_when_the_process_is_killed")
        .env(VICTIM_FILE, file)
        .env(VICTIM_ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The last line may be cut off; then its job was not yet told to anyone.
fn parse(line: &str) -> Option<(JobId, u64)> {
    let (_, told) = line.split_once("done ")?;
    let (id, version) = told.split_once(' ')?;
    Some((id.parse().ok()?, version.parse().ok()?))
}

/// Opens what the victim left, as a gateway does that is started again, and looks for all of it.
fn check(file: &Path, acknowledged: &BTreeMap<JobId, u64>) {
    check_acknowledged(file, acknowledged);
    check_whole(&rusqlite::Connection::open(file).unwrap());
}

#[tokio::main(flavor = "current_thread")]
async fn check_acknowledged(file: &Path, acknowledged: &BTreeMap<JobId, u64>) {
    let store = open(file);
    for (id, version) in acknowledged {
        let job = store.load(id).await.unwrap();
        let job = job.unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        assert!(
            job.version == *version || job.version == version + 1,
            "{id} was acknowledged at version {version} and is at {}",
            job.version
        );
    }
}

/// Nothing is there by halves: each of these queries finds nothing.
fn check_whole(connection: &rusqlite::Connection) {
    let intact: String = connection
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(intact, "ok");
    let faults = [
        ("orphans", "SELECT * FROM pragma_foreign_key_check"),
        (
            "jobs without params, due entry or events",
            "SELECT id FROM jobs
             WHERE number NOT IN (SELECT job FROM params)
                OR number NOT IN (SELECT job FROM due)
                OR number NOT IN (SELECT job FROM events)",
        ),
        (
            "a job whose record has another version",
            "SELECT id FROM jobs WHERE json_extract(record, '$.version') <> version",
        ),
        (
            "gaps in the events",
            "SELECT name FROM tenants JOIN events ON events.tenant = tenants.number
             GROUP BY tenants.number
             HAVING max(events.number) <> count(*) OR max(events.number) <> tenants.events",
        ),
        (
            "events that nobody is told of",
            "SELECT events.job FROM events
             WHERE event ->> '$.kind' IN ('running', 'completed', 'failed', 'cancelled')
               AND (job, event ->> '$.number') NOT IN (SELECT job, event FROM deliveries)",
        ),
        (
            "deliveries without their event, or that are to be sent and will not be",
            "SELECT job FROM deliveries
             WHERE (job, event) NOT IN (SELECT job, event ->> '$.number' FROM events)
                OR (record ->> '$.state' = 'pending') <> (number IN (SELECT delivery FROM outbox))",
        ),
        (
            "jobs that are not to be mirrored",
            "SELECT id FROM jobs WHERE number NOT IN (SELECT job FROM mirror_backlog)",
        ),
        (
            "a wrong count of waiting jobs",
            "SELECT queued FROM backlog
             WHERE queued <> (SELECT count(*) FROM due WHERE lane LIKE 'dispatch:%')",
        ),
        (
            "a wrong count of active jobs",
            "SELECT name FROM tenants WHERE active <>
                (SELECT count(*) FROM jobs WHERE tenant = tenants.number AND NOT ended)",
        ),
    ];
    for (what, sql) in faults {
        assert!(
            !connection.prepare(sql).unwrap().exists(()).unwrap(),
            "{what}"
        );
    }
}
