//! Cuts speech at silences so that each piece holds whole sentences.

use std::ops::Range;

use studio::sound::{Sound, sounding};
use studio::spoken::SpokenText;

use super::{Chunk, MODEL_RATE, Weight};

/// Windows whose level tells speech from silence.
const WINDOW: usize = MODEL_RATE as usize / 100;
/// Silences from this length on may part sentences: 120 ms.
const SILENCE_WINDOWS: usize = 12;
/// Sentences are joined until a piece is this long: fewer borders, fewer mistakes, and still
/// short enough that a failure costs little.
const CHUNK_S: f32 = 12.0;
/// Speech is louder than this.
const VOICED_DB: f32 = -45.0;
/// How much a longer silence speaks for a sentence's end, per second, against a misfit of
/// lengths.
const SILENCE_WEIGHT: f32 = 6.0;

/// A silence, in windows.
#[derive(Clone, Copy, Debug)]
struct Silence {
    middle: f32,
    length: f32,
}

/// The sentences of a text in speech at [`MODEL_RATE`]; together they cover both. Sentences
/// whose end is not told by a silence stay together.
pub(super) fn sentences(text: &SpokenText, heard: &Sound, weights: &[Weight]) -> Vec<Chunk> {
    let sentences = text.sentences();
    let silences = silences(heard);
    let windows = (heard.frames() / WINDOW) as f32;
    let total = Weight::total(weights).max(f32::MIN_POSITIVE);
    let spans: Vec<f32> = sentences
        .iter()
        .map(|s| Weight::total(&weights[s.clone()]) / total * windows)
        .collect();
    let borders = borders(&spans, &silences, windows);
    let mut chunks: Vec<Chunk> = Vec::new();
    let (mut first, mut from) = (0, 0);
    for (i, sentence) in sentences.iter().enumerate() {
        let end = match borders.get(i) {
            Some(border) => border.map(|at| (at * WINDOW as f32) as usize),
            None => Some(heard.frames()),
        };
        let Some(end) = end else { continue };
        chunks.push(Chunk {
            tokens: first..sentence.end,
            frames: from.min(end)..end,
        });
        (first, from) = (sentence.end, end);
    }
    chunks
}

/// Sentences joined into chunks of some seconds.
pub(super) fn joined(sentences: &[Chunk]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    for sentence in sentences {
        let short = |chunk: &Chunk| (chunk.frames.len() as f32) < CHUNK_S * MODEL_RATE as f32;
        match chunks.last_mut().filter(|last| short(last)) {
            Some(last) => {
                last.tokens.end = sentence.tokens.end;
                last.frames.end = sentence.frames.end;
            }
            None => chunks.push(sentence.clone()),
        }
    }
    chunks
}

/// The part of a stretch that is not silent.
pub(super) fn voiced(heard: &Sound, frames: &Range<usize>) -> Range<usize> {
    let piece = Sound::mono(MODEL_RATE, heard.samples[frames.clone()].to_vec());
    let inner = sounding(&piece, VOICED_DB);
    if inner.is_empty() {
        frames.clone()
    } else {
        frames.start + inner.start..frames.start + inner.end
    }
}

fn silences(heard: &Sound) -> Vec<Silence> {
    let powers: Vec<f32> = heard
        .samples
        .chunks_exact(WINDOW)
        .map(|w| w.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32)
        .collect();
    let mut sorted = powers.clone();
    sorted.sort_by(f32::total_cmp);
    let loud = sorted.get(sorted.len() * 9 / 10).copied().unwrap_or(0.0);
    // 30 dB below loud speech, or a little above the recording's own noise.
    let noise = sorted.get(sorted.len() / 50).copied().unwrap_or(0.0);
    let floor = (loud * 1e-3).max(noise * 2.0).min(loud * 0.05);
    let mut silences = Vec::new();
    let mut start = None;
    for (i, &power) in powers.iter().chain([&f32::INFINITY]).enumerate() {
        match (power <= floor, start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                let inner = from > 0 && i < powers.len();
                if inner && i - from >= SILENCE_WINDOWS {
                    silences.push(Silence {
                        middle: (from + i) as f32 / 2.0,
                        length: (i - from) as f32,
                    });
                }
                start = None;
            }
            _ => {}
        }
    }
    silences
}

/// A silence for the end of each sentence but the last, or none where no order of silences
/// fits: chosen so that sentences have the lengths that their sounds predict and ends fall
/// into long silences.
fn borders(spans: &[f32], silences: &[Silence], windows: f32) -> Vec<Option<f32>> {
    let (n, m) = (spans.len().saturating_sub(1), silences.len());
    if n == 0 || m < n {
        return vec![None; n];
    }
    // cost[j]: the best cost with the current sentence ending in silence j.
    let misfit = |length: f32, wanted: f32| {
        let (length, wanted) = (length.max(1.0), wanted.max(1.0));
        // Twice as long costs as much as half as long, and more in a long sentence, whose
        // length is more certain.
        let off = length - wanted;
        off * off / (length * wanted) * wanted.max(50.0) / 4.0
    };
    let gain = |s: &Silence| SILENCE_WEIGHT * s.length.min(80.0) / 100.0 * 10.0;
    let mut cost: Vec<f32> = silences
        .iter()
        .map(|s| misfit(s.middle, spans[0]) - gain(s))
        .collect();
    let mut back: Vec<Vec<usize>> = Vec::with_capacity(n);
    for &span in &spans[1..n] {
        let mut next = vec![f32::INFINITY; m];
        let mut from = vec![0; m];
        for j in 0..m {
            // Silences too far back can't win; the window keeps this linear in practice.
            for i in (0..j).rev() {
                let length = silences[j].middle - silences[i].middle;
                if length > span * 6.0 + 400.0 {
                    break;
                }
                let sum = cost[i] + misfit(length, span) - gain(&silences[j]);
                if sum < next[j] {
                    (next[j], from[j]) = (sum, i);
                }
            }
        }
        cost = next;
        back.push(from);
    }
    let end = |j: usize| cost[j] + misfit(windows - silences[j].middle, spans[n]);
    let Some(mut j) = (0..m)
        .filter(|&j| end(j).is_finite())
        .min_by(|&a, &b| end(a).total_cmp(&end(b)))
    else {
        return vec![None; n];
    };
    let mut chosen = vec![None; n];
    for k in (0..n).rev() {
        chosen[k] = Some(silences[j].middle);
        if k > 0 {
            j = back[k - 1][j];
        }
    }
    chosen
}
