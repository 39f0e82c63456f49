//! Accepting a brief: resolve everything, plan, refuse early, write one transaction.

use std::path::{Path, PathBuf};

use media::ingest::Ingest;
use sha2::{Digest, Sha256};
use store::{NewJob, Submission, Submitted};
use studio::script::{Script, ScriptError};
use studio::spoken::SpokenText;
use studio::text::Typesetter;
use studio::theme::Theme;
use ytempire_core::brief::{Settings, Source as Text};
use ytempire_core::{
    AccountId, Cancel, ChannelId, Code, JobId, Plant, Stage, Timestamp, VideoId, VideoState,
};

use crate::asset::{self, AssetKind};
use crate::choose::{Choices, choose};
use crate::package::text_faults;
use crate::plan::{Plan, pictures_wanted, plan};
use crate::request::{Music, Narrator, RENDERER, Request, Source, Take};
use crate::{Parts, dispatch, export};

/// Words asked of a language backend: four minutes.
const TOPIC_WORDS: u32 = 600;

/// A brief to be made, and where its relative files are.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is asked for.
    pub settings: Settings,
    /// The folder that the brief's files are relative to.
    pub folder: PathBuf,
    /// The channel that the settings name.
    pub channel: Option<ChannelId>,
}

/// An order with everything found and planned; nothing is written yet.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Everything resolved.
    pub request: Request,
    /// What it may cost.
    pub plan: Plan,
    /// What its stages use, and why; `None` where that was settled before.
    pub choices: Option<Choices>,
    /// Same key, same video.
    pub key: String,
    /// What the user should know: files passed over, words left out.
    pub notices: Vec<String>,
}

/// Why an order was refused. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct RefusedOrder {
    /// The stable code.
    pub code: Code,
    /// What is wrong, where, and how to mend it.
    pub text: String,
    /// The line of the script, from 1, that is at fault.
    pub script_line: Option<usize>,
}

impl RefusedOrder {
    pub(crate) fn new(code: Code, text: impl std::fmt::Display) -> Self {
        Self {
            code,
            text: text.to_string(),
            script_line: None,
        }
    }
}

impl From<ScriptError> for RefusedOrder {
    fn from(e: ScriptError) -> Self {
        Self {
            script_line: Some(e.line),
            ..Self::new(e.code, format!("{}; {}", e.what, e.help))
        }
    }
}

/// Resolves an order: reads its script, finds its files, chooses backends, plans its costs.
///
/// # Errors
/// Everything that can be known before work begins: an unreadable script, glyphs that no font
/// has, a text that the voice can't speak, unusable assets, a topic without a language backend,
/// a budget that the worst case doesn't fit.
pub fn prepare(parts: &Parts, order: &Order) -> Result<Prepared, RefusedOrder> {
    let settings = &order.settings;
    let mut notices = Vec::new();
    let cancel = Cancel::new();
    let ingest = Ingest::new(&parts.tools, &parts.folder, &cancel);
    let source = source(parts, settings)?;
    let narrator = Narrator::Local {
        voice: settings.voice.clone(),
    };
    let theme = theme(settings)?;
    let assets = match &settings.assets {
        None => Vec::new(),
        Some(folder) => {
            let (assets, passed_over) = asset::scan(&ingest, &order.folder.join(folder))
                .map_err(|e| RefusedOrder::new(Code::AssetUnusable, e))?;
            notices.extend(passed_over.iter().map(|path| {
                format!(
                    "{} is no picture or clip and was passed over",
                    path.display()
                )
            }));
            assets
        }
    };
    let request = Request {
        renderer: RENDERER,
        source,
        description: settings.description.clone(),
        tags: settings.tags.clone(),
        format: settings.format,
        tier: settings.tier,
        budget: settings.budget,
        listener: None,
        pictures: None,
        narrator,
        language: settings.language.clone(),
        theme: theme.name.to_owned(),
        assets,
        music: music(&ingest, &order.folder, settings)?,
        captions: settings.captions,
        channel: order.channel,
        takes: Vec::new(),
    };
    let (request, choices) = choose(parts, request).map_err(|e| RefusedOrder::new(e.code(), e))?;
    notices.extend(notice(parts, &request));
    if let Narrator::Local { voice } = &request.narrator {
        media::voice::check(voice.as_deref(), &parts.tools).map_err(|e| {
            let code = match e {
                media::voice::Error::NoVoice => Code::ToolMissing,
                _ => Code::VoiceUnsuited,
            };
            RefusedOrder::new(code, e)
        })?;
    }
    if let Source::Script(script) = &request.source {
        check_text(&request, script)?;
    }
    let mut plan = plan(parts, &request).map_err(|e| RefusedOrder::new(e.code(), e))?;
    plan.keep_back(choices.stages.iter().map(|of| (of.stage, of.reserve)));
    let key = key(&request)?;
    Ok(Prepared {
        request,
        plan,
        choices: Some(choices),
        key,
        notices,
    })
}

/// What the user should know of the choice.
fn notice(parts: &Parts, request: &Request) -> Option<String> {
    parts.backends.illustrator(request.tier)?;
    let most = request.pictures.as_ref().map_or(0, |bought| bought.most);
    (most < pictures_wanted(request)).then(|| {
        format!(
            "pictures are bought for {most} scenes at most, and others show cards: that is the best use of \
             {}, see `ytempire video show --plan`",
            request.budget
        )
    })
}

fn source(parts: &Parts, settings: &Settings) -> Result<Source, RefusedOrder> {
    let title = settings.title.as_deref();
    let mut script = match &settings.source {
        Text::Script(text) => studio::script::parse(text, title)?,
        Text::Article(text) => studio::article::write(text, &article_options(title))
            .map_err(|e| RefusedOrder::new(e.code(), e))?,
        Text::Topic(topic) => {
            let Some(writer) = parts.backends.writer(settings.tier) else {
                return Err(RefusedOrder::new(Code::NoLanguageBackend, NO_WRITER));
            };
            return Ok(Source::Topic {
                topic: topic.clone(),
                title: settings.title.clone(),
                writer: writer.name.clone(),
                words: TOPIC_WORDS,
            });
        }
    };
    studio::script::split_long_scenes(&mut script);
    Ok(Source::Script(script))
}

fn article_options(title: Option<&str>) -> studio::article::Options {
    studio::article::Options {
        title: title.map(str::to_owned),
        words: None,
    }
}

const NO_WRITER: &str = "a topic needs a language backend and none is configured. Name one in \
    ytempire.toml:\n\n\
    [[backend]]\n\
    name = \"local-llm\"\n\
    stage = \"script\"\n\
    kind = \"openai-chat\"\n\
    base_url = \"http://127.0.0.1:11434/v1\"   # Ollama; any OpenAI-shaped server will do\n\
    model = \"qwen3:8b\"\n\
    tier = \"simple\"\n\
    [backend.price]\n\
    input_tokens = \"0\"\n\
    output_tokens = \"0\"\n\n\
    or give a script or an article instead: ytempire make article.md";

fn theme(settings: &Settings) -> Result<&'static Theme, RefusedOrder> {
    let Some(name) = &settings.theme else {
        return Ok(Theme::default_for(
            settings.title.as_deref().unwrap_or_default(),
        ));
    };
    Theme::named(name).ok_or_else(|| {
        let names: Vec<_> = Theme::names().map(|(name, _)| name).collect();
        let text = format!("there is no theme {name:?}; there are {}", names.join(", "));
        RefusedOrder::new(Code::BriefInvalid, text)
    })
}

fn music(ingest: &Ingest<'_>, folder: &Path, settings: &Settings) -> Result<Music, RefusedOrder> {
    use ytempire_core::brief::Music as Asked;
    Ok(match &settings.music {
        Asked::Made => Music::Made,
        Asked::None => Music::None,
        Asked::File(file) => Music::File(
            asset::one(ingest, &folder.join(file), AssetKind::Sound)
                .map_err(|e| RefusedOrder::new(Code::AssetUnusable, e))?,
        ),
    })
}

/// Checks that every character can be shown and every word spoken.
fn check_text(request: &Request, script: &Script) -> Result<(), RefusedOrder> {
    let mut setter = Typesetter::new();
    let shown = serde_json::to_string(script).unwrap_or_default();
    let missing = setter.missing_glyphs(&shown);
    if !missing.is_empty() {
        let names: Vec<String> = missing
            .iter()
            .take(12)
            .map(|c| format!("{c} (U+{:04X})", *c as u32))
            .collect();
        let text = format!(
            "no font at hand has glyphs for {}{}; leave them out of the script",
            names.join(", "),
            if missing.len() > 12 { ", …" } else { "" },
        );
        return Err(RefusedOrder::new(Code::GlyphsMissing, text));
    }
    let faults = text_faults(script);
    if !faults.is_empty() {
        // Validation would reject the finished video for them: better now than then.
        let text = format!("{}; mend it in the text", faults.join("; "));
        return Err(RefusedOrder::new(Code::ScriptMalformed, text));
    }
    if matches!(request.narrator, Narrator::Local { .. }) {
        if request.language.split('-').next() != Some("en") {
            let text = format!(
                "the embedded voices speak English, not {:?}; configure a speech backend, \
                 docs/guide/backends.md shows how",
                request.language
            );
            return Err(RefusedOrder::new(Code::VoiceUnsuited, text));
        }
        for scene in &script.scenes {
            SpokenText::english(&scene.narration).map_err(|e| {
                let text = format!(
                    "scene {:?}: {e}; leave it out, or configure a speech backend, \
                     docs/guide/backends.md shows how",
                    scene.heading
                );
                RefusedOrder::new(Code::VoiceUnsuited, text)
            })?;
        }
    }
    Ok(())
}

fn key(request: &Request) -> Result<String, RefusedOrder> {
    let json = serde_json::to_vec(request).map_err(|e| RefusedOrder::new(Code::Bug, e))?;
    Ok(format!("make:{}", hex(&Sha256::digest(&json))))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// On which terms an order is accepted.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whose it is.
    pub account: AccountId,
    /// How urgent it is: 1 can wait, 10 goes first.
    pub priority: u8,
    /// The most videos that may wait before it; `None` takes it in any case.
    pub waiting_max: Option<u32>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Nothing of it is begun before.
    pub start_at: Option<Timestamp>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            account: AccountId::LOCAL,
            priority: store::PRIORITY,
            waiting_max: None,
            due_at: None,
            start_at: None,
        }
    }
}

/// Accepts a prepared order, or finds the video that the same order made before.
///
/// A video that failed or was cancelled isn't revived, nor one whose files were pruned: the same
/// order begins a new one, which finds all that is left of the old one in the cache.
pub async fn submit(parts: &Parts, prepared: &Prepared, terms: Terms) -> store::Result<Submitted> {
    let mut number = 1;
    loop {
        let submitted = try_submit(parts, prepared, terms, number).await?;
        let usable = match submitted.video.state {
            VideoState::Failed | VideoState::Cancelled => false,
            VideoState::Ready => export::is_whole(parts, submitted.video.id).await?,
            _ => true,
        };
        if submitted.fresh || usable {
            return Ok(submitted);
        }
        number += 1;
    }
}

/// What was ordered before, prepared anew: at today's prices and with today's backends.
///
/// With `from`, that stage and all that follow from it are made again, whatever is cached: another
/// video each time that it is asked for.
///
/// # Errors
/// [`RefusedOrder`] where that isn't possible any more.
pub fn prepare_again(
    parts: &Parts,
    request: &serde_json::Value,
    from: Option<Stage>,
) -> Result<Prepared, RefusedOrder> {
    let take = from.map(|from| Take {
        from,
        mark: VideoId::fresh(&parts.ids, parts.now()).to_string(),
    });
    prepare_take(parts, request, take)
}

/// As [`prepare_again`], of a take that has its mark: asked for again, it is the same video.
///
/// # Errors
/// [`RefusedOrder`] where that isn't possible any more.
pub fn prepare_take(
    parts: &Parts,
    request: &serde_json::Value,
    take: Option<Take>,
) -> Result<Prepared, RefusedOrder> {
    let mut request = Request::of(request)?;
    request.takes.extend(take);
    prepared_again(parts, request)
}

impl Request {
    /// What was kept of an order, for the renderer of today.
    pub(crate) fn of(kept: &serde_json::Value) -> Result<Self, RefusedOrder> {
        let request: Self = serde_json::from_value(kept.clone()).map_err(|e| {
            let text = format!("it was ordered with another version of this program: {e}");
            RefusedOrder::new(Code::BriefInvalid, text)
        })?;
        let renderer = RENDERER;
        Ok(Self {
            renderer,
            ..request
        })
    }
}

pub(crate) fn prepared_again(parts: &Parts, request: Request) -> Result<Prepared, RefusedOrder> {
    let plan = plan(parts, &request).map_err(|e| RefusedOrder::new(e.code(), e))?;
    let key = key(&request)?;
    Ok(Prepared {
        request,
        plan,
        choices: None,
        key,
        notices: Vec::new(),
    })
}

async fn try_submit(
    parts: &Parts,
    prepared: &Prepared,
    terms: Terms,
    number: u32,
) -> store::Result<Submitted> {
    let mut key = format!("{}#{number}", prepared.key);
    if Plant::KeyPerTry.is_in() {
        key = VideoId::fresh(&parts.ids, parts.now()).to_string();
    }
    let submission = submission(parts, prepared, terms, key)?;
    let submitted = parts.store.video_submit(parts.now(), submission).await?;
    parts.signal.wake(1).await;
    Ok(submitted)
}

/// What the store is asked to accept, under this idempotency key.
pub(crate) fn submission(
    parts: &Parts,
    prepared: &Prepared,
    terms: Terms,
    key: String,
) -> store::Result<Submission> {
    let now = parts.now();
    let request = &prepared.request;
    let title = match &request.source {
        Source::Script(script) => script.title.clone(),
        Source::Topic { title, topic, .. } => title.clone().unwrap_or_else(|| topic.clone()),
    };
    let script = NewJob {
        id: JobId::fresh(&parts.ids, now),
        stage: Stage::Script,
        args: serde_json::Value::Null,
        rank: 0,
        after: vec![],
        needs: dispatch::needs(Stage::Script),
    };
    Ok(Submission {
        video: VideoId::fresh(&parts.ids, now),
        account: terms.account,
        channel: request.channel,
        key,
        title,
        request: serde_json::to_value(request)
            .map_err(|e| store::Error::Database(format!("can't write the request: {e}")))?,
        budget: request.budget,
        priority: terms.priority,
        waiting_max: terms.waiting_max,
        due_at: terms.due_at,
        start_at: terms.start_at,
        words: request.amount().words,
        envelopes: prepared.plan.envelopes.clone(),
        plan: prepared
            .choices
            .as_ref()
            .map(serde_json::to_value)
            .transpose()
            .map_err(|e| store::Error::Database(format!("can't write the plan: {e}")))?,
        jobs: vec![script],
    })
}
