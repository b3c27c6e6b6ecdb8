//! A stream of any length, cut into parts.

use batchway_domain::ports::{ArtifactError, ByteStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

/// S3 takes so many parts of one object.
pub(crate) const MAX_PARTS: u32 = 10_000;

/// The size of a part, by its number from 1: ten times the first at the end, so that a stream
/// whose length nobody knows may become long and still begins with little memory.
pub(crate) fn part_bytes(first: usize, number: u32) -> usize {
    first * (1 + (number as usize - 1) / 1000)
}

/// The most that an object can have, in bytes.
pub(crate) fn max_object_bytes(first: usize) -> u64 {
    (1..=MAX_PARTS)
        .map(|number| part_bytes(first, number) as u64)
        .sum()
}

/// Content that is still to be written.
pub(crate) struct Parts {
    content: ByteStream,
    gathered: BytesMut,
    has_ended: bool,
}

/// A part of it.
pub(crate) struct Part {
    pub(crate) bytes: Bytes,
    pub(crate) is_last: bool,
}

impl Parts {
    pub(crate) fn of(content: ByteStream) -> Self {
        Self {
            content,
            gathered: BytesMut::new(),
            has_ended: false,
        }
    }

    /// The next part: `bytes` long, unless it is the last. Reads on until it is known whether
    /// it is.
    ///
    /// # Errors
    /// [`ArtifactError::BrokenInput`].
    pub(crate) async fn next(&mut self, bytes: usize) -> Result<Part, ArtifactError> {
        while !self.has_ended && self.gathered.len() <= bytes {
            match self.content.next().await.transpose() {
                Ok(Some(piece)) => self.gathered.extend_from_slice(&piece),
                Ok(None) => self.has_ended = true,
                Err(error) => return Err(ArtifactError::BrokenInput(error)),
            }
        }
        let is_last = self.gathered.len() <= bytes;
        let length = self.gathered.len().min(bytes);
        Ok(Part {
            bytes: self.gathered.split_to(length).freeze(),
            is_last,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::stream;

    use super::*;

    async fn cut(pieces: &[&'static str], bytes: usize) -> Vec<String> {
        let pieces: Vec<io::Result<Bytes>> =
            pieces.iter().map(|piece| Ok((*piece).into())).collect();
        let mut parts = Parts::of(Box::pin(stream::iter(pieces)));
        let mut cut = Vec::new();
        loop {
            let part = parts.next(bytes).await.unwrap();
            cut.push(String::from_utf8(part.bytes.to_vec()).unwrap());
            if part.is_last {
                return cut;
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_cut_where_parts_end_and_not_where_pieces_do() {
        assert_eq!(
            cut(&["ab", "", "cdefghi", "j"], 3).await,
            ["abc", "def", "ghi", "j"]
        );
        assert_eq!(cut(&["abc"], 3).await, ["abc"]);
        assert_eq!(cut(&["abc", "", "d"], 3).await, ["abc", "d"]);
        assert_eq!(cut(&["abcdef"], 3).await, ["abc", "def"]);
        assert_eq!(cut(&[], 3).await, [""]);
        assert_eq!(cut(&["", ""], 3).await, [""]);
    }

    #[test]
    fn parts_grow_to_ten_times_their_size() {
        assert_eq!(
            [1, 1000, 1001, MAX_PARTS].map(|n| part_bytes(8, n)),
            [8, 8, 16, 80]
        );
        assert_eq!(max_object_bytes(8), 8 * 1000 * 55);
    }
}
