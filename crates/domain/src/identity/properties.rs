//! What holds for every id and name, not only for those that someone thought of.

use proptest::prelude::*;

use super::*;
use crate::Timestamp;
use crate::security::ApiKey;

prop_compose! {
    fn any_time()(millis in 0..=Timestamp::MAX.as_millis()) -> Timestamp {
        Timestamp::from_millis(millis)
    }
}

prop_compose! {
    fn any_shard()(number in any::<u8>()) -> Shard {
        format!("{number:02x}").parse().unwrap()
    }
}

prop_compose! {
    fn any_job()(at in any_time(), shard in any_shard(), entropy in any::<[u8; 10]>()) -> JobId {
        JobId::new(at, shard, entropy)
    }
}

/// Texts that look much like ours, and others.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,70}",
        "job_[0-9a-z]{26,30}",
        "bw-[a-z0-9]{3,17}-job_[0-9a-z]{28}-[0-9]{1,11}",
        "bw_[0-9a-f]{2}_[0-9a-z]{60}",
        "[A-Za-z0-9._/ -]{0,66}",
    ]
}

/// Fit to be a folder, a part of a key and a part of an AWS Batch job name.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

proptest! {
    #[test]
    fn a_job_id_tells_its_time_and_shard_and_reads_back(
        at in any_time(),
        shard in any_shard(),
        entropy in any::<[u8; 10]>(),
    ) {
        let id = JobId::new(at, shard, entropy);
        prop_assert_eq!(id.created_at(), at);
        prop_assert_eq!(id.shard(), shard);
        prop_assert_eq!(id.as_str().len(), JobId::LENGTH);
        prop_assert!(is_plain(id.as_str()));
        prop_assert_eq!(&id.to_string().parse::<JobId>().unwrap(), &id);
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<JobId>(&json).unwrap(), id);
    }

    #[test]
    fn job_ids_sort_by_time_and_bounds_part_them(one in any_job(), other in any_job()) {
        if one.created_at() != other.created_at() {
            prop_assert_eq!(one < other, one.created_at() < other.created_at());
        }
        let bound = JobId::lower_bound_of(other.created_at());
        prop_assert_eq!(
            one.as_str() >= bound.as_str(),
            one.created_at() >= other.created_at()
        );
    }

    #[test]
    fn other_entropy_is_another_job(at in any_time(), a in any::<[u8; 10]>(), b in any::<[u8; 10]>()) {
        let shard: Shard = "00".parse().unwrap();
        prop_assert_eq!(JobId::new(at, shard, a) == JobId::new(at, shard, b), a == b);
    }

    #[test]
    fn a_try_name_reads_back_and_fits_a_batch_name(
        deployment in "[a-z0-9]{4,16}",
        job in any_job(),
        number in 1..=u32::MAX,
    ) {
        let name = TryName { deployment: deployment.parse().unwrap(), job, number };
        let text = name.to_string();
        prop_assert!(is_plain(&text) && text.len() <= 128, "{}", text);
        prop_assert_eq!(text.parse::<TryName>().unwrap(), name);
    }

    #[test]
    fn an_api_key_reads_back_and_lies_with_its_user(
        user in "[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        entropy in any::<[u8; 32]>(),
        position in 0..66_usize,
        replacement in "[0-9a-z_]",
    ) {
        let user: UserName = user.parse().unwrap();
        let key = ApiKey::new(&user, entropy);
        prop_assert_eq!(key.shard(), Shard::of_user(&user));
        prop_assert_eq!(&key.reveal().parse::<ApiKey>().unwrap(), &key);
        let mut mistyped = key.reveal().to_owned();
        mistyped.replace_range(position..=position, &replacement);
        prop_assert_eq!(mistyped.parse::<ApiKey>().is_ok(), mistyped == key.reveal());
    }

    #[test]
    fn whatever_is_read_is_written_the_same(text in any_text()) {
        if let Ok(id) = text.parse::<JobId>() {
            prop_assert_eq!(id.to_string(), text.clone());
        }
        if let Ok(name) = text.parse::<TryName>() {
            prop_assert_eq!(name.to_string(), text.clone());
        }
        if let Ok(key) = text.parse::<ApiKey>() {
            prop_assert_eq!(key.reveal(), &text);
        }
        if let Ok(shard) = text.parse::<Shard>() {
            prop_assert_eq!(shard.to_string(), text);
        }
    }

    #[test]
    fn every_name_is_fit_to_be_a_folder(text in any_text()) {
        if let Ok(user) = text.parse::<UserName>() {
            prop_assert!(is_plain(user.as_str()) && user.as_str().len() <= 64);
        }
        if let Ok(environment) = text.parse::<Environment>() {
            prop_assert!(is_plain(environment.as_str()) && environment.as_str().len() <= 32);
        }
        if let Ok(backend) = text.parse::<BackendName>() {
            prop_assert!(is_plain(backend.as_str()));
        }
        if let Ok(job_type) = text.parse::<JobTypeName>() {
            prop_assert!(is_plain(job_type.as_str()));
        }
        if let Ok(deployment) = text.parse::<DeploymentId>() {
            prop_assert!(is_plain(deployment.as_str()) && !text.contains(['-', '_']));
        }
    }
}
