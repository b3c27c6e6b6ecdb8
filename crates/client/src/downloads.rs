//! Fetching results.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::generated::Client;
use crate::generated::types::Artifact;

/// Why a file was not fetched whole. What was written of it is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The connection broke, or never was.
    #[error("{key} can't be fetched")]
    Connection {
        /// The artifact's key.
        key: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The link was refused. Links end: list the artifacts again for a new one.
    #[error("the link to {key} was answered with {status}")]
    Refused {
        /// The artifact's key.
        key: String,
        /// The answer.
        status: reqwest::StatusCode,
    },
    /// It can't be written to where it should go.
    #[error("{key} can't be written")]
    Target {
        /// The artifact's key.
        key: String,
        /// What happened.
        source: std::io::Error,
    },
    /// There was less or more of it than the list said: it was written anew meanwhile.
    #[error("{key} has {expected} bytes, and {received} came")]
    Size {
        /// The artifact's key.
        key: String,
        /// As listed.
        expected: u64,
        /// As received.
        received: u64,
    },
    /// It is not what the job's runner stored.
    #[error("{key} was stored with the SHA-256 {expected}, and came with {received}")]
    Checksum {
        /// The artifact's key.
        key: String,
        /// As listed.
        expected: String,
        /// As received.
        received: String,
    },
}

impl Client {
    /// Writes an artifact to a file, or to wherever bytes can go, piece by piece, and compares
    /// it with its size and, where the list has one, its checksum. The key is not sent along: the
    /// link carries its own signature, and may lead to another server.
    ///
    /// # Errors
    /// [`DownloadError`] if it does not arrive whole.
    pub async fn download(
        &self,
        artifact: &Artifact,
        target: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), DownloadError> {
        let key = || artifact.key.clone();
        let broken = |source| DownloadError::Connection { key: key(), source };
        let unwritable = |source| DownloadError::Target { key: key(), source };

        let request = self.client.get(&artifact.url).send();
        let mut answer = request.await.map_err(broken)?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(DownloadError::Refused { key: key(), status });
        }
        let (mut received, mut digest) = (0, Sha256::new());
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            received += piece.len() as u64;
            digest.update(&piece);
            target.write_all(&piece).await.map_err(unwritable)?;
        }
        target.flush().await.map_err(unwritable)?;
        if received != artifact.size {
            return Err(DownloadError::Size {
                key: key(),
                expected: artifact.size,
                received,
            });
        }
        let received = HEXLOWER.encode(&digest.finalize());
        match &artifact.sha256 {
            Some(expected) if *expected != received => Err(DownloadError::Checksum {
                key: key(),
                expected: expected.clone(),
                received,
            }),
            _ => Ok(()),
        }
    }
}
