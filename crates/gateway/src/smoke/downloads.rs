//! Whether what is handed out is what was stored: every artifact is fetched by its link, and kept
//! nowhere.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use batchway_client::types::Artifact;
use batchway_client::{Client, DownloadError};
use bytesize::ByteSize;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWrite;

use super::checksums::Checksums;
use super::course::Seen;
use super::trouble::{Trouble, root_of};

/// Fetches all and compares each with its size in the list and its checksum in the manifest.
pub(super) async fn verify(
    client: &Client,
    artifacts: &[Artifact],
    checksums: Result<Checksums, String>,
) -> Result<Seen<()>, Trouble> {
    let known = checksums.as_ref().ok();
    for artifact in artifacts {
        let found = fetch(client, artifact).await?;
        let expected = known.and_then(|known| known.get(&artifact.key));
        if expected.is_some_and(|expected| *expected != found) {
            return Err(Trouble::new(
                format!(
                    "{} is not what the runner stored: SHA-256 {found}",
                    artifact.key
                ),
                "somebody wrote it anew: see who else may write to the bucket or the folder",
            ));
        }
    }
    let listed = |key: &String| artifacts.iter().any(|artifact| artifact.key == *key);
    if let Some(missing) = known.and_then(|known| known.keys().find(|key| !listed(key))) {
        return Err(Trouble::new(
            format!("{missing} was stored and is not listed"),
            "somebody removed it: see who else may write to the bucket or the folder, and its \
             lifecycle rules",
        ));
    }
    let bytes: u64 = artifacts.iter().map(|artifact| artifact.size).sum();
    let compared = match &checksums {
        Ok(_) => "sizes and SHA-256 as the runner stored them".to_owned(),
        Err(why) => format!("sizes as listed; SHA-256 not compared: {why}"),
    };
    let number = artifacts.len();
    let words = format!("{number} files, {}: {compared}", ByteSize::b(bytes));
    Ok(Seen::new(words, ()))
}

/// The SHA-256 of what a link leads to.
async fn fetch(client: &Client, artifact: &Artifact) -> Result<String, Trouble> {
    let mut target = Hasher(Sha256::new());
    match client.download(artifact, &mut target).await {
        Ok(()) => Ok(HEXLOWER.encode(&target.0.finalize())),
        Err(error) => Err(trouble_with(artifact, &error)),
    }
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
        other => Trouble::new(
            other.to_string(),
            "somebody wrote it anew, or a proxy cuts answers off: see who else may write to the \
             bucket or the folder",
        ),
    }
}

/// Takes everything and keeps its checksum.
struct Hasher(Sha256);

impl AsyncWrite for Hasher {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.update(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
