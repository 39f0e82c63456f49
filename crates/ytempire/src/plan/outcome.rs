//! What came out of a plan, in the words that text, page and JSON share.

use scheduler::hardware::Hardware;
use scheduler::resource::Micros;
use scheduler::sim::{Bound, Need, Report};
use scheduler::workload::{Class, Workload};
use serde_json::{Value, json};
use ytempire_core::MicroUsd;

use crate::args::Plan;

pub(super) struct Outcome<'a> {
    pub args: &'a Plan,
    pub hardware: &'a Hardware,
    pub workload: &'a Workload,
    pub reports: Vec<Report>,
    pub bound: Bound,
    pub needs: Vec<Need>,
}

impl Outcome<'_> {
    /// `500 videos a day, one by one, on …`
    pub(super) fn title(&self) -> String {
        let how = match self.args.batch {
            1 => "one by one".to_owned(),
            batch => format!("in batches of {batch}"),
        };
        format!(
            "{} videos a day, {how}, on {}",
            self.args.videos_per_day, self.hardware.name
        )
    }

    /// What runs out first, and what then.
    pub(super) fn bottleneck(&self) -> String {
        let Some(first) = self.needs.first() else {
            return "nothing is needed, so nothing runs out".to_owned();
        };
        let load = first.load(f64::from(self.args.videos_per_day));
        let then = match (load > 1.0, first.can_buy) {
            (true, true) => "more than there is: the rest is bought or late",
            (true, false) => "more than there is: videos pile up",
            (false, _) if load > 0.7 => "little room for bursts",
            _ => "room for bursts",
        };
        format!(
            "first bottleneck: {} ({:.0} % of it at this load, {then}); 70 % are {:.0} videos a day",
            first.resource,
            load * 100.0,
            first.sustainable()
        )
    }

    pub(super) fn ratio(&self, report: &Report) -> f64 {
        report.mean() as f64 / self.bound.local.max(1) as f64
    }

    pub(super) fn json(&self) -> Value {
        let policies = self.reports.iter().map(|report| {
            json!({
                "policy": report.policy,
                "videos": report.videos.len(),
                "mean_s": seconds(report.mean()),
                "p50_s": seconds(report.quantile(0.5)),
                "p95_s": seconds(report.quantile(0.95)),
                "p99_s": seconds(report.quantile(0.99)),
                "mean_over_bound": self.ratio(report),
                "missed": report.missed(None),
                "missed_by_class": {
                    "express": report.missed(Some(Class::Express)),
                    "standard": report.missed(Some(Class::Standard)),
                    "bulk": report.missed(Some(Class::Bulk)),
                },
                "cost_micro_usd": report.cost(),
                "swaps_per_video": per_video(report, report.swaps),
                "jobs_moved_per_video": per_video(report, report.moved),
                "used": {
                    "gpu": report.used.gpu,
                    "cpu": report.used.cpu,
                    "nvenc": report.used.nvenc,
                    "uplink": report.used.uplink,
                },
                "decisions": report.decisions,
                "decisions_hash": format!("{:016x}", report.log_hash),
            })
        });
        let needs = self.needs.iter().map(|need| {
            json!({
                "resource": need.resource,
                "unit": need.unit,
                "per_video": need.amount,
                "capacity": need.capacity,
                "load": need.load(f64::from(self.args.videos_per_day)),
                "videos_per_day_at_70_percent": need.sustainable(),
                "videos_in_ten_minutes": need.in_ten_minutes(),
            })
        });
        json!({
            "hardware": self.hardware.name,
            "workload": self.workload.name,
            "videos_per_day": self.args.videos_per_day,
            "days": self.args.days,
            "batch": self.args.batch,
            "seed": self.args.seed,
            "bound_mean_s": { "nothing_bought": seconds(self.bound.local), "any": seconds(self.bound.any) },
            "bottleneck": self.needs.first().map(|need| need.resource.clone()),
            "policies": policies.collect::<Vec<_>>(),
            "needs": needs.collect::<Vec<_>>(),
        })
    }
}

pub(super) fn seconds(time: Micros) -> f64 {
    time as f64 / 1e6
}

pub(super) fn per_video(report: &Report, count: u64) -> f64 {
    count as f64 / report.videos.len().max(1) as f64
}

/// `185 s`, `12 min`, `3.4 h`.
pub(super) fn long(time: Micros) -> String {
    match seconds(time) {
        s if s < 600.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// `0.0 %`, and never `0.0 %` where there was something.
pub(super) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent > 0.0 && percent < 0.05 {
        "< 0.1 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

/// Dollars to a tenth of a cent.
pub(super) fn dollars(micros: i64) -> String {
    MicroUsd((micros + 500) / 1000 * 1000).to_string()
}

/// Columns of the table of policies.
pub(super) const COLUMNS: [&str; 12] = [
    "policy",
    "mean",
    "p50",
    "p95",
    "× bound",
    "missed",
    "express",
    "standard",
    "bulk",
    "$/video",
    "swaps/video",
    "GPU, CPU used",
];

/// Its rows.
pub(super) fn rows(outcome: &Outcome<'_>) -> Vec<[String; 12]> {
    let row = |report: &Report| {
        let class = |class| percent(report.missed(Some(class)));
        let gpu = if outcome.hardware.gpus.is_empty() {
            "none".to_owned()
        } else {
            format!("{:.0} %", report.used.gpu * 100.0)
        };
        [
            report.policy.clone(),
            long(report.mean()),
            long(report.quantile(0.5)),
            long(report.quantile(0.95)),
            format!("{:.2}", outcome.ratio(report)),
            percent(report.missed(None)),
            class(Class::Express),
            class(Class::Standard),
            class(Class::Bulk),
            dollars(report.cost()),
            format!("{:.2}", per_video(report, report.swaps)),
            format!("{gpu}, {:.0} %", report.used.cpu * 100.0),
        ]
    };
    outcome.reports.iter().map(row).collect()
}

/// Columns of the table of needs.
pub(super) const NEEDS: [&str; 6] = [
    "resource",
    "a video needs",
    "there are",
    "load",
    "a day at 70 %",
    "in ten minutes",
];

/// Its rows.
pub(super) fn need_rows(outcome: &Outcome<'_>) -> Vec<[String; 6]> {
    let row = |need: &Need| {
        [
            need.resource.clone(),
            format!("{:.1} {}", need.amount, need.unit),
            format!("{:.0}", need.capacity),
            format!(
                "{:.0} %",
                need.load(f64::from(outcome.args.videos_per_day)) * 100.0
            ),
            format!("{:.0}", need.sustainable()),
            format!("{:.1}", need.in_ten_minutes()),
        ]
    };
    outcome.needs.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_fitting_units() {
        assert_eq!(long(185_400_000), "185 s");
        assert_eq!(long(3_600_000_000), "60 min");
        assert_eq!(long(72_000_000_000), "20.0 h");
        assert_eq!(percent(0.0001), "< 0.1 %");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(dollars(30_499), "$0.03");
        assert_eq!(dollars(182_501), "$0.183");
    }
}
