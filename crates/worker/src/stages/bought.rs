//! A picture for a scene from a backend: made, found at a stock site, or in a library.

use std::path::PathBuf;
use std::time::Duration;

use media::ingest;
use providers::picture::{Hit, Pictures, Wish};
use providers::{Backend, Class};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{ArtifactRow, CacheEntry};
use studio::script::{Scene, Script, Visual};
use ytempire_core::Code;

use super::illustrate::{Illustrated, Shown, enlarged};
use super::{Done, finished, reserve, reused, uncached};
use crate::Asset;
use crate::asset::AssetKind;
use crate::attempt::{Attempt, Made};
use crate::call::{Call, CallError, Choice, gone};
use crate::error::StageError;
use crate::plan::PICTURE_MIB;
use crate::request::Source;

/// What is wanted for a scene.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The backend that is asked first.
    name: String,
    wish: Wish,
    /// How many scenes before it want the same.
    nth: usize,
    scene: usize,
}

/// Whether a scene's card says something that no picture would.
const fn tells(visual: &Visual) -> bool {
    !matches!(
        visual,
        Visual::Title { .. } | Visual::Heading { .. } | Visual::Closing { .. }
    )
}

/// Whether a picture is bought for `scene`: where its card is of little use, or where the user, and
/// not a model, asks for one.
fn wants(scene: &Scene, own: bool) -> bool {
    !tells(&scene.visual) || (own && scene.picture_hint.is_some())
}

/// The words that `scene` is searched by.
fn words<'s>(script: &'s Script, scene: &'s Scene) -> &'s str {
    let hint = scene
        .picture_hint
        .as_deref()
        .filter(|hint| !hint.trim().is_empty());
    let heading = Some(scene.heading.as_str()).filter(|heading| !heading.trim().is_empty());
    hint.or(heading).unwrap_or(&script.title)
}

/// What is to be bought for scene `index`, given which scenes the user's own files cover: the first
/// so many that want a picture get one.
pub(super) fn wanted(
    attempt: &Attempt,
    script: &Script,
    covered: &[Option<usize>],
    index: usize,
) -> Option<Wanted> {
    let illustrator = attempt.request.pictures.as_ref()?;
    let own = matches!(attempt.request.source, Source::Script(_));
    let gets = |(at, scene): &(usize, &Scene)| {
        covered.get(*at).copied().flatten().is_none() && wants(scene, own)
    };
    let before: Vec<&Scene> = script
        .scenes
        .iter()
        .enumerate()
        .take(index)
        .filter(gets)
        .map(|(_, scene)| scene)
        .collect();
    let scene = script.scenes.get(index)?;
    if !gets(&(index, scene)) || before.len() >= illustrator.most as usize {
        return None;
    }
    let words = words(script, scene);
    let same = before
        .iter()
        .filter(|other| self::words(script, other) == words);
    let canvas = attempt.request.canvas();
    let digest = Sha256::digest(format!("{}\n{index}\n{words}", script.title));
    let seed = digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let prompt = format!(
        "{words}. One scene of a film about: {}. A realistic photograph with a calm background. No \
         text, letters, logos or watermarks.",
        script.title
    );
    Some(Wanted {
        name: illustrator.name.clone(),
        nth: same.count(),
        scene: index,
        wish: Wish {
            words: words.to_owned(),
            prompt: prompt.chars().take(1_000).collect(),
            width: canvas.width,
            height: canvas.height,
            seed,
        },
    })
}

/// A picture that was got, before it is let in.
struct Bought {
    file: ArtifactRow,
    /// Whose it is; for one that was made, nobody's.
    hit: Option<Hit>,
}

/// The scene with a picture; with its card if nobody has one.
pub(super) async fn run(attempt: &Attempt, wanted: Wanted) -> Result<Done, StageError> {
    let backends = &attempt.parts.backends;
    let chain = backends.chain(&wanted.name, attempt.request.tier);
    let named: Vec<_> = chain.iter().map(|b| (&b.name, &b.model)).collect();
    let key = attempt.key(
        &json!({ "pictures": named, "wish": wanted.wish, "nth": wanted.nth,
        "canvas": attempt.request.canvas() }),
    )?;
    if let Some(entry) = attempt.cached(&key).await? {
        return reused(attempt, entry).await;
    }
    let hold = reserve(attempt, PICTURE_MIB).await?;
    let mut choice = Choice::of(chain);
    let (mut spent, mut why) = (Duration::ZERO, Vec::new());
    loop {
        let backend = match choice.next(attempt, &wanted.name) {
            Ok(backend) => backend,
            Err(e) if e.is_interruption() => return Err(e),
            Err(_) => break,
        };
        let bought = match buy(attempt, backend, &wanted).await {
            Ok(Some(bought)) => bought,
            Ok(None) => {
                why.push(format!("{} has none", backend.name));
                choice.pass(backend);
                continue;
            }
            Err(failed) => {
                why.push(passable(failed)?);
                choice.pass(backend);
                continue;
            }
        };
        let from = (backend.name.clone(), backend.model.clone());
        let (shown, cpu) = attempt
            .blocking(&hold, move |attempt| let_in(attempt, bought, &from))
            .await?;
        spent += cpu;
        match shown {
            Ok(made) => return Ok(finished(&hold, key, made, spent)),
            Err(unusable) => {
                tracing::warn!(
                    backend = backend.name,
                    "a picture can't be used: {unusable}"
                );
                why.push(format!("{}: {unusable}", backend.name));
                choice.pass(backend);
            }
        }
    }
    let told = format!(
        "scene {}: no picture of {:?} ({}), a card is shown",
        wanted.scene + 1,
        wanted.wish.words,
        if why.is_empty() {
            "nobody can be asked just now".to_owned()
        } else {
            why.join("; ")
        }
    );
    let card = Illustrated {
        shown: Shown::Card,
        asset: None,
        substituted: Some(told),
        generated: false,
    };
    let output = serde_json::to_value(card)?;
    let files = vec![];
    Ok(uncached(&hold, Made { output, files }, spent))
}

/// Why a backend gave nothing, where another or a card may take its place.
///
/// # Errors
/// What concerns the job, not the picture.
fn passable(failed: CallError) -> Result<String, StageError> {
    match failed {
        CallError::Provider(e) if e.class == Class::Cancelled => Err(StageError::interrupted()),
        CallError::Provider(e) => Ok(e.to_string()),
        CallError::Closed(e) => Ok(e.text()),
        // Without a picture there is still a video.
        CallError::Stage(e) if e.code == Code::BudgetExceeded => Ok(e.text()),
        CallError::Stage(e) => Err(e),
    }
}

/// A picture of `backend`'s; `None`: it has none that fits.
async fn buy(
    attempt: &Attempt,
    backend: &Backend,
    wanted: &Wanted,
) -> Result<Option<Bought>, CallError> {
    let pictures = attempt.parts.backends.pictures(&backend.name);
    let pictures = pictures.ok_or_else(|| gone(&backend.name))??;
    if pictures.makes() {
        return made(attempt, backend, &pictures, &wanted.wish)
            .await
            .map(Some);
    }
    let mut fresh = pictures.is_folder();
    loop {
        let hits = hits(attempt, backend, &pictures, &wanted.wish, &mut fresh).await?;
        let Some(hit) = hits.get(wanted.nth % hits.len().max(1)) else {
            return Ok(None);
        };
        match pictures.fetch(hit, &attempt.cancel).await {
            Ok(bytes) => {
                let file = attempt.keep_bytes(&bytes)?;
                let hit = Some(hit.clone());
                return Ok(Some(Bought { file, hit }));
            }
            Err(e) if fresh || e.class == Class::Cancelled => return Err(e.into()),
            // Addresses are good for a day; what was found earlier is looked for again.
            Err(_) => fresh = true,
        }
    }
}

/// A picture that `backend` makes, or made in an attempt that failed later.
async fn made(
    attempt: &Attempt,
    backend: &Backend,
    pictures: &Pictures,
    wish: &Wish,
) -> Result<Bought, CallError> {
    let of = (
        &backend.name,
        &backend.model,
        &backend.size,
        &backend.image_quality,
    );
    let key = attempt.key(&json!({ "made": of, "graph": backend.graph, "wish": wish }))?;
    if let Some(entry) = attempt.cached(&key).await?
        && let Some(file) = entry.artifacts.into_iter().next()
    {
        return Ok(Bought { file, hit: None });
    }
    let mut call = Call::begin(attempt, backend, pictures.quote(wish)).await?;
    let charge = call.charge();
    let outcome = call
        .during(pictures.make(wish, &charge, &attempt.cancel))
        .await;
    match outcome {
        Ok(made) => {
            let file = attempt.keep_bytes(&made.bytes)?;
            let bought = CacheEntry {
                key,
                output: json!({}),
                artifacts: vec![file.clone()],
            };
            call.end(Ok(made.usage), vec![bought]).await?;
            Ok(Bought { file, hit: None })
        }
        Err(error) => {
            call.end(Err(&error), vec![]).await?;
            Err(error.into())
        }
    }
}

/// What a search found.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    hits: Vec<Hit>,
}

/// What `backend` has of what is wanted: as it was found before, unless that is to be looked for
/// again. `fresh` becomes true where it was looked for now.
async fn hits(
    attempt: &Attempt,
    backend: &Backend,
    pictures: &Pictures,
    wish: &Wish,
    fresh: &mut bool,
) -> Result<Vec<Hit>, CallError> {
    if pictures.is_folder() {
        return Ok(pictures.search(wish, &attempt.cancel).await?.hits);
    }
    let shape = wish.width.cmp(&wish.height) as i8;
    let words = wish.words.to_lowercase();
    let key = attempt.key(
        &json!({ "search": backend.name, "words": words, "shape": shape,
        "for": (wish.width, wish.height) }),
    )?;
    if let (Some(entry), false) = (attempt.cached(&key).await?, *fresh) {
        let known: Known = serde_json::from_value(entry.output).map_err(StageError::from)?;
        return Ok(known.hits);
    }
    *fresh = true;
    let mut call = Call::begin(attempt, backend, pictures.quote(wish)).await?;
    let outcome = call.during(pictures.search(wish, &attempt.cancel)).await;
    match outcome {
        Ok(found) => {
            let known = Known { hits: found.hits };
            let bought = CacheEntry {
                key,
                output: serde_json::to_value(&known).map_err(StageError::from)?,
                artifacts: vec![],
            };
            call.end(Ok(found.usage), vec![bought]).await?;
            Ok(known.hits)
        }
        Err(error) => {
            call.end(Err(&error), vec![]).await?;
            Err(error.into())
        }
    }
}

/// Lets a bought picture in, as it would a stranger's; the text says why it can't be used.
fn let_in(
    attempt: &Attempt,
    bought: Bought,
    (name, model): &(String, String),
) -> Result<Result<Made, String>, StageError> {
    let path = attempt.artifact(&bought.file.id)?;
    let picture = match attempt.ingest().picture(&path, attempt.request.canvas()) {
        Ok(picture) => picture,
        Err(ingest::Error::Child(
            child @ (media::child::Error::Cancelled { .. }
            | media::child::Error::Missing { .. }
            | media::child::Error::DiskFull { .. }),
        )) => return Err(child.into()),
        Err(e) => return Ok(Err(reason(&e))),
    };
    let generated = bought.hit.is_none();
    let asset = asset(&bought, name, model);
    let file = attempt.keep_bytes(picture.pixels.bytes())?;
    let shown = Shown::Picture {
        file: file.clone(),
        width: picture.pixels.width(),
        height: picture.pixels.height(),
    };
    let output = serde_json::to_value(Illustrated {
        shown,
        substituted: enlarged(&asset.path, &picture),
        asset: Some(asset),
        generated,
    })?;
    let files = vec![bought.file, file];
    Ok(Ok(Made { output, files }))
}

/// What is wrong with a picture, without the path of our copy.
fn reason(error: &ingest::Error) -> String {
    match error {
        ingest::Error::Damaged { reason, .. } => reason.clone(),
        ingest::Error::TooSmall { .. } => "it is too small".to_owned(),
        ingest::Error::UnknownKind { .. } => "it is no picture".to_owned(),
        _ => "it can't be decoded".to_owned(),
    }
}

fn asset(bought: &Bought, name: &str, model: &str) -> Asset {
    let (author, licence, source, path) = match &bought.hit {
        Some(hit) => (
            hit.author.clone().filter(|_| hit.credit),
            hit.licence.clone(),
            hit.source.clone(),
            format!("{name} {}", hit.id.replace('/', " ")),
        ),
        None => (
            None,
            None,
            Some(format!("made by {model}")),
            format!("{name} picture"),
        ),
    };
    Asset {
        path: PathBuf::from(path),
        content: bought.file.id.clone(),
        bytes: bought.file.bytes,
        kind: AssetKind::Picture,
        tags: Vec::new(),
        author,
        licence,
        source,
    }
}
