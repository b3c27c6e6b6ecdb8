//! Where Redis is: `REDIS_URL`, or `REDIS_HOST` and what goes with it.

use std::net::Ipv6Addr;

use batchway_job_store_redis::{Durability, RedisConfig};

use super::Variables;
use crate::failure::Failure;

const DEFAULT_PORT: u16 = 6379;

/// What goes with `REDIS_HOST`, and means nothing beside `REDIS_URL`.
const BESIDE_HOST: [&str; 3] = ["REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD"];

const DURABILITY: &str = "BATCHWAY_REDIS_DURABILITY";

/// Reads them; `None` where no Redis is named. What is half said goes to `incomplete`.
pub(super) fn read(
    variables: &Variables,
    incomplete: &mut Vec<String>,
) -> Result<Option<RedisConfig>, Failure> {
    let durability: Option<Durability> = variables.parsed(
        DURABILITY,
        "server, fsync, or replicas:N with N from 1 to 100",
    )?;
    let before = incomplete.len();
    let server = server(variables, incomplete)?;
    let says_nothing = server.is_none() && incomplete.len() == before;
    if says_nothing && durability.is_some() {
        incomplete.push(format!(
            "{DURABILITY} is set, and neither REDIS_HOST nor REDIS_URL is"
        ));
    }
    Ok(server.map(|server| RedisConfig {
        durability: durability.unwrap_or(Durability::Server),
        ..server
    }))
}

fn server(
    variables: &Variables,
    incomplete: &mut Vec<String>,
) -> Result<Option<RedisConfig>, Failure> {
    let beside: Vec<&str> = BESIDE_HOST
        .into_iter()
        .filter(|name| variables.is_set(name))
        .collect();
    let problem = match (variables.get("REDIS_URL"), variables.get("REDIS_HOST")) {
        (Some(_), Some(_)) => "REDIS_URL and REDIS_HOST are both set: unset one of them".to_owned(),
        (Some(_), None) if !beside.is_empty() => format!(
            "{} beside REDIS_URL: write it all into the URL, or take REDIS_HOST",
            beside.join(", ")
        ),
        (None, None) if !beside.is_empty() => {
            let verb = if beside.len() == 1 { "is" } else { "are" };
            format!("{} {verb} set and REDIS_HOST is not", beside.join(", "))
        }
        (None, Some(_))
            if beside.contains(&"REDIS_USERNAME") && !beside.contains(&"REDIS_PASSWORD") =>
        {
            "REDIS_USERNAME is set and REDIS_PASSWORD is not".to_owned()
        }
        (Some(url), None) => return by_url(url).map(Some),
        (None, Some(host)) => return by_host(host, variables).map(Some),
        (None, None) => return Ok(None),
    };
    incomplete.push(problem);
    Ok(None)
}

fn by_url(url: &str) -> Result<RedisConfig, Failure> {
    RedisConfig::from_url(url)
        .map_err(|error| Failure::misconfigured(format!("REDIS_URL can't be used: {error}")))
}

fn by_host(host: &str, variables: &Variables) -> Result<RedisConfig, Failure> {
    let is_host = !host.contains(['/', '@', ' ']);
    let has_port = host.contains(':') && host.parse::<Ipv6Addr>().is_err();
    if !is_host || has_port {
        // What stands there instead may hold a password: it is not repeated.
        return Err(Failure::misconfigured(
            "REDIS_HOST can't be used: it must be a host name or an IP address alone; a port goes \
             into REDIS_PORT, and a URL into REDIS_URL",
        ));
    }
    let port = variables.parsed("REDIS_PORT", "a port from 1 to 65535")?;
    let owned = |name| variables.get(name).map(str::to_owned);
    Ok(RedisConfig {
        username: owned("REDIS_USERNAME"),
        password: owned("REDIS_PASSWORD"),
        ..RedisConfig::new(host, port.unwrap_or(DEFAULT_PORT))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> (Option<RedisConfig>, Vec<String>) {
        let mut incomplete = Vec::new();
        let config = read(&Variables::of_pairs(pairs), &mut incomplete).unwrap();
        (config, incomplete)
    }

    #[test]
    fn the_four_variables_name_a_redis() {
        let (config, incomplete) = read_pairs(&[
            ("REDIS_HOST", "redis.example.org"),
            ("REDIS_PORT", "6380"),
            ("REDIS_USERNAME", "batchway"),
            ("REDIS_PASSWORD", "hunter2"),
            (DURABILITY, "replicas:2"),
        ]);
        assert!(incomplete.is_empty(), "{incomplete:?}");
        let config = config.unwrap();
        assert_eq!(config.servers, [("redis.example.org".to_owned(), 6380)]);
        assert_eq!(config.username.as_deref(), Some("batchway"));
        assert_eq!(config.password.as_deref(), Some("hunter2"));
        assert_eq!(config.durability, Durability::Replicas(2));
        assert_eq!(read_pairs(&[]), (None, Vec::new()));
    }

    #[test]
    fn a_url_that_can_not_be_read_is_refused_without_showing_it() {
        let url = "http://user:hunter2@redis.example.org";
        let failure = read(&Variables::of_pairs(&[("REDIS_URL", url)]), &mut Vec::new());
        let message = failure.unwrap_err().to_string();
        assert!(
            message.contains("REDIS_URL") && !message.contains("hunter2"),
            "{message}"
        );
        let (config, _) = read_pairs(&[("REDIS_URL", "rediss://:hunter2@redis.example.org/3")]);
        assert!(config.unwrap().tls);
    }

    #[test]
    fn a_host_is_a_host_alone() {
        for host in [
            "redis.internal:6379",
            "redis://hunter2@redis.internal",
            "[::1]:6379",
            "a b",
        ] {
            let pairs = [("REDIS_HOST", host)];
            let refused = read(&Variables::of_pairs(&pairs), &mut Vec::new());
            let message = refused.unwrap_err().to_string();
            assert!(message.contains("REDIS_PORT"), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        for host in ["redis.internal", "10.0.0.7", "::1"] {
            let (config, _) = read_pairs(&[("REDIS_HOST", host)]);
            assert_eq!(config.unwrap().servers, [(host.to_owned(), 6379)]);
        }
    }

    #[test]
    fn what_is_half_said_is_named() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (
                &[("REDIS_PORT", "6380")],
                "REDIS_PORT is set and REDIS_HOST",
            ),
            (
                &[("REDIS_USERNAME", "u"), ("REDIS_PASSWORD", "p")],
                "REDIS_USERNAME, REDIS_PASSWORD are set and REDIS_HOST",
            ),
            (
                &[("REDIS_HOST", "h"), ("REDIS_USERNAME", "u")],
                "REDIS_PASSWORD is not",
            ),
            (
                &[("REDIS_HOST", "h"), ("REDIS_URL", "redis://h")],
                "both set",
            ),
            (
                &[("REDIS_URL", "redis://h"), ("REDIS_PASSWORD", "p")],
                "REDIS_PASSWORD beside REDIS_URL",
            ),
            (&[(DURABILITY, "fsync")], "neither REDIS_HOST nor REDIS_URL"),
        ];
        for (pairs, expected) in cases {
            let (config, incomplete) = read_pairs(pairs);
            assert_eq!(config, None, "{pairs:?}");
            assert_eq!(incomplete.len(), 1, "{incomplete:?}");
            assert!(incomplete[0].contains(expected), "{incomplete:?}");
        }
    }
}
