//! Choosing what the stages of a video use: the best that its tier, its budget and its aim allow.
//!
//! `scheduler::selection` does the choosing; here is what there is to choose from, and what is told
//! of the choice.

use providers::{Backend, Role};
use scheduler::selection::{
    Candidate, Impossible, Limit, Limits, Menu, Rejected, Selection, Why, explain, select,
};
use serde::Serialize;
use studio::spoken::SpokenText;
use ytempire_core::brief::Tier;
use ytempire_core::{MicroUsd, Stage, Timestamp};

use crate::Parts;
use crate::plan::{PlanError, StageCost, pictures_wanted, stage_cost};
use crate::request::{Illustrator, Narrator, Request, Source};

/// How much the quality of a stage counts beside that of the others. A judgement: a voice is heard
/// all the time, a text decides whether anybody stays, and pictures carry the rest.
const WEIGHTS: [(Stage, u32); 3] = [
    (Stage::Script, 3),
    (Stage::Narrate, 4),
    (Stage::Illustrate, 3),
];

/// How good the embedded voice is, beside backends: 0 to 100. A judgement by its synthetic sound.
const EMBEDDED_VOICE: u32 = 30;

/// How good drawn cards are, and the user's own pictures, which go before bought ones anyway.
const CARDS: u32 = 45;

/// What a video is meant to cost at each tier. A simple one buys nothing, so nothing is to be aimed
/// at; $2.50 is where a warning is told.
const fn aim(tier: Tier) -> MicroUsd {
    match tier {
        Tier::Simple => MicroUsd(i64::MAX),
        Tier::Complex => MicroUsd(1_500_000),
        Tier::Premium => ledger::THRESHOLDS[0],
    }
}

/// What was chosen for a video, and why: told by the event `video.planned`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choices {
    /// What it may cost.
    pub budget: MicroUsd,
    /// What it is meant to cost at its tier.
    pub aim: MicroUsd,
    /// What it is expected to cost.
    pub expected: MicroUsd,
    /// The worst case.
    pub worst: MicroUsd,
    /// Kept back beside it, so that every stage can be done in its cheapest way after what was
    /// chosen has failed.
    pub reserve: MicroUsd,
    /// The stages that leave a choice.
    pub stages: Vec<StageChoice>,
}

/// What was chosen for a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageChoice {
    /// The stage.
    pub stage: Stage,
    /// What it uses.
    pub chosen: Told,
    /// Kept back beside its worst case for its cheapest way.
    pub reserve: MicroUsd,
    /// What else there was.
    pub rejected: Vec<Told>,
}

/// A way to do a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// The backend, and its parameters where it has some.
    pub name: String,
    /// How good it is, 0 to 100, in tenths.
    pub quality_permille: u32,
    /// What it is expected to cost.
    pub expected: MicroUsd,
    /// The most that is reserved for it.
    pub worst: MicroUsd,
    /// Why it was not chosen; empty for what was.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A way to do a stage: what it makes of the request, and its row in the menu.
struct Way {
    candidate: Candidate,
    request: Request,
}

/// A stage's ways, and those that the tier forbids.
struct Alternatives {
    stage: Stage,
    ways: Vec<Way>,
    forbidden: Vec<Told>,
}

/// The request with the best writer, narrator and pictures that it may have.
///
/// Where nothing fits the budget it gets the cheapest of each: the plan then says what is missing.
pub(crate) fn choose(parts: &Parts, request: Request) -> Result<(Request, Choices), PlanError> {
    let now = parts.now();
    let mut all = Vec::new();
    if matches!(request.source, Source::Topic { .. }) {
        all.push(writers(parts, &request, now)?);
    }
    all.push(narrators(parts, &request, now)?);
    all.push(illustrators(parts, &request, now)?);
    all.retain(|of| !of.ways.is_empty());
    let mut menus: Vec<Menu> = all.iter().map(Alternatives::menu).collect();
    for stage in Stage::ALL {
        if menus.iter().all(|menu| menu.stage != stage) {
            menus.push(fixed(stage_cost(parts, &request, stage, now)?, stage));
        }
    }
    let budget = request.budget;
    let mut limits = Limits {
        cap: budget,
        aim: budget.min(aim(request.tier)),
        ..Limits::none()
    };
    let mut selected = select(&menus, &limits);
    if matches!(
        selected,
        Err(Impossible::Beyond {
            limit: Limit::Aim,
            ..
        } | Impossible::Together)
    ) {
        // What it is meant to cost isn't what it may cost.
        limits.aim = budget;
        selected = select(&menus, &limits);
    }
    let selection = selected.unwrap_or_else(|_| cheapest(&menus));
    let rejected = explain(&menus, &limits, &selection);
    let mut chosen = request;
    for (of, &at) in all.iter().zip(&selection.chosen) {
        of.apply(at, &mut chosen);
    }
    let choice = told(&all, &menus, &limits, &selection, &rejected);
    Ok((chosen, choice))
}

/// The cheapest way of each stage.
fn cheapest(menus: &[Menu]) -> Selection {
    let least = |menu: &Menu| {
        let cheapest = menu.candidates.iter().enumerate();
        cheapest
            .min_by_key(|(_, c)| c.worst)
            .map_or(0, |(at, _)| at)
    };
    Selection::of(menus, &menus.iter().map(least).collect::<Vec<_>>())
}

impl Alternatives {
    fn menu(&self) -> Menu {
        let weight = WEIGHTS.iter().find(|(stage, _)| *stage == self.stage);
        Menu {
            stage: self.stage,
            weight: weight.map_or(0, |(_, weight)| *weight),
            candidates: self.ways.iter().map(|way| way.candidate.clone()).collect(),
        }
    }

    /// Does to `request` what way `at` does.
    fn apply(&self, at: usize, request: &mut Request) {
        let of = &self.ways[at].request;
        match self.stage {
            Stage::Script => request.source.clone_from(&of.source),
            Stage::Narrate => {
                request.narrator.clone_from(&of.narrator);
                request.listener.clone_from(&of.listener);
            }
            _ => request.pictures.clone_from(&of.pictures),
        }
    }
}

/// A stage that leaves no choice.
fn fixed(cost: StageCost, stage: Stage) -> Menu {
    Menu {
        stage,
        weight: 0,
        candidates: vec![candidate(stage.to_string(), 0, cost, None)],
    }
}

fn candidate(name: String, quality: u32, cost: StageCost, payee: Option<String>) -> Candidate {
    Candidate {
        name,
        quality: quality * 10,
        expected: cost.expected,
        worst: cost.worst,
        cash: cost.cash,
        payee,
        time: 0,
    }
}

/// The backends of a role that a tier may use, and those that it may not.
fn backends(parts: &Parts, role: Role, tier: Tier) -> (Vec<&Backend>, Vec<Told>) {
    let (mut may, mut forbidden) = (Vec::new(), Vec::new());
    for (lowest, backend) in parts
        .backends
        .all()
        .iter()
        .filter(|(_, b)| b.role() == role)
    {
        if *lowest as u8 <= tier as u8 {
            may.push(backend);
        } else {
            forbidden.push(Told {
                name: backend.name.clone(),
                quality_permille: u32::from(backend.quality) * 10,
                expected: MicroUsd::ZERO,
                worst: MicroUsd::ZERO,
                why: format!(
                    "it is for tier {}, and this is {}",
                    lowest.as_str(),
                    tier.as_str()
                ),
            });
        }
    }
    (may, forbidden)
}

fn writers(parts: &Parts, request: &Request, now: Timestamp) -> Result<Alternatives, PlanError> {
    let (mut may, mut forbidden) = backends(parts, Role::Language, request.tier);
    if may.is_empty() {
        // Who gives a topic asks for a text to be written, whoever can.
        may.extend(parts.backends.writer(request.tier));
        forbidden.retain(|told| may.iter().all(|backend| backend.name != told.name));
    }
    let mut ways = Vec::new();
    for backend in may {
        let mut other = request.clone();
        if let Source::Topic { writer, .. } = &mut other.source {
            writer.clone_from(&backend.name);
        }
        let cost = stage_cost(parts, &other, Stage::Script, now)?;
        let (name, quality) = (backend.name.clone(), u32::from(backend.quality));
        ways.push(Way {
            candidate: candidate(name.clone(), quality, cost, Some(name)),
            request: other,
        });
    }
    Ok(Alternatives {
        stage: Stage::Script,
        ways,
        forbidden,
    })
}

fn narrators(parts: &Parts, request: &Request, now: Timestamp) -> Result<Alternatives, PlanError> {
    let voice = match &request.narrator {
        Narrator::Local { voice } | Narrator::Backend { voice, .. } => voice.clone(),
    };
    let (may, forbidden) = backends(parts, Role::Speech, request.tier);
    let mut ways = Vec::new();
    if may.is_empty() || embedded_can(request) {
        let other = Request {
            narrator: Narrator::Local {
                voice: voice.clone(),
            },
            listener: None,
            ..request.clone()
        };
        let cost = stage_cost(parts, &other, Stage::Narrate, now)?;
        ways.push(Way {
            candidate: candidate("embedded voice".to_owned(), EMBEDDED_VOICE, cost, None),
            request: other,
        });
    }
    for backend in may {
        let name = backend.name.clone();
        let listener = parts.backends.listener(request.tier);
        let listener = listener.filter(|_| !backend.tells_words());
        let other = Request {
            narrator: Narrator::Backend {
                name: name.clone(),
                voice: voice.clone(),
            },
            listener: listener.map(|backend| backend.name.clone()),
            ..request.clone()
        };
        let cost = stage_cost(parts, &other, Stage::Narrate, now)?;
        let quality = u32::from(backend.quality);
        ways.push(Way {
            candidate: candidate(name.clone(), quality, cost, Some(name)),
            request: other,
        });
    }
    Ok(Alternatives {
        stage: Stage::Narrate,
        ways,
        forbidden,
    })
}

/// Whether the embedded voice can say it, as far as is known.
fn embedded_can(request: &Request) -> bool {
    let speaks = request.language.split('-').next() == Some("en");
    speaks
        && match &request.source {
            Source::Topic { .. } => true,
            Source::Script(script) => {
                let mut scenes = script.scenes.iter();
                scenes.all(|scene| SpokenText::english(&scene.narration).is_ok())
            }
        }
}

/// Of the scenes that want a picture, so many quarters get a bought one.
const QUARTERS: [u32; 4] = [4, 3, 2, 1];

fn illustrators(
    parts: &Parts,
    request: &Request,
    now: Timestamp,
) -> Result<Alternatives, PlanError> {
    let without = Request {
        pictures: None,
        ..request.clone()
    };
    let cost = stage_cost(parts, &without, Stage::Illustrate, now)?;
    let own = if request.assets.is_empty() {
        "drawn cards"
    } else {
        "own pictures and cards"
    };
    let mut ways = vec![Way {
        candidate: candidate(own.to_owned(), CARDS, cost, None),
        request: without,
    }];
    let (may, forbidden) = backends(parts, Role::Pictures, request.tier);
    let wanted = pictures_wanted(request);
    for backend in may {
        let mut before = 0;
        for quarters in QUARTERS {
            let most = (wanted * quarters).div_ceil(4);
            if most == 0 || most == before {
                continue;
            }
            before = most;
            let name = backend.name.clone();
            let other = Request {
                pictures: Some(Illustrator {
                    name: name.clone(),
                    most,
                }),
                ..request.clone()
            };
            let cost = stage_cost(parts, &other, Stage::Illustrate, now)?;
            let quality = (u32::from(backend.quality) * quarters + CARDS * (4 - quarters)) / 4;
            let shown = format!("{name}, for up to {most} scenes");
            ways.push(Way {
                candidate: candidate(shown, quality, cost, Some(name)),
                request: other,
            });
        }
    }
    Ok(Alternatives {
        stage: Stage::Illustrate,
        ways,
        forbidden,
    })
}

fn told(
    all: &[Alternatives],
    menus: &[Menu],
    limits: &Limits,
    selection: &Selection,
    rejected: &[Rejected],
) -> Choices {
    let weights: u32 = menus.iter().map(|menu| menu.weight).sum();
    let stages = all.iter().zip(menus).zip(&selection.chosen);
    let stages = stages.map(|((of, menu), &at)| {
        let others = of.ways.iter().enumerate().filter(|(other, _)| *other != at);
        let whys = rejected.iter().filter(|r| r.stage == of.stage);
        let others = others
            .zip(whys)
            .map(|((_, way), rejected)| row(&way.candidate, why(&rejected.why, limits, weights)));
        StageChoice {
            stage: of.stage,
            chosen: row(&of.ways[at].candidate, String::new()),
            reserve: menu.reserve(at),
            rejected: others.chain(of.forbidden.iter().cloned()).collect(),
        }
    });
    Choices {
        budget: limits.cap,
        aim: limits.aim,
        expected: selection.expected,
        worst: selection.worst,
        reserve: selection.reserve,
        stages: stages.collect(),
    }
}

fn row(candidate: &Candidate, why: String) -> Told {
    Told {
        name: candidate.name.clone(),
        quality_permille: candidate.quality,
        expected: candidate.expected,
        worst: candidate.worst,
        why,
    }
}

fn why(why: &Why, limits: &Limits, weights: u32) -> String {
    match why {
        Why::LessGood { by } => {
            let points = by * 10 / u64::from(weights.max(1));
            let (whole, tenth) = (points / 100, points % 100 / 10);
            format!("the best plan with it is {whole}.{tenth} points of 100 less good")
        }
        Why::Dearer { by } => format!("as good, and {} dearer", MicroUsd(*by)),
        Why::NoBetter => "as good and as dear; more is reserved, or it comes later in the \
                          configuration"
            .to_owned(),
        Why::Impossible(Impossible::Beyond { limit, least, .. }) => {
            let least = MicroUsd(*least);
            match limit {
                Limit::Cap => format!(
                    "with it at least {least} must be reserved, and the budget is {}",
                    limits.cap
                ),
                Limit::Aim => format!(
                    "with it at least {least} is to be expected, and the aim is {}",
                    limits.aim
                ),
                Limit::Cash | Limit::Payee(_) => {
                    format!("with it at least {least} is paid, and a daily budget leaves less")
                }
                Limit::Time => "with it the video would be late".to_owned(),
            }
        }
        Why::Impossible(Impossible::NoCandidate(_) | Impossible::Together) => {
            "with it the budget and the aim can't both be kept".to_owned()
        }
    }
}
