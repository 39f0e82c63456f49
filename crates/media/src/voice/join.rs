//! Phrases into one narration, with pauses that follow the punctuation.

use studio::WordTime;
use studio::sound::{Sound, sounding};
use studio::spoken::{Pause, SpokenText};

use super::Error;
use super::festival::Utterance;
use super::phrase::{Mark, Phrase};

/// Sound kept before the first and after the last word of a phrase: onsets and endings reach
/// over the engine's word bounds.
const LEAD_S: f64 = 0.03;
const TAIL_S: f64 = 0.09;
/// Fades at cuts, against clicks.
const FADE_S: f64 = 0.006;

/// Seconds from the last word before a pause to the first word after it. Read speech rests
/// 0.2 s at commas and about 0.5 s between sentences; a video wants its listeners to follow.
const fn seconds(pause: Pause) -> f64 {
    match pause {
        Pause::None => 0.0,
        Pause::Comma => 0.20,
        Pause::Clause => 0.32,
        Pause::Sentence => 0.50,
        Pause::Paragraph => 0.85,
    }
}

/// A narration while it grows.
struct Tape {
    rate: u32,
    samples: Vec<f32>,
}

impl Tape {
    /// Where the next sample will be, in seconds.
    fn now(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    fn rest(&mut self, seconds: f64) {
        let frames = (seconds.max(0.0) * f64::from(self.rate)) as usize;
        self.samples.resize(self.samples.len() + frames, 0.0);
    }

    /// Appends a piece of a sound, faded at both ends; returns by how much its times move.
    fn add(&mut self, sound: &Sound, (from, to): (f64, f64)) -> f64 {
        let frame = |at: f64| ((at * f64::from(sound.rate)) as usize).min(sound.frames());
        let (from, to) = (frame(from), frame(to));
        let shift = self.now() - from as f64 / f64::from(sound.rate);
        let piece = &sound.samples[from.min(to)..to];
        let fade = ((FADE_S * f64::from(sound.rate)) as usize).min(piece.len() / 2);
        let start = self.samples.len();
        self.samples.extend_from_slice(piece);
        let end = self.samples.len();
        for i in 0..fade {
            let gain = (i as f32 + 0.5) / fade as f32;
            self.samples[start + i] *= gain;
            self.samples[end - 1 - i] *= gain;
        }
        shift
    }
}

/// Joins phrases whose word times are known.
pub(super) fn timed(
    text: &SpokenText,
    phrases: &[Phrase],
    utterances: Vec<Utterance>,
) -> Result<(Sound, Vec<WordTime>), Error> {
    let rate = utterances.first().map_or(32_000, |u| u.sound.rate);
    let mut tape = Tape {
        rate,
        samples: Vec::new(),
    };
    let mut words: Vec<WordTime> = Vec::with_capacity(text.tokens.len());
    for (n, (phrase, utterance)) in phrases.iter().zip(utterances).enumerate() {
        if utterance.sound.rate != rate {
            let what = format!("rates of {rate} and {} Hz", utterance.sound.rate);
            return Err(Error::Garbled {
                engine: "festival",
                what,
            });
        }
        let spans = spread(&mut tape, phrase, &utterance);
        let mut spans = spans.into_iter();
        for token in &text.tokens[phrase.tokens.clone()] {
            let mut span: Option<(f64, f64)> = None;
            for (start, end) in spans.by_ref().take(token.spoken.len()) {
                span = Some((span.map_or(start, |s| s.0), end));
            }
            let (start, end) = span.unwrap_or_else(|| (tape.now(), tape.now()));
            words.push(WordTime {
                text: token.display.clone(),
                start_ms: millis(start),
                end_ms: millis(end),
            });
        }
        if n + 1 < phrases.len() {
            tape.rest(seconds(phrase.pause) - LEAD_S - TAIL_S);
        }
    }
    settle(&mut words);
    Ok((Sound::mono(rate, tape.samples), words))
}

/// Plays one phrase onto the tape, its inner pauses stretched to what the punctuation asks
/// for; returns the spans of its words there.
fn spread(tape: &mut Tape, phrase: &Phrase, utterance: &Utterance) -> Vec<(f64, f64)> {
    let length = utterance.sound.frames() as f64 / f64::from(utterance.sound.rate);
    let first = utterance.words.first().map_or(0.0, |w| w.0);
    let last = utterance.words.last().map_or(length, |w| w.1);
    let mut from = (first - LEAD_S).max(0.0);
    let mut spans = Vec::with_capacity(utterance.words.len());
    let mut waiting = Vec::new();
    for (i, (&word, (_, mark))) in utterance.words.iter().zip(&phrase.words).enumerate() {
        waiting.push(word);
        let Some(next) = utterance.words.get(i + 1) else {
            break;
        };
        let Mark::Rest(pause) = mark else { continue };
        // The engine's own silence is cut in its middle and filled up.
        let middle = f64::midpoint(word.1, next.0);
        let missing = seconds(*pause) - (next.0 - word.1);
        if missing <= 0.0 {
            continue;
        }
        let shift = tape.add(&utterance.sound, (from, middle));
        spans.extend(
            waiting
                .drain(..)
                .map(|(start, end)| (start + shift, end + shift)),
        );
        tape.rest(missing);
        from = middle;
    }
    let shift = tape.add(&utterance.sound, (from, (last + TAIL_S).min(length)));
    spans.extend(
        waiting
            .drain(..)
            .map(|(start, end)| (start + shift, end + shift)),
    );
    spans
}

/// Joins phrases without word times.
pub(super) fn untimed(_text: &SpokenText, phrases: &[Phrase], sounds: Vec<Sound>) -> Sound {
    let rate = sounds.first().map_or(16_000, |sound| sound.rate);
    let mut tape = Tape {
        rate,
        samples: Vec::new(),
    };
    for (n, (phrase, sound)) in phrases.iter().zip(sounds).enumerate() {
        let range = sounding(&sound, -50.0);
        let at = |frame: usize| frame as f64 / f64::from(sound.rate);
        tape.add(
            &sound,
            ((at(range.start) - LEAD_S).max(0.0), at(range.end) + TAIL_S),
        );
        if n + 1 < phrases.len() {
            tape.rest(seconds(phrase.pause) - LEAD_S - TAIL_S);
        }
    }
    Sound::mono(rate, tape.samples)
}

fn millis(seconds: f64) -> u32 {
    (seconds * 1000.0).round() as u32
}

/// Makes sure that no word ends before it starts or after the next one does.
fn settle(words: &mut [WordTime]) {
    for i in 1..words.len() {
        let (before, after) = words.split_at_mut(i);
        let (last, next) = (&mut before[i - 1], &mut after[0]);
        next.start_ms = next.start_ms.max(last.start_ms);
        last.end_ms = last.end_ms.clamp(last.start_ms, next.start_ms);
        next.end_ms = next.end_ms.max(next.start_ms);
    }
}
