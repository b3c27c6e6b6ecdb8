//! The bytes of an object, asked for again where a connection breaks.

use std::sync::Arc;
use std::time::Duration;
use std::{io, mem};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream as Body;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ByteRange, ByteStream};
use bytes::Bytes;
use futures_util::stream;

use crate::bucket::Bucket;
use crate::failure::root_of;
use crate::reading;

/// So often in a row is the rest asked for before a read is given up; any byte that comes counts
/// as success.
const RESUMPTIONS: u32 = 3;

/// Before the first; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(200);

/// The content that `output` brings, which is `range` of the object.
pub(crate) fn of(
    bucket: Arc<Bucket>,
    key: ArtifactKey,
    output: GetObjectOutput,
    range: ByteRange,
) -> ByteStream {
    let delivery = Delivery {
        bucket,
        key,
        version: output.e_tag,
        body: output.body,
        rest: range,
        resumptions: 0,
    };
    Box::pin(stream::try_unfold(delivery, Delivery::next))
}

struct Delivery {
    bucket: Arc<Bucket>,
    key: ArtifactKey,
    /// With its quotes, as the server gave it.
    version: Option<String>,
    body: Body,
    rest: ByteRange,
    resumptions: u32,
}

impl Delivery {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            match self.body.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    self.rest.start += piece.len() as u64;
                    self.resumptions = 0;
                    return Ok(Some((piece, self)));
                }
                None if self.rest.start >= self.rest.end => return Ok(None),
                None => self.resume(io::ErrorKind::UnexpectedEof.into()).await?,
                Some(Err(error)) => self.resume(io::Error::other(error)).await?,
            }
        }
    }

    /// Asks for the rest of the same version. What is wrong at the very end, as a checksum is,
    /// can't be mended so.
    async fn resume(&mut self, broken: io::Error) -> io::Result<()> {
        let is_hopeless = self.rest.start >= self.rest.end || self.version.is_none();
        if is_hopeless || self.resumptions >= RESUMPTIONS {
            return Err(broken);
        }
        tokio::time::sleep(PAUSE * 2_u32.pow(self.resumptions)).await;
        self.resumptions += 1;
        let range = Some(reading::in_header(self.rest));
        let reopened = self
            .bucket
            .get(&self.key, range, self.version.clone())
            .await;
        let output = reopened.map_err(|error| {
            io::Error::other(format!(
                "reading {} broke off ({broken}), and the rest of it can't be had ({})",
                self.key,
                root_of(&error)
            ))
        })?;
        // Dropping the broken body closes its connection.
        drop(mem::replace(&mut self.body, output.body));
        Ok(())
    }
}
