//! Medians, and the lines that are printed.

use std::time::Duration;

use crate::load::Round;

pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

pub(crate) fn line(what: &str, figure: &str) {
    println!("  {what:<58} {figure}");
}

pub(crate) fn median<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

/// The medians of rounds that Trent and the bare server took in turn.
pub(crate) fn rounds(what: &str, connections: usize, trent: &[Round], bare: &[Round]) {
    let ratio = median(trent.iter().zip(bare).map(|(t, b)| 100.0 * t.requests_per_second / b.requests_per_second));
    let rate = |rounds: &[Round]| median(rounds.iter().map(|r| r.requests_per_second)).unwrap_or_default();
    let time = |rounds: &[Round], of: fn(&Round) -> Duration| median(rounds.iter().map(of)).unwrap_or_default();
    println!(
        "  {what:<20} c={connections:<3} {:>8.0}/s  p50 {:>6} µs  p99 {:>6} µs  cpu {:>5.1} µs | bare {:>8.0}/s  cpu {:>5.1} µs | {:>4.0} %",
        rate(trent),
        time(trent, |r| r.p50).as_micros(),
        time(trent, |r| r.p99).as_micros(),
        time(trent, |r| r.cpu).as_secs_f64() * 1e6,
        rate(bare),
        time(bare, |r| r.cpu).as_secs_f64() * 1e6,
        ratio.unwrap_or_default(),
    );
}
