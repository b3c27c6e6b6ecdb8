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
    first_bytes: usize,
    taken: u32,
    has_ended: bool,
}

/// A part of it.
#[derive(Debug)]
pub(crate) struct Part {
    /// From 1.
    pub(crate) number: u32,
    pub(crate) bytes: Bytes,
    pub(crate) is_last: bool,
}

impl Parts {
    /// The first part has `first_bytes`, unless it is the last.
    pub(crate) fn of(content: ByteStream, first_bytes: usize) -> Self {
        Self {
            content,
            gathered: BytesMut::new(),
            first_bytes,
            taken: 0,
            has_ended: false,
        }
    }

    /// The next part. Reads on until it is known whether it is the last; not to be called after
    /// that one.
    ///
    /// # Errors
    /// [`ArtifactError::BrokenInput`]; [`ArtifactError::Full`] where there are too many parts.
    pub(crate) async fn next(&mut self) -> Result<Part, ArtifactError> {
        if self.taken == MAX_PARTS {
            return Err(self.too_long());
        }
        let number = self.taken + 1;
        let length = part_bytes(self.first_bytes, number);
        while !self.has_ended && self.gathered.len() <= length {
            match self.content.next().await.transpose() {
                Ok(Some(piece)) => self.gathered.extend_from_slice(&piece),
                Ok(None) => self.has_ended = true,
                Err(error) => return Err(ArtifactError::BrokenInput(error)),
            }
        }
        self.taken = number;
        let is_last = self.gathered.len() <= length;
        let bytes = if is_last {
            self.gathered.split().freeze()
        } else {
            self.cut(length)
        };
        Ok(Part {
            number,
            bytes,
            is_last,
        })
    }

    /// The first `length` bytes. What is left moves to a buffer of its own, large enough for the
    /// next part, so that this part's memory is free once it is sent.
    fn cut(&mut self, length: usize) -> Bytes {
        let left = self.gathered.split_off(length);
        let next_length = part_bytes(self.first_bytes, self.taken + 1);
        let mut next = BytesMut::with_capacity(next_length + 2 * left.len());
        next.extend_from_slice(&left);
        std::mem::replace(&mut self.gathered, next).freeze()
    }

    fn too_long(&self) -> ArtifactError {
        ArtifactError::Full {
            reason: format!(
                "the object is longer than {} bytes, the most that {MAX_PARTS} parts can hold of \
                 which the first has {} bytes",
                max_object_bytes(self.first_bytes),
                self.first_bytes
            ),
            source: None,
        }
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
        let mut parts = Parts::of(Box::pin(stream::iter(pieces)), bytes);
        let mut cut = Vec::new();
        loop {
            let part = parts.next().await.unwrap();
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

    #[tokio::test]
    async fn a_stream_without_end_is_given_up_after_ten_thousand_parts() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        let mut parts = Parts::of(Box::pin(endless), 1);
        for number in 1..=MAX_PARTS {
            let part = parts.next().await.unwrap();
            assert_eq!((part.number, part.is_last), (number, false));
            assert_eq!(part.bytes.len(), part_bytes(1, number));
        }
        let error = parts.next().await.unwrap_err();
        assert!(matches!(&error, ArtifactError::Full { reason, .. } if reason.contains("55000")));
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
