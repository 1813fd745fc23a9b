//! The figures, for people.

use std::io::{Write as _, stdout};

use anyhow::Result;

use crate::peer::Figures;

/// Prints a row for each peer, and the ratio of each pair.
pub(crate) fn print(names: &[&str], rounds: &[Vec<Figures>], requests: usize) -> Result<()> {
    let mut out = stdout().lock();
    let columns = [
        "proxy",
        "CPU µs/request",
        "requests/s",
        "resident MiB",
        "second",
    ];
    let [name, cpu, rate, resident, second] = columns;
    writeln!(
        out,
        "{name:<10}{cpu:>24}{rate:>14}{resident:>14}{second:>10}"
    )?;
    for (at, name) in names.iter().enumerate() {
        let of = |figure: fn(&Figures, f64) -> f64| {
            let rounds = rounds.iter().filter_map(|round| round.get(at));
            Spread::of(rounds.map(|figures| figure(figures, requests_of(requests))))
        };
        let cpu = of(|figures, requests| figures.cpu.as_secs_f64() * 1e6 / requests);
        let rate = of(|figures, requests| requests / figures.took.as_secs_f64());
        let resident = of(|figures, _| mebibytes(figures.resident));
        let second = of(|figures, requests| mebibytes(figures.second * 1024 * 1024) / requests);
        let cpu = format!("{:.1} ({:.1}–{:.1})", cpu.median, cpu.least, cpu.most);
        writeln!(
            out,
            "{name:<10}{cpu:>24}{:>14.0}{:>14.1}{:>9.1}%",
            rate.median,
            resident.median,
            second.median * 100.0
        )?;
    }
    if names.len() > 1 {
        let ratios = rounds.iter().filter_map(|round| {
            let [first, second] = round.as_slice() else {
                return None;
            };
            Some(first.cpu.as_secs_f64() / second.cpu.as_secs_f64())
        });
        let ratio = Spread::of(ratios);
        writeln!(
            out,
            "CPU, {} of {}: {:.2} ({:.2}–{:.2}), median and range of {} pairs",
            names[0],
            names[1],
            ratio.median,
            ratio.least,
            ratio.most,
            rounds.len()
        )?;
    }
    Ok(())
}

/// The least, the middle and the most.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            least: at(0),
            median: at(sorted.len() / 2),
            most: at(sorted.len().saturating_sub(1)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests is small")]
const fn requests_of(requests: usize) -> f64 {
    requests as f64
}

#[expect(clippy::cast_precision_loss, reason = "a tenth of a mebibyte is shown")]
const fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
