/// Gives randomness that nobody can guess.
///
/// It refuses to be a source of reproducible numbers in production; tests hand in one that is.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// Fills the whole of `bytes`. MUST be fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
