//! The Redis that is configured, looked at without becoming a part of it.

use std::time::Duration;

use batchway_doctor::{About, Check, Mend};
use batchway_domain::Timestamp;
use batchway_domain::ports::Clock;
use batchway_job_store_redis::{
    Aspect, AspectKind, Examination, Fitness, RedisConfig, RedisJobStore, ServerExamination,
};

use crate::configuration::Configuration;
use crate::system_clock::SystemClock;
use crate::wiring::TOLERATED_SKEW;

pub(super) async fn examine(configuration: &Configuration, config: &RedisConfig) -> Vec<Check> {
    let servers: Vec<String> = config
        .servers
        .iter()
        .map(|(host, port)| format!("{host}:{port}"))
        .collect();
    let servers = servers.join(", ");
    let about = About::new("redis.reachable", format!("Redis at {servers}"));
    let found = match RedisJobStore::examine(config).await {
        Ok(found) => found,
        Err(error) => {
            let (host, port) = &config.servers[0];
            return vec![
                about.failed(
                    error.to_string(),
                    "no job is taken or shown",
                    Mend::by("start it, or name another in REDIS_HOST or REDIS_URL")
                        .command(format!("redis-cli -h {host} -p {port} ping")),
                ),
            ];
        }
    };
    let mut checks = vec![about.passed("connected")];
    for server in &found.servers {
        checks.extend(server.aspects.iter().map(|aspect| judge(server, aspect)));
    }
    checks.extend(clock(&servers, &found));
    checks.extend(deployment(configuration, &servers, &found));
    checks
}

fn judge(server: &ServerExamination, aspect: &Aspect) -> Check {
    let id = match aspect.about {
        AspectKind::Version => "redis.version",
        AspectKind::Role => "redis.role",
        AspectKind::Eviction => "redis.eviction",
        AspectKind::Memory => "redis.memory",
        AspectKind::Persistence => "redis.persistence",
    };
    let about = About::new(id, format!("Redis at {}", server.address));
    let seen = aspect.seen.as_str();
    match &aspect.fitness {
        Fitness::Fit => about.passed(seen),
        Fitness::Risky(cause) => about.warning(seen, cause, mend(server, aspect.about)),
        Fitness::Unfit(cause) => about.failed(seen, cause, mend(server, aspect.about)),
    }
}

fn mend(server: &ServerExamination, about: AspectKind) -> Mend {
    let (host, port) = server
        .address
        .rsplit_once(':')
        .unwrap_or((server.address.as_str(), "6379"));
    let client = format!("redis-cli -h {host} -p {port}");
    match about {
        AspectKind::Version => Mend::by("install Redis 7.0 or later"),
        AspectKind::Role => Mend::by("name its primary in REDIS_HOST or REDIS_URL")
            .command(format!("{client} info replication")),
        AspectKind::Eviction => Mend::by("set it, and write it to redis.conf too").command(
            format!("{client} config set maxmemory-policy noeviction && {client} config rewrite"),
        ),
        AspectKind::Memory => {
            Mend::by("give it more memory, or forget jobs sooner (BATCHWAY_JOB_RETENTION)")
                .command(format!("{client} info memory"))
        }
        AspectKind::Persistence => Mend::by(
            "let it keep an append-only file, on the disk after each write or each second",
        )
        .command(format!(
            "{client} config set appendonly yes && {client} config set appendfsync everysec && \
             {client} config rewrite"
        )),
    }
}

fn clock(servers: &str, found: &Examination) -> Option<Check> {
    let theirs = found.server_time?;
    let about = About::new("redis.clock", format!("clocks here and of {servers}"));
    let off = apart(SystemClock.now(), theirs);
    let seen = format!("{} s apart", off.as_secs());
    Some(if off <= TOLERATED_SKEW {
        about.passed(seen)
    } else {
        about.failed(
            seen,
            "a gateway refuses to start: leases are judged by both clocks",
            Mend::by("set the one that is wrong, and let something keep it set")
                .command("sudo chronyc makestep || sudo timedatectl set-ntp true"),
        )
    })
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

fn deployment(configuration: &Configuration, servers: &str, found: &Examination) -> Option<Check> {
    let about = About::new("redis.deployment", format!("the store at {servers}"));
    let configured = configuration.deployment.as_ref().map(ToString::to_string);
    Some(match (&found.deployment, configured) {
        (None, _) => about.passed("no gateway has used it yet"),
        (Some(kept), Some(other)) if *kept != other => about.failed(
            format!("it is of deployment {kept}, and BATCHWAY_DEPLOYMENT is {other}"),
            "a gateway refuses to start: it would not find what runs, and start it again",
            Mend::by("unset BATCHWAY_DEPLOYMENT, or use another Redis"),
        ),
        (Some(kept), _) => about.passed(format!("deployment {kept}")),
    })
}
