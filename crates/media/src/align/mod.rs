//! When is each word spoken? Forced alignment of a known text with its speech.
//!
//! For voices that don't tell: speech servers, flite, recordings of the user's. The text is
//! known, so nothing is recognised and no word can change; `PocketSphinx` only finds where each
//! one lies. Measured against an engine that tells the truth, words start within some 12 ms of
//! it, where spreading words by their letters misses by 128 ms.

mod cut;
mod phones;
mod sphinx;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use studio::WordTime;
use studio::sound::{Sound, resample};
use studio::spoken::{Pause, SpokenText};
use ytempire_core::Cancel;

use crate::child;
use crate::tools::{Program, Tools};

pub use phones::letters_to_phones;

/// The rate that the acoustic model was trained at.
const MODEL_RATE: u32 = 16_000;

/// Chunks longer than this, after joining neighbours, are not tried again.
const RETRY_MS_MAX: u64 = 90_000;

/// Word times found for a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// One for each token, in order.
    pub words: Vec<WordTime>,
    /// How many of them are estimates: their sentence could not be aligned, or no aligner is
    /// installed, and time was shared out by sounds.
    pub estimated: usize,
    /// The share of tokens whose sound fits their text, 0 to 1. Above 0.9 for a clean voice;
    /// low when the speech says something else.
    pub score: f32,
}

/// Why there is no alignment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The aligner failed.
    #[error(transparent)]
    Child(#[from] child::Error),
    /// A file of the aligner's can't be written or read.
    #[error("failed to exchange files with the aligner")]
    Io(#[from] std::io::Error),
}

/// A stretch of the text and the speech it is thought to be in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    tokens: Range<usize>,
    /// Frames at [`MODEL_RATE`].
    frames: Range<usize>,
}

/// Where one token was found.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found {
    /// Milliseconds.
    start: u32,
    /// Milliseconds.
    end: u32,
    fits: bool,
}

/// Finds each token of `text` in `speech`. English only. Files are left in `folder`, which must
/// be writable and the call's own.
///
/// The speech is cut at its silences, sentence by sentence, and all pieces are aligned in one
/// run, so time grows with length and memory doesn't. Where a piece can't be aligned, it is
/// tried again together with its neighbour; if that fails too, its words are estimated.
///
/// # Errors
/// See [`Error`]. A missing aligner is no error: all words are estimated then.
pub fn align(
    text: &SpokenText,
    speech: &Sound,
    tools: &Tools,
    folder: &Path,
    cancel: &Cancel,
) -> Result<Alignment, Error> {
    let heard = resample(&speech.to_mono(), MODEL_RATE);
    let wanted: HashSet<&str> = text
        .tokens
        .iter()
        .flat_map(|t| &t.spoken)
        .map(String::as_str)
        .collect();
    let lexicon = phones::Lexicon::load(&wanted)?;
    let weights = weights(text, &lexicon);
    let sentences = cut::sentences(text, &heard, &weights);
    let chunks = cut::joined(&sentences);
    let mut found: Vec<Option<Found>> = vec![None; text.tokens.len()];
    if tools.has(Program::PocketsphinxBatch) && sphinx::has_model() {
        let run = sphinx::Run {
            text,
            heard: &heard,
            lexicon: &lexicon,
            tools,
            folder,
        };
        let failed = run.align(&chunks, &mut found, cancel)?;
        let again = with_neighbours(&chunks, &failed);
        run.align(&again, &mut found, cancel)?;
    }
    let estimated = found.iter().filter(|f| f.is_none()).count();
    estimate(&sentences, &heard, &weights, &mut found);
    let fitting = found.iter().flatten().filter(|f| f.fits).count();
    Ok(Alignment {
        words: words(text, &found),
        estimated,
        score: fitting as f32 / text.tokens.len().max(1) as f32,
    })
}

/// How long a token takes, in sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weight {
    /// Its own sounds.
    sound: f32,
    /// The rest after it.
    rest: f32,
}

impl Weight {
    fn total(weights: &[Self]) -> f32 {
        weights.iter().map(|w| w.sound + w.rest).sum()
    }
}

fn weights(text: &SpokenText, lexicon: &phones::Lexicon) -> Vec<Weight> {
    // A sound takes about 80 ms; rests as our own narrator makes them.
    let rest = |pause| match pause {
        Pause::None => 0.0,
        Pause::Comma => 2.5,
        Pause::Clause => 4.0,
        Pause::Sentence => 6.0,
        Pause::Paragraph => 9.0,
    };
    let sound = |words: &[String]| words.iter().map(|word| lexicon.weight(word)).sum();
    text.tokens
        .iter()
        .map(|t| Weight {
            sound: sound(&t.spoken),
            rest: rest(t.pause),
        })
        .collect()
}

/// Failed chunks joined with the one before or after, whose border may have been wrong.
fn with_neighbours(chunks: &[Chunk], failed: &[usize]) -> Vec<Chunk> {
    let mut again: Vec<Chunk> = Vec::new();
    for &i in failed {
        let from = i.saturating_sub(1);
        let to = (i + 1).min(chunks.len() - 1);
        let chunk = Chunk {
            tokens: chunks[from].tokens.start..chunks[to].tokens.end,
            frames: chunks[from].frames.start..chunks[to].frames.end,
        };
        match again.last_mut() {
            // Neighbours that both failed share a border chunk.
            Some(last) if last.tokens.end > chunk.tokens.start => {
                last.tokens.end = chunk.tokens.end;
                last.frames.end = chunk.frames.end;
            }
            _ => again.push(chunk),
        }
    }
    let short =
        |chunk: &Chunk| chunk.frames.len() as u64 * 1000 / u64::from(MODEL_RATE) <= RETRY_MS_MAX;
    again.retain(|chunk| chunks.len() > 1 && short(chunk));
    again
}

/// Shares out the time of sentences that were not aligned, in proportion to sounds and rests.
fn estimate(sentences: &[Chunk], heard: &Sound, weights: &[Weight], found: &mut [Option<Found>]) {
    let ms = |frame: usize| (frame as u64 * 1000 / u64::from(MODEL_RATE)) as u32;
    for sentence in sentences {
        let mut start = sentence.tokens.start;
        let voiced = cut::voiced(heard, &sentence.frames);
        while start < sentence.tokens.end {
            let rest = &found[start..sentence.tokens.end];
            let open = rest.iter().take_while(|f| f.is_none()).count();
            let end = start + open;
            let before = found[..start]
                .iter()
                .flatten()
                .next_back()
                .map_or(0, |f| f.end);
            let after = found[end..]
                .iter()
                .flatten()
                .next()
                .map_or(u32::MAX, |f| f.start);
            let from = ms(voiced.start).max(before);
            let to = ms(voiced.end).min(after).max(from);
            share(from, to, &weights[start..end], &mut found[start..end]);
            start = end.max(start + 1);
        }
    }
}

fn share(from: u32, to: u32, weights: &[Weight], found: &mut [Option<Found>]) {
    // The last rest lies after the stretch.
    let last = weights.last().map_or(0.0, |w| w.rest);
    let total = (Weight::total(weights) - last).max(f32::MIN_POSITIVE);
    let at = |sum: f32| from + ((to - from) as f32 * (sum / total).min(1.0)) as u32;
    let mut sum = 0.0;
    for (slot, weight) in found.iter_mut().zip(weights) {
        let (start, end) = (at(sum), at(sum + weight.sound));
        *slot = Some(Found {
            start,
            end,
            fits: false,
        });
        sum += weight.sound + weight.rest;
    }
}

fn words(text: &SpokenText, found: &[Option<Found>]) -> Vec<WordTime> {
    let mut words: Vec<WordTime> = Vec::with_capacity(found.len());
    let mut last = 0;
    for (token, found) in text.tokens.iter().zip(found) {
        let (start, end) = found.map_or((last, last), |f| (f.start.max(last), f.end.max(last)));
        if let Some(before) = words.last_mut() {
            before.end_ms = before.end_ms.min(start);
        }
        words.push(WordTime {
            text: token.display.clone(),
            start_ms: start,
            end_ms: end.max(start),
        });
        last = start;
    }
    words
}
