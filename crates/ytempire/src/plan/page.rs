//! A plan as one HTML page: nothing in it comes from elsewhere.

use std::fmt::Write as _;

use scheduler::sim::{Moment, Report};

use super::chart::{Line, Marks, Words, bars, escaped, lines};
use super::outcome::{COLUMNS, NEEDS, Outcome, long, need_rows, percent, rows, seconds};

const STYLE: &str = include_str!("page.css");

/// Points of a line: more than a screen shows is only weight.
const POINTS: usize = 240;

pub(super) fn page(outcome: &Outcome<'_>) -> String {
    let title = escaped(&outcome.title());
    let bound = outcome.bound;
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main>\n<h1>{title}</h1>\n\
         <p>{workload}: {about}.</p><p class=\"first\">{bottleneck}.</p>\n\
         <h2>Policies compared</h2>{policies}\n\
         <p>No policy can have a mean below {local} if it buys nothing, or below {any} if it may.</p>\n\
         {missed}{latency}\n<h2>Use over time</h2>{used}\n<h2>What a video needs</h2>{needs}\n\
         <footer><p>{days} days, seed {seed}. Simulated with the scheduler that schedules real videos; \
         arrivals and true lengths of jobs are drawn by chance from the workload's figures. The same \
         seed gives the same page.</p></footer></main></body></html>\n",
        workload = escaped(&outcome.workload.name),
        about = escaped(&outcome.workload.about),
        bottleneck = escaped(&outcome.bottleneck()),
        policies = table(&COLUMNS, rows(outcome).iter().map(<[String; 12]>::as_slice)),
        local = long(bound.local),
        any = long(bound.any),
        missed = missed(outcome),
        latency = latency(outcome),
        used = outcome.reports.last().map(used).unwrap_or_default(),
        needs = table(
            &NEEDS,
            need_rows(outcome).iter().map(<[String; 6]>::as_slice)
        ),
        days = outcome.args.days,
        seed = outcome.args.seed,
    )
}

fn table<'a>(head: &[&str], rows: impl Iterator<Item = &'a [String]>) -> String {
    let mut text = "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>".to_owned();
    for cell in head {
        let _infallible = write!(text, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let tag = if at == 0 { "th scope=\"row\"" } else { "td" };
            let end = if at == 0 { "th" } else { "td" };
            let _infallible = write!(text, "<{tag}>{}</{end}>", escaped(cell));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>");
    text
}

fn missed(outcome: &Outcome<'_>) -> String {
    let most = outcome
        .reports
        .iter()
        .map(|report| report.missed(None))
        .fold(0.01, f64::max);
    let all: Vec<(String, f64, String)> = outcome
        .reports
        .iter()
        .map(|report| {
            let part = report.missed(None);
            (report.policy.clone(), part / most, percent(part))
        })
        .collect();
    let told: Vec<String> = all
        .iter()
        .map(|(name, _, told)| format!("{name} {told}"))
        .collect();
    let words = Words {
        id: "missed",
        title: "Deadlines missed",
        told: &told.join(", "),
        x: "",
        y: "",
    };
    bars(&words, &all)
}

fn latency(outcome: &Outcome<'_>) -> String {
    let longest = outcome
        .reports
        .iter()
        .map(|report| report.quantile(1.0))
        .max();
    let longest = seconds(longest.unwrap_or(0)).max(120.0);
    // From a minute to the longest, by the logarithm: policies differ by orders of magnitude.
    let place = |s: f64| (s.max(60.0) / 60.0).ln() / (longest / 60.0).ln();
    let all: Vec<Line> = outcome
        .reports
        .iter()
        .map(|report| {
            let points = (0..=POINTS).map(|at| {
                let part = at as f64 / POINTS as f64;
                (place(seconds(report.quantile(part))), part)
            });
            Line {
                name: report.policy.clone(),
                points: points.collect(),
            }
        })
        .collect();
    let x: Marks = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 240.0, 1440.0]
        .into_iter()
        .filter(|minutes| minutes * 60.0 <= longest)
        .map(|minutes| (place(minutes * 60.0), format!("{minutes:.0}")))
        .collect();
    let told: Vec<String> = outcome
        .reports
        .iter()
        .map(|report| {
            let (half, most) = (report.quantile(0.5), report.quantile(0.95));
            format!(
                "{}: half within {}, 95 % within {}",
                report.policy,
                long(half),
                long(most)
            )
        })
        .collect();
    let words = Words {
        id: "latency",
        title: "Part of the videos finished within a time",
        told: &told.join("; "),
        x: "minutes from coming to finished",
        y: "videos",
    };
    lines(&words, &all, (&x, &hundredths()))
}

fn used(report: &Report) -> String {
    let hours = seconds(report.ended).max(1.0) / 3600.0;
    let step = report.moments.len().div_ceil(POINTS).max(1);
    let line = |name: &str, of: fn(&Moment) -> f64| Line {
        name: name.to_owned(),
        points: report
            .moments
            .chunks(step)
            .map(|some| {
                let mean = some.iter().map(of).sum::<f64>() / some.len() as f64;
                (seconds(some[0].at) / 3600.0 / hours, mean)
            })
            .collect(),
    };
    let all = [
        line("GPU", |moment| moment.used.gpu),
        line("CPU", |moment| moment.used.cpu),
        line("NVENC", |moment| moment.used.nvenc),
        line("uplink", |moment| moment.used.uplink),
    ];
    let every = [1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 168.0];
    let every = every
        .into_iter()
        .find(|every| hours / every <= 10.0)
        .unwrap_or(336.0);
    let x: Marks = (0..=(hours / every) as u32)
        .map(|at| {
            (
                f64::from(at) * every / hours,
                format!("{:.0}", f64::from(at) * every),
            )
        })
        .collect();
    let told = format!(
        "On average GPU {:.0} %, CPU {:.0} %, NVENC {:.0} %, uplink {:.0} %",
        report.used.gpu * 100.0,
        report.used.cpu * 100.0,
        report.used.nvenc * 100.0,
        report.used.uplink * 100.0
    );
    let title = format!("Use of each resource with the policy “{}”", report.policy);
    let words = Words {
        id: "used",
        title: &title,
        told: &told,
        x: "hours",
        y: "used",
    };
    lines(&words, &all, (&x, &hundredths()))
}

fn hundredths() -> Marks {
    [0.0, 0.25, 0.5, 0.75, 1.0]
        .into_iter()
        .map(|part| (part, format!("{:.0} %", part * 100.0)))
        .collect()
}
