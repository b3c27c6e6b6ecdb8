//! From values to pixels, with ticks at round numbers.

use crate::simulation::progress::grouped;

/// A linear scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// Puts `low` at pixel `start` and `high` at pixel `end`.
    pub(super) fn new((low, high): (f64, f64), (start, end): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            low,
            high,
            start,
            end,
        }
    }

    pub(super) fn at(self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// About `wanted` round values within the scale, and their labels.
    pub(super) fn ticks(self, wanted: u32) -> Vec<(f64, String)> {
        let step = round_step((self.high - self.low) / f64::from(wanted));
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last)
            .map(|multiple| {
                let value = multiple as f64 * step;
                (value, label(value, step))
            })
            .collect()
    }
}

/// A range that holds all values, begins and ends at round numbers, and leaves
/// some air.
pub(super) fn round_range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .into_iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return (0.0, 1.0);
    }
    let step = round_step(((high - low) / 5.0).max(1e-9));
    ((low / step).floor() * step, (high / step).ceil() * step)
}

/// The least of 1, 2, 2.5 and 5 times a power of ten that is at least `rough`.
fn round_step(rough: f64) -> f64 {
    let power = libm::pow(10.0, rough.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

fn label(value: f64, step: f64) -> String {
    let decimals = (0..6).find(|&digits| {
        let scaled = step * f64::from(10_u32.pow(digits));
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    });
    let text = match decimals.unwrap_or(6) {
        0 => grouped(value.abs().round() as u64),
        digits => format!("{:.*}", digits as usize, value.abs()),
    };
    let zero = value.abs() < 0.5 * step * 1e-6;
    if value < 0.0 && !zero {
        format!("−{text}")
    } else {
        text
    }
}
