//! How much of Redis's memory a job takes.

use futures_util::future::join_all;

use super::fixture::Fixture;

const JOBS: u64 = 2000;

const OUTBOX: [&str; 4] = [
    "deliveries",
    "deliveries-of",
    "deliveries-due",
    "deliveries-turns",
];

/// Record, index, due entry, events; the params apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_takes_at_most_1_kib_and_its_events() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    let before = used(&fixture);
    let jobs = fixture
        .admit_many("ada", &key, usize::try_from(JOBS).unwrap())
        .await;
    for some in jobs.chunks(100) {
        join_all(some.iter().map(|job| fixture.start(job))).await;
    }
    let all = (used(&fixture) - before) / JOBS;
    let tag = format!("{{bw:{}}}", jobs[0].id.shard());
    let of = |name: &str| {
        let key = format!("{tag}:{name}");
        let usage = fixture
            .server
            .cli(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]);
        usage.parse::<u64>().unwrap_or(0) / JOBS
    };
    let parts = [
        "jobs",
        "params",
        "index:ada",
        "due:watch:process",
        "events:ada",
    ]
    .map(|name| (name, of(name)));
    println!("{all} bytes a running job in all; {parts:?}");
    let record: u64 = parts
        .iter()
        .filter(|(name, _)| ["jobs", "index:ada", "due:watch:process"].contains(name))
        .map(|(_, bytes)| bytes)
        .sum();
    assert!(record <= 1024, "{record} bytes: {parts:?}");
    for name in OUTBOX {
        assert_eq!(of(name), 0, "{name}: nobody is told of these jobs");
    }
    assert_eq!(of("mirror-backlog"), 0, "nobody mirrors these jobs");
}

/// Beside what its job takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_delivery_takes_at_most_1_kib() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    let told = join_all((0..JOBS).map(|_| fixture.post("ada", &key))).await;
    let tag = format!("{{bw:{}}}", told[0].id.job().shard());
    let parts = OUTBOX.map(|name| {
        let key = format!("{tag}:{name}");
        let usage = fixture
            .server
            .cli(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]);
        (name, usage.parse::<u64>().unwrap() / JOBS)
    });
    let all: u64 = parts.iter().map(|(_, bytes)| bytes).sum();
    println!("{all} bytes a waiting delivery in all; {parts:?}");
    assert!(all <= 1024, "{all} bytes: {parts:?}");
}

fn used(fixture: &Fixture) -> u64 {
    let info = fixture.server.cli(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}
