//! One run of `PocketSphinx` over many pieces of speech.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use studio::sound::{Depth, Sound, write_wav};
use studio::spoken::SpokenText;
use ytempire_core::Cancel;

use super::phones::{self, Lexicon};
use super::{Chunk, Error, Found, MODEL_RATE};
use crate::child::{self, Limits};
use crate::tools::{Program, Tools};

const MODEL: &str = "/usr/share/pocketsphinx/model/en-us/en-us";
/// Milliseconds of a frame of features.
const FRAME_MS: u32 = 10;
/// Acoustic score of a frame below which sound and text don't fit. Clean speech scores −8 to
/// −25 a frame, other words than the ones spoken −40 to −100.
const FIT_MIN: f32 = -38.0;

/// More spoken words than any token has: a number of a million digits is no narration.
const PLACES: usize = 1_000_000;

/// Tells whether the acoustic model is installed.
pub(super) fn has_model() -> bool {
    Path::new(MODEL).join("mdef").is_file() && phones::has_dictionary()
}

/// What every piece shares.
pub(super) struct Run<'a> {
    pub(super) text: &'a SpokenText,
    /// One channel at [`MODEL_RATE`].
    pub(super) heard: &'a Sound,
    pub(super) lexicon: &'a Lexicon,
    pub(super) tools: &'a Tools,
    pub(super) folder: &'a Path,
}

impl Run<'_> {
    /// Aligns chunks and fills in what was found; returns the numbers of those that failed.
    pub(super) fn align(
        &self,
        chunks: &[Chunk],
        found: &mut [Option<Found>],
        cancel: &Cancel,
    ) -> Result<Vec<usize>, Error> {
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        self.prepare(chunks)?;
        let spec = self
            .tools
            .spec(Program::PocketsphinxBatch, self.folder)?
            .args([
                "-hmm",
                MODEL,
                "-dict",
                "align.dict",
                "-adcin",
                "yes",
                "-adchdr",
                "44",
            ])
            .args(["-cepdir", ".", "-cepext", ".wav", "-ctl", "align.ctl"])
            .args(["-fsgctl", "align.ctl", "-fsgdir", ".", "-fsgext", ".fsg"])
            .args([
                "-hypseg",
                "align.seg",
                "-logfn",
                "align.log",
                "-bestpath",
                "no",
            ])
            // Every frame counts, and none may be pruned too early: the path is nearly fixed.
            .args(["-remove_silence", "no", "-cmn", "batch", "-seed", "1"])
            .args(["-beam", "1e-80", "-pbeam", "1e-80", "-wbeam", "1e-60"])
            .limits(self.limits());
        child::run(&spec, &[], cancel)?;
        let answer = fs::read(self.folder.join("align.seg"))?;
        let answer = String::from_utf8_lossy(&answer);
        let mut lines = answer.lines();
        let mut failed = Vec::new();
        for (n, chunk) in chunks.iter().enumerate() {
            let spans = lines.next().and_then(|line| self.read(chunk, line));
            match spans {
                Some(spans) => keep(chunk, &spans, found),
                None => failed.push(n),
            }
            fs::remove_file(self.folder.join(format!("align-{n}.wav")))?;
        }
        Ok(failed)
    }

    /// Writes sounds, grammars, the list of both and the dictionary. Every spoken word has an
    /// entry of its own, so that the answer says which word it means.
    fn prepare(&self, chunks: &[Chunk]) -> Result<(), Error> {
        let mut list = String::new();
        let mut dictionary = String::new();
        for (n, chunk) in chunks.iter().enumerate() {
            let mut samples = self.heard.samples[chunk.frames.clone()].to_vec();
            // Half a window of silence at both ends: speech may start at the first sample.
            let pad = MODEL_RATE as usize / 10;
            samples.splice(0..0, std::iter::repeat_n(0.0, pad));
            samples.extend(std::iter::repeat_n(0.0, pad));
            dither(&mut samples);
            let bytes = write_wav(&Sound::mono(MODEL_RATE, samples), Depth::Int16);
            fs::write(self.folder.join(format!("align-{n}.wav")), bytes)?;
            fs::write(
                self.folder.join(format!("align-{n}.fsg")),
                self.grammar(n, chunk),
            )?;
            // Writing to a string can't fail.
            let _ = writeln!(list, "align-{n}");
            for (id, word) in self.spoken(chunk) {
                for (k, phones) in self.lexicon.get(word).iter().enumerate() {
                    let _ = match k {
                        0 => writeln!(dictionary, "w{id} {phones}"),
                        _ => writeln!(dictionary, "w{id}({}) {phones}", k + 1),
                    };
                }
            }
        }
        fs::write(self.folder.join("align.ctl"), list)?;
        fs::write(self.folder.join("align.dict"), dictionary)?;
        Ok(())
    }

    /// The spoken words of a chunk with their numbers in it: token × [`PLACES`] + place.
    fn spoken(&self, chunk: &Chunk) -> impl Iterator<Item = (usize, &str)> {
        let tokens = self.text.tokens[chunk.tokens.clone()]
            .iter()
            .zip(chunk.tokens.clone());
        tokens.flat_map(|(token, t)| {
            token
                .spoken
                .iter()
                .enumerate()
                .map(move |(k, word)| (t * PLACES + k, word.as_str()))
        })
    }

    /// One path through all words; the aligner itself allows silence between them.
    fn grammar(&self, n: usize, chunk: &Chunk) -> String {
        let ids: Vec<usize> = self.spoken(chunk).map(|(id, _)| id).collect();
        let mut text = format!(
            "FSG_BEGIN align-{n}\nNUM_STATES {}\nSTART_STATE 0\nFINAL_STATE {}\n",
            ids.len() + 1,
            ids.len()
        );
        for (state, id) in ids.iter().enumerate() {
            let _ = writeln!(text, "TRANSITION {state} {} 1.0 w{id}", state + 1);
        }
        text.push_str("FSG_END\n");
        text
    }

    fn limits(&self) -> Limits {
        let seconds = self.heard.millis() / 1000;
        Limits {
            wall: Duration::from_secs(60 + seconds * 4),
            cpu_s: 30 + seconds * 2,
            memory_bytes: 2 << 30,
            file_bytes: 64 << 20,
            ..Limits::default()
        }
    }

    /// Reads one line: `name S 0 T … A … L … start score lscore word start … end`. `None` if a
    /// word is missing.
    fn read(&self, chunk: &Chunk, line: &str) -> Option<Vec<(usize, Span)>> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let mut fields = fields.get(9..)?;
        let mut spans: Vec<(usize, Span)> = Vec::new();
        while let [start, score, _, word, rest @ ..] = fields {
            let end = rest.first()?;
            let id = word
                .strip_prefix('w')
                .and_then(|w| w.split('(').next()?.parse().ok());
            if let Some(id) = id {
                let span = Span {
                    start: start.parse().ok()?,
                    end: end.parse().ok()?,
                    score: score.parse().ok()?,
                };
                spans.push((id, span));
            }
            fields = rest;
        }
        let complete = spans
            .iter()
            .map(|(id, _)| *id)
            .eq(self.spoken(chunk).map(|(id, _)| id));
        complete.then_some(spans)
    }
}

/// Fills in the tokens of an aligned chunk.
fn keep(chunk: &Chunk, spans: &[(usize, Span)], found: &mut [Option<Found>]) {
    let offset = chunk.frames.start as i64 * 1000 / i64::from(MODEL_RATE) - 100;
    let millis = |frame: u32| (i64::from(frame * FRAME_MS) + offset).max(0) as u32;
    for t in chunk.tokens.clone() {
        let mine = spans
            .iter()
            .filter(|(id, _)| id / PLACES == t)
            .map(|(_, span)| span);
        let (mut start, mut end, mut score) = (u32::MAX, 0, 0.0);
        for span in mine {
            start = start.min(span.start);
            end = end.max(span.end);
            score += span.score;
        }
        if start < end {
            let fits = score / (end - start) as f32 > FIT_MIN;
            found[t] = Some(Found {
                start: millis(start),
                end: millis(end),
                fits,
            });
        }
    }
}

/// Frames and acoustic score of one spoken word.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    start: u32,
    end: u32,
    score: f32,
}

/// Adds noise of one step of 16 bits: the features of digital silence are undefined.
fn dither(samples: &mut [f32]) {
    let mut state = 1_u32;
    for s in samples {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *s += ((state >> 8) as f32 / 8_388_608.0 - 1.0) / 16_384.0;
    }
}
