//! POST, GET and list, beside the ceiling on the same Redis.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use batchway_test_servers::RedisServer;

use crate::Outcome;
use crate::gateway::{Installation, Served, serve_ceiling};
use crate::load::{self, Measured, Request, post_request};
use crate::table::{median, milliseconds, print, rate};

const CONNECTIONS: [u64; 3] = [1, 16, 64];

/// Callers are of so many users, as a user's jobs share a shard.
const USERS: u64 = 8;

const PARAMS: &str = r#"{"simulation_config":{"mode":"open_chemistry","config":{"num_particles":1000,"temperature":300,"steps":50000}}}"#;

/// The gateway and the ceiling, both running.
struct Pair {
    gateway: Served,
    ceiling: Served,
    keys: Arc<[String]>,
    /// Numbers every POST, as no key may come twice.
    posts: Arc<AtomicU64>,
}

/// What is asked for, and its answer.
struct Kind {
    name: &'static str,
    status: u16,
    request: Request,
}

pub(crate) async fn measure(span: Duration, turns: usize, jobs: u64) -> Outcome {
    let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let installation = Installation::on(&redis);
    let keys = (0..USERS)
        .map(|number| installation.create_key(&format!("user{number}")))
        .collect::<Outcome<Vec<_>>>()?;
    let pair = Pair {
        gateway: installation.serve(&["--no-worker"]).await?,
        ceiling: serve_ceiling(&redis).await?,
        keys: keys.into(),
        posts: Arc::default(),
    };
    compare(&pair, &redis, span, turns).await?;
    long_lists(&pair, &installation, &redis, span, turns, jobs).await
}

async fn compare(pair: &Pair, redis: &RedisServer, span: Duration, turns: usize) -> Outcome {
    let mut rows = Vec::new();
    let job = pair.first_job().await?;
    for kind in [pair.post(), pair.get(&job), pair.list(0)] {
        for connections in CONNECTIONS {
            let mut turn = Turns::default();
            for _ in 0..turns {
                turn.add(
                    load::during(
                        pair.gateway.port,
                        connections,
                        span,
                        kind.status,
                        &kind.request,
                    )
                    .await?,
                    load::during(
                        pair.ceiling.port,
                        connections,
                        span,
                        kind.status,
                        &kind.request,
                    )
                    .await?,
                );
            }
            rows.push(turn.row(kind.name, connections));
        }
    }
    print(
        "Requests a second, beside the ceiling",
        &[
            "request",
            "connections",
            "gateway",
            "ceiling",
            "ratio",
            "median",
            "p99",
        ],
        &rows,
    );
    redis_benchmark(redis)
}

/// What the gateway and the ceiling gave in turn.
#[derive(Default)]
struct Turns {
    gateway: Vec<f64>,
    ceiling: Vec<f64>,
    last: Option<Measured>,
}

impl Turns {
    fn add(&mut self, gateway: Measured, ceiling: Measured) {
        self.gateway.push(gateway.per_second);
        self.ceiling.push(ceiling.per_second);
        self.last = Some(gateway);
    }

    fn row(self, name: &str, connections: u64) -> Vec<String> {
        let (gateway, ceiling) = (median(self.gateway), median(self.ceiling));
        let latency = |of: fn(&Measured) -> Duration| {
            self.last
                .as_ref()
                .map(|last| milliseconds(of(last)))
                .unwrap_or_default()
        };
        vec![
            name.to_owned(),
            connections.to_string(),
            rate(gateway),
            rate(ceiling),
            format!("{:.2}", gateway / ceiling),
            latency(|last| last.median),
            latency(|last| last.p99),
        ]
    }
}

impl Pair {
    /// One job at each, under the same id.
    async fn first_job(&self) -> Outcome<String> {
        let key = &self.keys[0];
        let body = format!(r#"{{"job_type":"run_simulation","params":{PARAMS}}}"#);
        let id = load::submit(self.gateway.port, key, &body).await?;
        let body = format!(r#"{{"job_type":"x","params":{PARAMS},"idempotency_key":"{id}"}}"#);
        let bytes = post_request(key, &body);
        let request: Request = Arc::new(move |_| bytes.clone());
        load::times(self.ceiling.port, 1, 1, 202, &request).await?;
        Ok(id)
    }

    fn post(&self) -> Kind {
        let keys = self.keys.clone();
        let posts = self.posts.clone();
        Kind {
            name: "POST",
            status: 202,
            request: Arc::new(move |number| {
                let once = posts.fetch_add(1, Ordering::Relaxed);
                let body = format!(
                    r#"{{"job_type":"run_simulation","params":{PARAMS},"idempotency_key":"{once}"}}"#
                );
                post_request(key_of(&keys, number), &body)
            }),
        }
    }

    fn get(&self, job: &str) -> Kind {
        let bytes = get_request(&self.keys[0], &format!("/api/v1/jobs/{job}"));
        Kind {
            name: "GET",
            status: 200,
            request: Arc::new(move |_| bytes.clone()),
        }
    }

    fn list(&self, user: usize) -> Kind {
        let bytes = get_request(&self.keys[user], "/api/v1/jobs");
        Kind {
            name: "list of 20",
            status: 200,
            request: Arc::new(move |_| bytes.clone()),
        }
    }
}

fn key_of(keys: &[String], number: u64) -> &str {
    let index = usize::try_from(number % USERS).unwrap_or_default();
    keys.get(index).map(String::as_str).unwrap_or_default()
}

fn get_request(key: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\r\n")
        .into_bytes()
}

/// What Redis alone can do with a script of the same writes.
fn redis_benchmark(redis: &RedisServer) -> Outcome {
    let script =
        "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('ZADD', KEYS[2], 0, ARGV[2])";
    let record = "x".repeat(900);
    let port = redis.port().to_string();
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let requests = if connections == 1 { "5000" } else { "100000" };
        let output = Command::new("redis-benchmark")
            .args(["-p", &port, "-c", &connections.to_string(), "-n", requests])
            .args(["-r", "1000000", "--csv", "EVAL", script, "2"])
            .args(["{rb}:__rand_int__", "{rb}:index", &record, "__rand_int__"])
            .output()?;
        let csv = String::from_utf8(output.stdout)?;
        let last = csv.lines().last().ok_or("redis-benchmark said nothing")?;
        let fields: Vec<&str> = last.rsplit("\",\"").collect();
        let per_second = fields.get(6).copied().unwrap_or("?");
        rows.push(vec![connections.to_string(), per_second.to_owned()]);
    }
    print(
        "Scripts a second by redis-benchmark, same server and durability",
        &["connections", "a second"],
        &rows,
    );
    Ok(())
}

/// The first page of a user with a thousand jobs, and of one with a million.
async fn long_lists(
    pair: &Pair,
    installation: &Installation,
    redis: &RedisServer,
    span: Duration,
    turns: usize,
    jobs: u64,
) -> Outcome {
    let short = installation.create_key("thousand")?;
    let long = installation.create_key("million")?;
    seed(pair, &short, 1_000).await?;
    let before = used_memory(redis);
    seed(pair, &long, jobs).await?;
    let bytes = (used_memory(redis) - before) / i64::try_from(jobs)?;

    let page = |key: &str| -> Request {
        let bytes = get_request(key, "/api/v1/jobs");
        Arc::new(move |_| bytes.clone())
    };
    let (short, long) = (page(&short), page(&long));
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            let port = pair.gateway.port;
            few.push(
                load::during(port, connections, span, 200, &short)
                    .await?
                    .per_second,
            );
            many.push(
                load::during(port, connections, span, 200, &long)
                    .await?
                    .per_second,
            );
        }
        let (few, many) = (median(few), median(many));
        rows.push(vec![
            connections.to_string(),
            rate(few),
            rate(many),
            format!("{:.2}", few / many),
        ]);
    }
    print(
        &format!("First page of 1,000 and of {jobs} jobs, a second"),
        &["connections", "1,000", &jobs.to_string(), "times as long"],
        &rows,
    );
    println!("\nBytes of Redis for each waiting job with its params: {bytes}");
    Ok(())
}

async fn seed(pair: &Pair, key: &str, jobs: u64) -> Outcome {
    let body = format!(r#"{{"job_type":"run_simulation","params":{PARAMS}}}"#);
    let bytes = post_request(key, &body);
    let request: Request = Arc::new(move |_| bytes.clone());
    load::times(pair.gateway.port, 64, jobs, 202, &request).await?;
    Ok(())
}

fn used_memory(redis: &RedisServer) -> i64 {
    let info = redis.cli(&["INFO", "memory"]);
    info.lines()
        .find_map(|line| line.trim().strip_prefix("used_memory:")?.parse().ok())
        .unwrap_or_default()
}
