//! Markdown tables of medians and ratios.

use std::fmt::Write as _;
use std::time::Duration;

use crate::meter::Taken;

/// The median of each figure of several runs.
pub(crate) fn median(runs: &[Taken]) -> Taken {
    Taken {
        wall: middle(runs.iter().map(|run| run.wall)),
        cpu: middle(runs.iter().map(|run| run.cpu)),
        memory_peak: middle(runs.iter().map(|run| run.memory_peak)),
    }
}

/// The median of some values; of an even number of them the upper one.
pub(crate) fn middle<T: Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    let half = values.len() / 2;
    values.into_iter().nth(half).unwrap_or_default()
}

/// The median of the ratios of two contestants, round by round: what disturbed one round
/// disturbed both.
pub(crate) fn ratio(runs: &[Taken], control: &[Taken]) -> f64 {
    let pairs = runs.iter().zip(control);
    let mut ratios: Vec<f64> = pairs
        .map(|(run, control)| run.cpu.as_secs_f64() / control.cpu.as_secs_f64().max(0.01))
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}

/// The same of runs that made unequally many frames: by the frame.
pub(crate) fn ratio_per_frame(runs: (&[Taken], u32), control: (&[Taken], u32)) -> f64 {
    ratio(runs.0, control.0) * f64::from(control.1) / f64::from(runs.1.max(1))
}

/// Lays `rows` out below `head`.
pub(crate) fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<&str> = cells.collect();
        let _infallible = writeln!(text, "| {} |", cells.join(" | "));
    };
    line(&mut head.iter().copied());
    line(&mut (0..head.len()).map(|column| if column == 0 { "---" } else { "---:" }));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// Seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// Milliseconds for each of `frames`.
pub(crate) fn per_frame(time: Duration, frames: u32) -> String {
    format!(
        "{:.2}",
        time.as_secs_f64() * 1000.0 / f64::from(frames.max(1))
    )
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(cpu_ms: u64) -> Taken {
        Taken {
            cpu: Duration::from_millis(cpu_ms),
            ..Taken::default()
        }
    }

    #[test]
    fn a_ratio_compares_within_rounds() {
        // The second round was twice as slow for both.
        let runs = [taken(1100), taken(2200), taken(1150)];
        let control = [taken(1000), taken(2000), taken(1000)];
        assert!((ratio(&runs, &control) - 1.1).abs() < 1e-9);
    }

    #[test]
    fn a_table_has_as_many_columns_as_its_head() {
        let text = markdown(&["a", "b"], &[vec!["x".into(), "1".into()]]);
        assert_eq!(text, "| a | b |\n| --- | ---: |\n| x | 1 |\n");
    }
}
