//! Ids that look random and follow from a seed.

/// A row of numbers without pattern (SplitMix64): another seed, another row.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    state: u64,
}

impl Ids {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// In the form of a random UUID.
    pub(super) fn uuid(&mut self) -> String {
        let high = self.next();
        let low = self.next();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff,
        )
    }

    /// 32 hexadecimal digits, as ECS names tasks.
    pub(super) fn task(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// As EC2 names instances.
    pub(super) fn instance(&mut self) -> String {
        format!("i-0{:016x}", self.next())
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_uuids_and_follow_from_the_seed() {
        let mut ids = Ids::new(7);
        let first = ids.uuid();
        assert_eq!(first.len(), 36);
        assert_eq!(&first[14..15], "4", "the version of {first}");
        assert!(matches!(&first[19..20], "8" | "9" | "a" | "b"), "{first}");
        assert_ne!(first, ids.uuid());
        assert_eq!(first, Ids::new(7).uuid());
        assert_ne!(first, Ids::new(8).uuid());
    }
}
