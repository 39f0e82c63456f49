//! The plan: what each stage may cost at worst, before a cent is spent.

use std::collections::BTreeMap;

use ledger::PriceBook;
use providers::{Backend, Quote, Work};
use serde::Serialize;
use studio::script::Script;
use ytempire_core::brief::Tier;
use ytempire_core::{Code, MicroUsd, MoneyError, Stage, Timestamp};

use crate::Parts;
use crate::asset::{matched, mebibytes};
use crate::choose::choose;
use crate::meter::{LocalMax, backend_price};
use crate::request::{Narrator, Request, Source};

/// The own machine's part of a stage may take twice its worst case: a failed attempt or a repair is
/// paid from the second half.
const ATTEMPTS_PAID: i64 = 2;

/// How many times what it usually takes the own machine's worst case is, see [`local_max`].
const LOCAL_SPARE: i64 = 4;

/// What a video may cost, stage by stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Each stage's share.
    pub envelopes: BTreeMap<Stage, MicroUsd>,
    /// Their sum: the worst case.
    pub total: MicroUsd,
    /// What it may cost.
    pub budget: MicroUsd,
}

impl Plan {
    /// Adds what is kept back beside each stage's worst case, so that it can be done in its cheapest
    /// way when what was chosen for it has failed.
    pub(crate) fn keep_back(&mut self, reserves: impl Iterator<Item = (Stage, MicroUsd)>) {
        for (stage, reserve) in reserves {
            self.envelopes.entry(stage).or_default().0 += reserve.0;
        }
        self.total = MicroUsd::sum(self.envelopes.values().copied());
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The worst case doesn't fit the budget. Nothing was done.
    #[error(
        "the worst case of this video is {total}, {missing} more than its budget of {budget}; {way_out}"
    )]
    OverBudget {
        /// The worst case.
        total: MicroUsd,
        /// The budget.
        budget: MicroUsd,
        /// What is missing.
        missing: MicroUsd,
        /// Which tier would fit, or what budget.
        way_out: String,
    },
    /// A price is missing.
    #[error(transparent)]
    Price(#[from] ledger::PriceError),
    /// An amount doesn't fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl PlanError {
    /// The stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::OverBudget { .. } => Code::BudgetExceeded,
            Self::Price(_) => Code::PriceUnknown,
            Self::Money(_) => Code::BriefInvalid,
        }
    }
}

/// The size of the job, as far as costs depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) scenes: u64,
    pub(crate) words: u64,
    pub(crate) characters: u64,
    /// Of the assets that are shown.
    pub(crate) mebibytes: u64,
}

impl Size {
    /// The size of what is asked for, as far as is known: at worst.
    fn of_request(request: &Request) -> Self {
        let size = match &request.source {
            Source::Script(script) => Self::of(script),
            Source::Topic { words, .. } => Self::promised(*words),
        };
        let bought = request
            .pictures
            .as_ref()
            .map_or(0, |pictures| pictures.most);
        let mut size = size.with_assets(request);
        size.mebibytes += u64::from(bought) * PICTURE_MIB;
        size
    }

    /// The size of a finished script.
    pub(crate) fn of(script: &Script) -> Self {
        let narrations = || script.scenes.iter().map(|scene| scene.narration.as_str());
        Self {
            scenes: script.scenes.len() as u64,
            words: narrations().map(words).sum(),
            characters: narrations().map(|text| text.chars().count() as u64).sum(),
            mebibytes: 0,
        }
    }

    /// The most that a language backend's script of about `words` words may turn out to be:
    /// what its writer lets through, and 8 characters a word, which is long. Should one be full of
    /// figures, its jobs find that their share is used up, and it fails.
    fn promised(words: u32) -> Self {
        let most = u64::from(words) * 7 / 4;
        Self {
            scenes: 80,
            // Some of them long ones and numbers, which count more than once.
            words: most * 5 / 4,
            characters: most * 8,
            mebibytes: 0,
        }
    }

    /// The size of what is asked for, as it usually turns out.
    fn usual(request: &Request) -> Self {
        let Source::Topic { words, .. } = &request.source else {
            return Self::of_request(request);
        };
        Self {
            scenes: u64::from(request.amount().scenes),
            words: u64::from(*words),
            // English has five letters and a space.
            characters: u64::from(*words) * 6,
            mebibytes: 0,
        }
    }

    /// The size with the assets that its scenes will show: each is shown at most once.
    fn with_assets(self, request: &Request) -> Self {
        let assets = &request.assets;
        let mebibytes = match &request.source {
            Source::Script(script) => matched(&script.scenes, assets)
                .into_iter()
                .flatten()
                .map(|index| mebibytes(&assets[index]))
                .sum(),
            Source::Topic { .. } => {
                let mut all: Vec<u64> = assets.iter().map(mebibytes).collect();
                all.sort_unstable_by_key(|&mib| std::cmp::Reverse(mib));
                all.iter().take(self.scenes as usize).sum()
            }
        };
        Self { mebibytes, ..self }
    }

    /// What the work of `stage` grows with, see [`local_max`].
    const fn amount(self, stage: Stage) -> u64 {
        match stage {
            Stage::Illustrate => self.mebibytes,
            _ => self.words,
        }
    }
}

/// Words of a text, as they count for time: a figure is spoken as a word, and so is a character
/// of a script that puts no spaces between words; other words count anew every 12 characters.
pub(crate) fn words(text: &str) -> u64 {
    let spelled = |c: &char| c.is_numeric() || *c >= '\u{2E80}';
    text.split_whitespace()
        .map(|word| {
            let length = word.chars().count() as u64;
            let figures = word.chars().filter(spelled).count() as u64;
            figures.max(length.div_ceil(12))
        })
        .sum()
}

/// Frames that a MiB holds at least: 8.4 Mbit/s over [`frames_max`], which is twice what speech
/// takes. The encoder's peak of 12 Mbit/s over the true time stays below that.
const FRAMES_PER_MIB: u64 = 30;

/// Frames that `words` of narration take at most: a word a second, twice the usual time, and
/// five seconds around them.
const fn frames_max(words: u64) -> u64 {
    (words + 5) * 30
}

/// The most that one local job of `stage` takes, for an amount of work: words of narration, as
/// [`words`] counts them; of the asset's mebibytes for illustration.
///
/// CPU per unit is four times and more of what was measured on an old shared core, because
/// work beyond the reservation is an overrun, which stops the video; at $0.04 a core-hour the
/// room costs next to nothing.
pub(crate) fn local_max(stage: Stage, amount: u64, tier: Tier) -> LocalMax {
    let words = amount;
    let frame_ms = if tier == Tier::Premium { 400 } else { 120 };
    let (cpu_ms, disk_mib) = match stage {
        Stage::Script => (20_000, 8),
        Stage::Narrate => (20_000 + words * 400, 4 + words / 4),
        Stage::Illustrate => (60_000 + amount * 100, 64 + amount),
        Stage::Compose => (
            30_000 + frames_max(words) * frame_ms,
            8 + frames_max(words) / FRAMES_PER_MIB,
        ),
        Stage::Assemble => (30_000 + frames_max(words) * 20, 16 + frames_max(words) / 24),
        Stage::Thumbnail => (60_000, 8),
        Stage::Validate => (30_000 + frames_max(words) * 60, 8),
    };
    LocalMax { cpu_ms, disk_mib }
}

/// Plans `request`, or says why it can't be afforded and what would fit.
pub(crate) fn plan(parts: &Parts, request: &Request) -> Result<Plan, PlanError> {
    let now = parts.now();
    let total = plan_at(parts, request, now)?;
    if total.total <= total.budget {
        return Ok(total);
    }
    let missing = MicroUsd(total.total.0 - total.budget.0);
    let way_out = way_out(parts, request, now, total.total);
    Err(PlanError::OverBudget {
        total: total.total,
        budget: total.budget,
        missing,
        way_out,
    })
}

fn way_out(parts: &Parts, request: &Request, now: Timestamp, total: MicroUsd) -> String {
    let cheaper = [Tier::Complex, Tier::Simple]
        .into_iter()
        .filter(|t| (*t as u8) < request.tier as u8);
    for tier in cheaper {
        let other = Request {
            tier,
            ..request.clone()
        };
        if let Ok((chosen, _)) = choose(parts, other)
            && let Ok(plan) = plan_at(parts, &chosen, now)
            && plan.total <= plan.budget
        {
            return format!("--tier {} fits, at {} at worst", tier.as_str(), plan.total);
        }
    }
    if total <= ledger::VIDEO_CAP {
        return format!(
            "--budget {} would do",
            total.to_string().trim_start_matches('$')
        );
    }
    format!(
        "no video may cost more than {}: shorten the text",
        ledger::VIDEO_CAP
    )
}

fn plan_at(parts: &Parts, request: &Request, now: Timestamp) -> Result<Plan, PlanError> {
    let mut envelopes = BTreeMap::new();
    for stage in Stage::ALL {
        envelopes.insert(stage, stage_cost(parts, request, stage, now)?.worst);
    }
    let total = MicroUsd::sum(envelopes.values().copied());
    Ok(Plan {
        envelopes,
        total,
        budget: request.budget,
    })
}

fn local_worst(
    prices: &PriceBook,
    tier: Tier,
    stage: Stage,
    size: Size,
    now: Timestamp,
) -> Result<MicroUsd, PlanError> {
    let per_scene = matches!(stage, Stage::Narrate | Stage::Illustrate | Stage::Compose);
    // What grows with the amount adds up over the scenes; the rest is needed for each of them.
    let jobs = if per_scene { size.scenes.max(1) } else { 1 };
    let base = local_max(stage, 0, tier);
    let whole = local_max(stage, size.amount(stage), tier);
    let total = |base: u64, whole: u64| base * (jobs - 1) + whole;
    let price = |meter| Ok::<_, PlanError>(prices.find("local", "cpu", meter, now)?.price);
    let cpu = price("cpu_ms")?.charge(total(base.cpu_ms, whole.cpu_ms))?;
    let disk = price("disk_mib_month")?.charge(total(base.disk_mib, whole.disk_mib))?;
    // Each charge line is rounded up by itself.
    Ok(MicroUsd(cpu.0 + disk.0 + 2 * jobs as i64))
}

/// MiB that the largest picture of a backend takes.
pub(crate) const PICTURE_MIB: u64 = (providers::picture::BYTES_MAX >> 20) as u64;

/// Scenes of `request` that pictures may be bought for, at most: all of a script, and twice as many
/// as a topic usually has.
pub(crate) fn pictures_wanted(request: &Request) -> u32 {
    match &request.source {
        Source::Script(script) => u32::try_from(script.scenes.len()).unwrap_or(u32::MAX),
        Source::Topic { .. } => request.amount().scenes * 2,
    }
}

/// What the backends of `stage` are asked to do, each with the name of the first that is asked.
fn remote_work(request: &Request, stage: Stage, size: Size) -> Vec<(&str, Work)> {
    let mut asked = Vec::new();
    match (stage, &request.source, &request.narrator) {
        (Stage::Script, Source::Topic { writer, words, .. }, _) => {
            let work = Work {
                words: u64::from(*words),
                ..Work::default()
            };
            asked.push((writer.as_str(), work));
        }
        (Stage::Narrate, _, Narrator::Backend { name, .. }) => {
            let work = Work {
                characters: size.characters,
                scenes: size.scenes,
                ..Work::default()
            };
            asked.push((name.as_str(), work));
            let work = Work {
                seconds: size.words * WORD_MS / 1000,
                scenes: size.scenes,
                ..Work::default()
            };
            asked.extend(request.listener.as_deref().map(|name| (name, work)));
        }
        (Stage::Illustrate, ..) => {
            let pictures = request.pictures.iter();
            asked.extend(pictures.map(|pictures| {
                let work = Work {
                    scenes: u64::from(pictures.most),
                    ..Work::default()
                };
                (pictures.name.as_str(), work)
            }));
        }
        _ => {}
    }
    asked
}

/// Milliseconds of a word that is spoken slowly.
const WORD_MS: u64 = 750;

/// What a stage costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StageCost {
    /// As it usually is.
    pub(crate) expected: MicroUsd,
    /// At worst, with what is repeated: its envelope.
    pub(crate) worst: MicroUsd,
    /// Of that, what is paid to somebody.
    pub(crate) cash: MicroUsd,
}

/// What `stage` of `request` costs with what it has chosen. What takes the place of a backend that
/// fails has to do with what is left of it: a dearer one is passed over where that isn't enough.
pub(crate) fn stage_cost(
    parts: &Parts,
    request: &Request,
    stage: Stage,
    now: Timestamp,
) -> Result<StageCost, PlanError> {
    let size = Size::of_request(request);
    let prices = parts.prices.book();
    let local = local_worst(&prices, request.tier, stage, size, now)?;
    let (mut expected, mut cash) = (MicroUsd(local.0 / LOCAL_SPARE), MicroUsd::ZERO);
    for (name, work) in remote_work(request, stage, size) {
        if let Some(backend) = parts.backends.named(name) {
            let worst = with_repetitions(&prices, backend, work, now)?;
            cash = cash.checked_add(worst).ok_or(MoneyError::Overflow)?;
        }
    }
    for (name, work) in remote_work(request, stage, Size::usual(request)) {
        if let Some(backend) = parts.backends.named(name) {
            let usual = charge(&prices, backend, backend.expected(work), now)?;
            expected = expected.checked_add(usual).ok_or(MoneyError::Overflow)?;
        }
    }
    let local = MicroUsd(local.0 * ATTEMPTS_PAID);
    Ok(StageCost {
        expected,
        worst: local.checked_add(cash).ok_or(MoneyError::Overflow)?,
        cash,
    })
}

/// What `quote` costs at `backend`.
fn charge(
    prices: &PriceBook,
    backend: &Backend,
    quote: Quote,
    now: Timestamp,
) -> Result<MicroUsd, PlanError> {
    let mut total = MicroUsd::ZERO;
    for (meter, quantity) in quote.usage.meters() {
        let charge = backend_price(prices, backend, meter, now)?
            .price
            .charge(quantity)?;
        // Each call rounds up by itself.
        let charge = MicroUsd(charge.0.saturating_add(quote.calls as i64));
        total = total.checked_add(charge).ok_or(MoneyError::Overflow)?;
    }
    Ok(total)
}

/// Of so many calls one may be paid twice: each answer is kept by itself, so that a failure repeats
/// one call, not all of a stage.
const CALLS_OF_ONE_REPETITION: u64 = 4;

/// What `work` costs at `backend` at worst, when a part of its calls, and one at least, has to be
/// repeated.
fn with_repetitions(
    prices: &PriceBook,
    backend: &Backend,
    work: Work,
    now: Timestamp,
) -> Result<MicroUsd, PlanError> {
    let quote = backend.worst(work);
    let once = charge(prices, backend, quote, now)?;
    let calls = quote.calls.max(1);
    let again =
        u128::from(once.0.unsigned_abs()) * u128::from(calls.div_ceil(CALLS_OF_ONE_REPETITION));
    let again =
        i64::try_from(again.div_ceil(u128::from(calls))).map_err(|_| MoneyError::Overflow)?;
    Ok(once
        .checked_add(MicroUsd(again))
        .ok_or(MoneyError::Overflow)?)
}

#[cfg(test)]
mod tests;
