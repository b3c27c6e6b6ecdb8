//! Whom webhooks may call, and how often.

use std::time::Duration;

use batchway_application::WebhookSettings;
use batchway_domain::security::WebhookPolicy;
use batchway_domain::webhooks::RetrySchedule;

use super::Variables;
use crate::failure::Failure;

const ALLOW_PRIVATE: &str = "BATCHWAY_WEBHOOK_ALLOW_PRIVATE";
const RETRIES: &str = "BATCHWAY_WEBHOOK_RETRIES";

pub(super) fn read(variables: &Variables) -> Result<WebhookSettings, Failure> {
    Ok(WebhookSettings {
        policy: policy(variables.get(ALLOW_PRIVATE).unwrap_or_default())?,
        retries: match variables.get(RETRIES) {
            Some(text) => retries(text)?,
            None => RetrySchedule::default(),
        },
    })
}

fn policy(text: &str) -> Result<WebhookPolicy, Failure> {
    let networks = items(text).map(|network| {
        network.parse().map_err(|_| {
            Failure::misconfigured(format!(
                "{ALLOW_PRIVATE}: {network:?} is not a network such as 10.1.0.0/16 or fd00::/8; \
                 one host is written 10.1.2.3/32"
            ))
        })
    });
    Ok(WebhookPolicy::allowing(networks.collect::<Result<_, _>>()?))
}

fn retries(text: &str) -> Result<RetrySchedule, Failure> {
    let waits = items(text).map(|wait| {
        humantime::parse_duration(wait).map_err(|error| {
            Failure::misconfigured(format!(
                "{RETRIES}: {wait:?} is not a length of time such as 5m: {error}"
            ))
        })
    });
    let waits: Vec<Duration> = waits.collect::<Result<_, _>>()?;
    RetrySchedule::new(waits)
        .map_err(|error| Failure::misconfigured(format!("{RETRIES} can't be used: {error}")))
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> Result<WebhookSettings, Failure> {
        read(&Variables::of_pairs(pairs))
    }

    #[test]
    fn nothing_set_is_the_open_internet_and_ten_attempts() {
        assert_eq!(read_pairs(&[]).unwrap(), WebhookSettings::default());
    }

    #[test]
    fn networks_and_waits_are_lists() {
        let settings =
            read_pairs(&[(ALLOW_PRIVATE, "10.1.0.0/16, ::1/128"), (RETRIES, "1s, 2m")]).unwrap();
        let permits = |address: &str| settings.policy.permits(address.parse().unwrap());
        assert!(permits("10.1.2.3") && permits("::1") && !permits("10.2.0.0"));
        assert_eq!(settings.retries.attempts(), 3);
    }

    #[test]
    fn what_can_not_be_used_is_named() {
        for (name, value) in [
            (ALLOW_PRIVATE, "10.1.2.3"),
            (ALLOW_PRIVATE, "localhost"),
            (RETRIES, "soon"),
            (RETRIES, "6d, 6d"),
        ] {
            let message = read_pairs(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
