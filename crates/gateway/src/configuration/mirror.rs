//! The table of Supabase that jobs are mirrored to.

use batchway_job_mirror_supabase::{InvalidConfig, SupabaseConfig};

use super::Variables;
use crate::failure::Failure;

const URL: &str = "SUPABASE_URL";
const KEY: &str = "SUPABASE_SERVICE_KEY";
const TABLE: &str = "SUPABASE_TABLE";

const DEFAULT_TABLE: &str = "batchway_jobs";

/// The table, where one is configured; `None` and a sentence more in `incomplete` where half of it
/// is.
pub(super) fn read(
    variables: &Variables,
    incomplete: &mut Vec<String>,
) -> Result<Option<SupabaseConfig>, Failure> {
    let (Some(url), Some(key)) = (variables.get(URL), variables.get(KEY)) else {
        incomplete.extend(half(variables));
        return Ok(None);
    };
    let table = variables.get(TABLE).unwrap_or(DEFAULT_TABLE);
    SupabaseConfig::new(url, key, table)
        .map(Some)
        .map_err(|error| {
            let name = match error {
                InvalidConfig::Url => URL,
                InvalidConfig::Key => KEY,
                InvalidConfig::Table => TABLE,
            };
            // What stands there may be a key in the wrong place: it is not repeated.
            Failure::misconfigured(format!("{name} can't be used: {error}"))
        })
}

fn half(variables: &Variables) -> Option<String> {
    let (set, missing): (Vec<_>, Vec<_>) = [URL, KEY]
        .into_iter()
        .partition(|name| variables.is_set(name));
    let set = set
        .first()
        .copied()
        .or_else(|| variables.is_set(TABLE).then_some(TABLE))?;
    let verb = if missing.len() > 1 { "are" } else { "is" };
    Some(format!(
        "{set} is set, and {} {verb} not",
        missing.join(" and ")
    ))
}

/// What is amiss with a mirror that can be used.
pub(super) fn warning(mirror: &SupabaseConfig) -> Option<String> {
    mirror.is_in_the_clear().then(|| {
        format!("{URL} is not https: {KEY} and all jobs go over the network for anyone to read")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: (&str, &str) = (URL, "https://project.supabase.co");
    const SECRET: (&str, &str) = (KEY, "sb_secret_hunter2");

    fn read_pairs(pairs: &[(&str, &str)]) -> (Option<SupabaseConfig>, Vec<String>) {
        let mut incomplete = Vec::new();
        let mirror = read(&Variables::of_pairs(pairs), &mut incomplete).unwrap();
        (mirror, incomplete)
    }

    #[test]
    fn url_and_key_name_a_mirror_and_the_table_has_a_default() {
        let (mirror, incomplete) = read_pairs(&[PROJECT, SECRET]);
        let mirror = mirror.unwrap();
        assert_eq!(mirror.host(), "https://project.supabase.co");
        assert_eq!((mirror.table(), incomplete), ("batchway_jobs", vec![]));
        let (mirror, _) = read_pairs(&[PROJECT, SECRET, (TABLE, "jobs")]);
        assert_eq!(mirror.unwrap().table(), "jobs");
    }

    #[test]
    fn nothing_set_mirrors_nothing() {
        assert_eq!(read_pairs(&[(URL, ""), (KEY, " ")]), (None, vec![]));
    }

    #[test]
    fn half_of_it_is_refused_by_name() {
        for (pairs, expected) in [
            (
                &[PROJECT][..],
                "SUPABASE_URL is set, and SUPABASE_SERVICE_KEY is not",
            ),
            (
                &[SECRET],
                "SUPABASE_SERVICE_KEY is set, and SUPABASE_URL is not",
            ),
            (
                &[(TABLE, "jobs")],
                "SUPABASE_TABLE is set, and SUPABASE_URL and SUPABASE_SERVICE_KEY are not",
            ),
        ] {
            assert_eq!(read_pairs(pairs), (None, vec![expected.to_owned()]));
        }
    }

    #[test]
    fn a_value_that_can_not_be_used_is_refused_by_name_and_not_repeated() {
        for (name, value) in [
            (URL, "hunter2.supabase.co"),
            (KEY, "hunter2\u{e9}"),
            (TABLE, "hunter-2"),
        ] {
            let mut pairs = vec![PROJECT, SECRET];
            pairs.push((name, value));
            let refused = read(&Variables::of_pairs(&pairs), &mut Vec::new()).unwrap_err();
            let refused = refused.to_string();
            assert!(
                refused.contains(name) && !refused.contains("hunter"),
                "{refused}"
            );
        }
    }
}
