//! How long a step took, for the person who waited for it.

use std::fmt;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "what a person waited is told in real time"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Elapsed {
        Elapsed(self.0.elapsed())
    }
}

/// Written as `4.2 s` below a minute and as `3 min 07 s` from there on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds < 60.0 {
            return formatter.pad(&format!("{seconds:.1} s"));
        }
        let whole = self.0.as_secs();
        formatter.pad(&format!("{} min {:02} s", whole / 60, whole % 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_appear_when_there_are_any() {
        assert_eq!(Elapsed(Duration::from_millis(4_240)).to_string(), "4.2 s");
        assert_eq!(Elapsed(Duration::from_secs(187)).to_string(), "3 min 07 s");
    }
}
