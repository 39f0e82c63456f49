//! Festival: one process for a whole text, its script and its answers as files and lines.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use studio::sound::{Sound, read_wav};
use studio::spoken::SpokenText;
use ytempire_core::Cancel;

use super::Error;
use super::phrase::Phrase;
use crate::child::{self, Limits};
use crate::tools::{Program, Tools};

const PRELUDE: &str = include_str!("prelude.scm");

/// A phrase as the engine spoke it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Utterance {
    /// Its sound, at the engine's rate.
    pub(super) sound: Sound,
    /// Start and end of each spoken word in seconds.
    pub(super) words: Vec<(f64, f64)>,
    /// Start and end of each silence in seconds, the first and the last one included.
    pub(super) pauses: Vec<(f64, f64)>,
}

/// Speaks all phrases.
pub(super) fn speak(
    text: &SpokenText,
    phrases: &[Phrase],
    command: &str,
    (tools, folder): (&Tools, &Path),
    cancel: &Cancel,
) -> Result<Vec<Utterance>, Error> {
    let mut script = PRELUDE.replace("(VOICE)", &format!("({command})"));
    for (i, phrase) in phrases.iter().enumerate() {
        let asks = text.tokens[phrase.tokens.end - 1].asks();
        let words = escape(&phrase.text(asks));
        // Writing to a string can't fail.
        let _ = writeln!(script, "(yt_say \"{}\" \"{words}\")", file(i));
    }
    fs::write(folder.join("speak.scm"), script)?;
    let spec = tools
        .spec(Program::Festival, folder)?
        .args(["-b", "speak.scm"])
        .read("/etc/festival.scm")
        .piped_stdout()
        .limits(limits(phrases));
    let finished = child::run(&spec, &[], cancel)?;
    let answer = String::from_utf8_lossy(&finished.stdout);
    let mut utterances = read(&answer)?;
    if utterances.len() != phrases.len() {
        return Err(garbled(format!(
            "{} of {} sentences: {}",
            utterances.len(),
            phrases.len(),
            finished.stderr.lines().last().unwrap_or_default()
        )));
    }
    for (i, (utterance, phrase)) in utterances.iter_mut().zip(phrases).enumerate() {
        let path = folder.join(file(i));
        utterance.sound = read_wav(&fs::read(&path)?).map_err(|e| garbled(e.to_string()))?;
        // Long texts leave many files: each goes as soon as it is read.
        fs::remove_file(&path)?;
        check(utterance, phrase)?;
    }
    Ok(utterances)
}

fn file(i: usize) -> String {
    format!("speech-{i}.wav")
}

/// Text for a Scheme string. It has only letters, blanks and marks by construction; were it
/// otherwise, this would still keep it a string.
fn escape(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| {
            let slash = matches!(c, '"' | '\\').then_some('\\');
            slash.into_iter().chain([c])
        })
        .collect()
}

/// Measured: 0.03 s of CPU for a second of speech; a slow machine under load gets 20 times
/// that.
fn limits(phrases: &[Phrase]) -> Limits {
    let words: usize = phrases.iter().map(|phrase| phrase.words.len()).sum();
    Limits {
        wall: Duration::from_secs(120 + words as u64 / 2),
        cpu_s: 60 + words as u64 / 4,
        memory_bytes: 2 << 30,
        file_bytes: 256 << 20,
        stdout_bytes: 1 << 20 | (words as u64 * 256),
        ..Limits::default()
    }
}

/// Reads the lines of `prelude.scm`.
fn read(answer: &str) -> Result<Vec<Utterance>, Error> {
    let mut utterances = Vec::new();
    let mut now = Utterance::default();
    let mut tokens: Vec<Option<(f64, f64)>> = Vec::new();
    for line in answer.lines() {
        let mut fields = line.split_ascii_whitespace();
        let kind = fields.next();
        let mut span = || Some((number(fields.next()?)?, number(fields.next()?)?));
        match kind {
            Some("T") => tokens.push(None),
            Some("W") => {
                let (start, end) = span().ok_or_else(|| garbled(line.to_owned()))?;
                // Endings such as "'s" have no sounds of their own and no time.
                if let Some(token) = tokens.last_mut().filter(|_| end > start) {
                    let (first, _) = token.unwrap_or((start, end));
                    *token = Some((first, end));
                }
            }
            Some("P") => now
                .pauses
                .push(span().ok_or_else(|| garbled(line.to_owned()))?),
            Some("E") => {
                now.words = tokens.drain(..).map(Option::unwrap_or_default).collect();
                utterances.push(std::mem::take(&mut now));
            }
            _ => {}
        }
    }
    Ok(utterances)
}

fn number(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|n: &f64| n.is_finite() && (0.0..86_400.0).contains(n))
}

/// The times must rise and lie within the sound; a word without any stands where the one before
/// it ends.
fn check(utterance: &mut Utterance, phrase: &Phrase) -> Result<(), Error> {
    if utterance.words.len() != phrase.words.len() {
        let (got, wanted) = (utterance.words.len(), phrase.words.len());
        return Err(garbled(format!("{got} words of {wanted}")));
    }
    if utterance.sound.frames() == 0 || utterance.sound.channels != 1 {
        return Err(garbled("no speech".to_owned()));
    }
    let length = utterance.sound.frames() as f64 / f64::from(utterance.sound.rate);
    let mut last = utterance
        .pauses
        .first()
        .map_or(0.0, |first| first.1)
        .min(length);
    for word in &mut utterance.words {
        if word.1 <= word.0 {
            *word = (last, last);
        }
        word.0 = word.0.clamp(last, length);
        word.1 = word.1.clamp(word.0, length);
        last = word.1;
    }
    Ok(())
}

fn garbled(what: String) -> Error {
    Error::Garbled {
        engine: "festival",
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_a_string() {
        assert_eq!(escape("a\") (system \"rm\\"), "a\\\") (system \\\"rm\\\\");
        assert_eq!(escape("a\nb\u{0}"), "ab");
    }

    #[test]
    fn answers_are_read_and_nonsense_is_refused() {
        let answer = "T\nW 0.2 0.5\nW 0 0\nT\nW 0.5 0.9\nP 0 0.2\nP 0.9 1.1\nE speech-0.wav\n";
        let read_back = read(answer).unwrap();
        assert_eq!(read_back[0].words, [(0.2, 0.5), (0.5, 0.9)]);
        assert_eq!(read_back[0].pauses.len(), 2);
        assert!(read("T\nW nan 1\n").is_err());
        assert!(read("P 0.1\n").is_err());
        assert_eq!(read("").unwrap(), []);
    }
}
