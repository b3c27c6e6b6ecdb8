//! Tables of Markdown.

use std::time::Duration;

/// Prints a table, its columns as wide as they must be.
pub(crate) fn print(title: &str, header: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n");
    println!("| {} |", header.join(" | "));
    println!("|{}", "---|".repeat(header.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// Requests a second, whole.
pub(crate) fn rate(per_second: f64) -> String {
    format!("{per_second:.0}")
}

/// Milliseconds with two digits.
pub(crate) fn milliseconds(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1000.0)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
