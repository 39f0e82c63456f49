//! `ytempire video show --plan`: what each stage uses, and why nothing else was taken.

use std::fmt::Write as _;

use comfy_table::Table;
use serde::Deserialize;
use store::VideoRow;
use worker::Parts;
use ytempire_core::{EventKind, MicroUsd, Stage};

use crate::fail::Failure;

/// Events of a video that are read at once: the plan is among the first.
const EVENTS: u32 = 1_000;

/// The plan, as `video.planned` tells it.
#[derive(Debug, Deserialize)]
struct Planned {
    budget: MicroUsd,
    aim: MicroUsd,
    expected: MicroUsd,
    worst: MicroUsd,
    reserve: MicroUsd,
    stages: Vec<PlannedStage>,
}

#[derive(Debug, Deserialize)]
struct PlannedStage {
    stage: Stage,
    chosen: Way,
    rejected: Vec<Way>,
}

#[derive(Debug, Deserialize)]
struct Way {
    name: String,
    quality_permille: u32,
    expected: MicroUsd,
    worst: MicroUsd,
    #[serde(default)]
    why: String,
}

/// What was told of the video's plan last; `None` where all was settled before it was accepted.
pub(super) async fn told(
    parts: &Parts,
    video: &VideoRow,
) -> Result<Option<serde_json::Value>, Failure> {
    let events = parts.store.event_list(video.id, 0, EVENTS).await?;
    let mut plans = events
        .into_iter()
        .filter(|event| event.kind == EventKind::VideoPlanned);
    Ok(plans.next_back().map(|event| event.detail))
}

/// The plan as a text for people.
pub(super) fn text(video: &VideoRow, plan: Option<serde_json::Value>) -> Result<String, Failure> {
    let Some(plan) = plan else {
        return Ok(format!(
            "{} has no plan of its own: it was ordered with what another one had chosen\n",
            video.title
        ));
    };
    let plan: Planned = serde_json::from_value(plan).map_err(|e| {
        let text = format!("the plan of {} can't be read: {e}", video.id);
        Failure::new(ytempire_core::Code::Bug, text)
    })?;
    let mut text = format!("{}\n{}\n\n", video.title, video.id);
    let _infallible = writeln!(
        text,
        "expected {}, meant to stay within {}; at worst {}, and {} kept back, of {}\n",
        plan.expected, plan.aim, plan.worst, plan.reserve, plan.budget
    );
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "stage", "", "way", "quality", "expected", "at worst", "why not",
    ]);
    for of in plan.stages {
        let mut stage = of.stage.as_str();
        let ways = std::iter::once((true, of.chosen));
        for (chosen, way) in ways.chain(of.rejected.into_iter().map(|way| (false, way))) {
            let forbidden =
                !chosen && way.worst == MicroUsd::ZERO && way.expected == MicroUsd::ZERO;
            let amount = |amount: MicroUsd| {
                if forbidden {
                    "-".to_owned()
                } else {
                    amount.to_string()
                }
            };
            table.add_row([
                stage.to_owned(),
                (if chosen { "*" } else { "" }).to_owned(),
                way.name,
                format!(
                    "{}.{}",
                    way.quality_permille / 10,
                    way.quality_permille % 10
                ),
                amount(way.expected),
                amount(way.worst),
                way.why,
            ]);
            stage = "";
        }
    }
    let _infallible = writeln!(text, "{table}");
    Ok(text)
}
