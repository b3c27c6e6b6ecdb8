//! Whether what is handed out is what was stored: every artifact is fetched by its link, and kept
//! nowhere.

use std::collections::BTreeSet;

use batchway_client::types::Artifact;
use batchway_client::{Client, DownloadError};
use bytesize::ByteSize;

use super::course::Seen;
use super::trouble::{Trouble, root_of};

/// Fetches all, each compared with its size and checksum in the list, and looks whether one of
/// those that were `stored` is missing; why these are not known, otherwise.
pub(super) async fn verify(
    client: &Client,
    artifacts: &[Artifact],
    stored: Result<BTreeSet<String>, String>,
) -> Result<Seen<()>, Trouble> {
    for artifact in artifacts {
        let fetched = client.download(artifact, &mut tokio::io::sink()).await;
        fetched.map_err(|error| trouble_with(artifact, &error))?;
    }
    let listed = |key: &String| artifacts.iter().any(|artifact| artifact.key == *key);
    let known = stored.as_ref().ok();
    if let Some(missing) = known.and_then(|known| known.iter().find(|key| !listed(key))) {
        return Err(Trouble::new(
            format!("{missing} was stored and is not listed"),
            "somebody removed it: see who else may write to the bucket or the folder, and its \
             lifecycle rules",
        ));
    }
    let bytes: u64 = artifacts.iter().map(|artifact| artifact.size).sum();
    let have_checksums = artifacts.iter().all(|artifact| artifact.sha256.is_some());
    let compared = match (have_checksums, stored) {
        (true, Ok(_)) => {
            "sizes and SHA-256 as the runner stored them, and none is missing".to_owned()
        }
        (true, Err(why)) => format!(
            "sizes and SHA-256 as the runner stored them; whether all are there is not known: {why}"
        ),
        (false, _) => {
            "sizes as listed; SHA-256 not compared: the image works without the runner".to_owned()
        }
    };
    let number = artifacts.len();
    let words = format!("{number} files, {}: {compared}", ByteSize::b(bytes));
    Ok(Seen::new(words, ()))
}

/// Nothing is told of the link but its host: it is signed.
fn trouble_with(artifact: &Artifact, error: &DownloadError) -> Trouble {
    let host = artifact.url.split('/').nth(2).unwrap_or("its host");
    let is_of_s3 = artifact.url.contains("X-Amz-Signature=");
    match error {
        DownloadError::Connection { source, .. } => Trouble::new(
            format!(
                "{} can't be fetched from {host}: {}",
                artifact.key,
                root_of(source)
            ),
            match is_of_s3 {
                true => format!(
                    "links lead to the bucket at {host}: check this machine's way there, and \
                     AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL where they are set"
                ),
                false => format!(
                    "links begin with BATCHWAY_PUBLIC_URL, which says {host}: set it to what \
                     those can reach who download"
                ),
            },
        ),
        DownloadError::Refused { status, .. } => Trouble::new(
            format!(
                "the link to {} was answered with {status} by {host}",
                artifact.key
            ),
            match is_of_s3 {
                true => {
                    "batchway doctor follows such a link too: see its checks s3.link, \
                         aws.clock and rights.service"
                }
                false => {
                    "docs/problems.md has link-refused and link-expired: a proxy that \
                          changes paths or queries breaks the signature, and so do gateways with \
                          different BATCHWAY_SECRET"
                }
            },
        ),
        DownloadError::Checksum { key, received, .. } => Trouble::new(
            format!("{key} is not what the runner stored: SHA-256 {received}"),
            "somebody wrote it anew: see who else may write to the bucket or the folder",
        ),
        other => Trouble::new(
            other.to_string(),
            "somebody wrote it anew, or a proxy cuts answers off: see who else may write to the \
             bucket or the folder",
        ),
    }
}
