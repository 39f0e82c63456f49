//! Cuts speech at silences so that each piece holds whole sentences.

use studio::sound::Sound;
use studio::spoken::SpokenText;

use super::{Chunk, MODEL_RATE};

/// Windows whose level tells speech from silence.
const WINDOW: usize = MODEL_RATE as usize / 100;
/// Silences from this length on may part sentences: 120 ms.
const SILENCE_WINDOWS: usize = 12;
/// Sentences are joined until a piece is this long: fewer borders, fewer mistakes, and still
/// short enough that a failure costs little.
const CHUNK_S: f32 = 12.0;
/// How much a longer silence speaks for a sentence's end, per second, against a misfit of
/// lengths.
const SILENCE_WEIGHT: f32 = 6.0;

/// A silence, in windows.
#[derive(Clone, Copy, Debug)]
struct Silence {
    middle: f32,
    length: f32,
}

/// The chunks of a text in speech at [`MODEL_RATE`]; together they cover both.
pub(super) fn chunks(text: &SpokenText, heard: &Sound, weights: &[f32]) -> Vec<Chunk> {
    let sentences = text.sentences();
    let silences = silences(heard);
    let windows = (heard.frames() / WINDOW) as f32;
    let total: f32 = weights.iter().sum();
    let spans: Vec<f32> = sentences
        .iter()
        .map(|s| weights[s.clone()].iter().sum::<f32>() / total.max(f32::MIN_POSITIVE) * windows)
        .collect();
    let borders = borders(&spans, &silences, windows);
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut from = 0;
    let mut first = 0;
    for (i, sentence) in sentences.iter().enumerate() {
        let last = i + 1 == sentences.len();
        let end = if last {
            Some(heard.frames())
        } else {
            borders[i].map(|border| (border * WINDOW as f32) as usize)
        };
        let Some(end) = end else { continue };
        let long = (end - from.min(end)) as f32 >= CHUNK_S * MODEL_RATE as f32;
        if last || long {
            chunks.push(Chunk {
                tokens: first..sentence.end,
                frames: from.min(end)..end,
            });
            from = end;
            first = sentence.end;
        }
    }
    chunks
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
        let ratio = (length.max(1.0) / wanted.max(1.0)).ln();
        // In windows of a sentence of typical length: errors add up as variances do.
        ratio * ratio * wanted.max(50.0) / 4.0
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
