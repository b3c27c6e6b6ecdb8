//! The file that keeps a program's output: its beginning, and a ring with its end.
//!
//! ```text
//! 0 .. head               the beginning of the output
//! head .. capacity        a ring; what is behind the beginning goes round in it
//! capacity .. + 16        Extent: how far the output has been written
//! ```
//!
//! Offsets count the bytes of the whole output, positions those of the file. One process writes
//! and others may read meanwhile: the extent says before each write what it will reach, and after
//! it what is there. A reader looks at the extent before and after it reads, and throws away what
//! may have been written over.

/// Where the bytes of an output lie in a file of a certain capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLayout {
    capacity: u64,
}

impl LogLayout {
    /// The layout of a file that keeps so many bytes of the output.
    pub const fn new(capacity: u64) -> Self {
        Self { capacity }
    }

    /// The layout of a file of this size; `None` where it is too short to be one.
    pub const fn of_file(size: u64) -> Option<Self> {
        match size.checked_sub(Extent::BYTES as u64) {
            Some(capacity) => Some(Self { capacity }),
            None => None,
        }
    }

    /// How many bytes of the output the file keeps; the extent's position.
    pub const fn capacity(self) -> u64 {
        self.capacity
    }

    /// How many bytes from the beginning are never written over.
    pub const fn head(self) -> u64 {
        self.capacity / 2
    }

    const fn ring(self) -> u64 {
        self.capacity - self.head()
    }

    /// The position of the byte at this offset, and how many bytes from it on lie in a row there.
    /// None do where nothing is kept.
    pub const fn place(self, offset: u64) -> (u64, u64) {
        if offset < self.head() {
            return (offset, self.head() - offset);
        }
        let in_ring = match (offset - self.head()).checked_rem(self.ring()) {
            Some(position) => position,
            None => 0,
        };
        (self.head() + in_ring, self.ring() - in_ring)
    }

    /// The offset behind the beginning from which on everything up to `end` is kept. What lies
    /// between the beginning and this is lost.
    pub const fn oldest(self, end: u64) -> u64 {
        let oldest = end.saturating_sub(self.ring());
        if oldest > self.head() {
            oldest
        } else {
            self.head()
        }
    }
}

/// How far the output has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The offset that the write under way will reach; `written` where there is none.
    pub reserved: u64,
    /// Everything before this offset was written.
    pub written: u64,
}

impl Extent {
    /// What it takes in the file.
    pub const BYTES: usize = 16;

    /// As it stands in the file.
    pub fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (reserved, written) = bytes.split_at_mut(8);
        reserved.copy_from_slice(&self.reserved.to_le_bytes());
        written.copy_from_slice(&self.written.to_le_bytes());
        bytes
    }

    /// Reads what stands in the file.
    pub fn decode(bytes: [u8; Self::BYTES]) -> Self {
        let number = |range: std::ops::Range<usize>| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[range]);
            u64::from_le_bytes(eight)
        };
        Self {
            reserved: number(0..8),
            written: number(8..16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_stays_and_the_rest_goes_round() {
        let layout = LogLayout::new(11);
        assert_eq!(layout.place(0), (0, 5));
        assert_eq!(layout.place(4), (4, 1));
        assert_eq!(layout.place(5), (5, 6));
        assert_eq!(layout.place(10), (10, 1));
        assert_eq!(layout.place(11), (5, 6));
        assert_eq!(layout.place(6 * 1_000_000 + 7), (7, 4));
    }

    #[test]
    fn what_was_not_written_over_is_kept() {
        let layout = LogLayout::new(10);
        for end in 0..=10 {
            assert_eq!(layout.oldest(end), 5, "nothing is lost up to {end}");
        }
        assert_eq!(layout.oldest(11), 6);
        assert_eq!(layout.oldest(1000), 995);
    }

    #[test]
    fn a_file_may_keep_nothing() {
        let layout = LogLayout::new(0);
        assert_eq!(layout.place(7), (0, 0));
        assert_eq!(layout.oldest(7), 7);
        assert_eq!(LogLayout::of_file(16), Some(layout));
        assert_eq!(LogLayout::of_file(15), None);
    }

    #[test]
    fn an_extent_comes_back_as_it_was_written() {
        let extent = Extent {
            reserved: 1 << 40,
            written: 7,
        };
        assert_eq!(Extent::decode(extent.encode()), extent);
    }
}
