//! The embedded narrator: speech from programs of Debian, no account, no network.
//!
//! Festival's HTS voice is the best of what is free and in `main`: 32 kHz, and it tells when
//! each word is spoken. Where Festival is missing, flite takes over, which the result declares.
//! A text is spoken sentence by sentence in one process; pauses are ours, so that they follow
//! the punctuation and not the engine's taste.

mod festival;
mod flite;
mod join;
mod phrase;

#[cfg(test)]
mod tests;

use std::path::Path;

use studio::WordTime;
use studio::sound::{self, RATE, Sound};
use studio::spoken::SpokenText;
use ytempire_core::Cancel;

use crate::align;
use crate::child;
use crate::tools::{Program, Tools};

/// Loudness of a narration as it is handed out; the mix equalises scenes again.
pub const NARRATION_LUFS: f32 = -18.0;

/// A scene's narration.
#[derive(Clone, Debug, PartialEq)]
pub struct Narration {
    /// One channel at 48 kHz, polished, at [`NARRATION_LUFS`].
    pub sound: Sound,
    /// When each token of the text is spoken.
    pub words: Vec<WordTime>,
    /// The voice that spoke, as [`voices`] names it.
    pub voice: String,
    /// Why another voice spoke than the one that was asked for, for the report.
    pub substituted: Option<String>,
    /// Words whose time is an estimate; 0 with a Festival voice.
    pub estimated: usize,
}

/// Why there is no narration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No installed voice has that name.
    #[error("no voice is named “{name}”; installed: {}", .installed.join(", "))]
    UnknownVoice {
        /// The name.
        name: String,
        /// The names of all installed voices.
        installed: Vec<&'static str>,
    },
    /// The text holds words that were not prepared for an English voice.
    #[error("the embedded voices speak English only and can't say {}", quoted(.words))]
    Unsuited {
        /// The first of these words.
        words: Vec<String>,
    },
    /// No engine with an English voice is installed.
    #[error("no speech engine is installed; on Debian: apt install festival festvox-us-slt-hts")]
    NoVoice,
    /// The engine failed.
    #[error(transparent)]
    Child(#[from] child::Error),
    /// A file of the engine's can't be written or read.
    #[error("failed to exchange files with the speech engine")]
    Io(#[from] std::io::Error),
    /// Words could not be found in the speech.
    #[error(transparent)]
    Align(#[from] align::Error),
    /// The engine answered, but not with what was asked for.
    #[error("{engine} gave {what}")]
    Garbled {
        /// The engine.
        engine: &'static str,
        /// What was wrong.
        what: String,
    },
}

fn quoted(words: &[String]) -> String {
    words
        .iter()
        .map(|word| format!("“{word}”"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    /// With the command that selects the voice, and the folder that shows it is installed.
    Festival(&'static str, &'static str),
    /// With its name there.
    Flite(&'static str),
}

/// A voice that a brief may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Its name.
    pub name: &'static str,
    /// What it sounds like, for people who choose.
    pub description: &'static str,
    engine: Engine,
}

/// Every voice that we know, best first.
const VOICES: [Voice; 6] = [
    Voice {
        name: "slt",
        description: "woman, American, 32 kHz (Festival HTS)",
        engine: Engine::Festival(
            "voice_cmu_us_slt_arctic_hts",
            "/usr/share/festival/voices/us/cmu_us_slt_arctic_hts",
        ),
    },
    Voice {
        name: "flite-slt",
        description: "woman, American, 16 kHz (flite)",
        engine: Engine::Flite("slt"),
    },
    Voice {
        name: "rms",
        description: "man, American, 16 kHz (flite)",
        engine: Engine::Flite("rms"),
    },
    Voice {
        name: "awb",
        description: "man, Scottish, 16 kHz (flite)",
        engine: Engine::Flite("awb"),
    },
    Voice {
        name: "kal",
        description: "man, American, 16 kHz, dated (Festival diphones)",
        engine: Engine::Festival(
            "voice_kal_diphone",
            "/usr/share/festival/voices/english/kal_diphone",
        ),
    },
    Voice {
        name: "flite-kal",
        description: "man, American, 16 kHz, dated (flite)",
        engine: Engine::Flite("kal16"),
    },
];

/// The name of the voice that speaks where none is asked for.
pub const DEFAULT_VOICE: &str = "slt";

/// The installed voices, best first.
pub fn voices(tools: &Tools) -> Vec<Voice> {
    VOICES
        .into_iter()
        .filter(|voice| is_installed(voice, tools))
        .collect()
}

fn is_installed(voice: &Voice, tools: &Tools) -> bool {
    match voice.engine {
        Engine::Festival(_, folder) => tools.has(Program::Festival) && Path::new(folder).is_dir(),
        Engine::Flite(_) => tools.has(Program::Flite),
    }
}

/// A voice, and why it is not the one asked for.
fn choose(name: Option<&str>, tools: &Tools) -> Result<(Voice, Option<String>), Error> {
    let installed = voices(tools);
    let wanted = name.unwrap_or(DEFAULT_VOICE);
    if let Some(voice) = installed.iter().find(|voice| voice.name == wanted) {
        return Ok((*voice, None));
    }
    let Some(best) = installed.first() else {
        return Err(Error::NoVoice);
    };
    if !VOICES.iter().any(|voice| voice.name == wanted) {
        return Err(Error::UnknownVoice {
            name: wanted.to_owned(),
            installed: installed.iter().map(|voice| voice.name).collect(),
        });
    }
    let why = format!(
        "voice {wanted} is not installed; {} spoke instead",
        best.name
    );
    Ok((*best, Some(why)))
}

/// Tells whether `name` can speak, or another voice instead of it.
///
/// # Errors
/// [`Error::NoVoice`], [`Error::UnknownVoice`].
pub fn check(name: Option<&str>, tools: &Tools) -> Result<(), Error> {
    choose(name, tools).map(drop)
}

/// Speaks a text in `folder`, which must exist, be writable and be the call's own; files are
/// left there for the caller to remove.
///
/// # Memory
/// About 500 kB for each second of speech, mostly the result itself and its copies while it is
/// treated.
///
/// # Errors
/// See [`Error`]. A known voice that is not installed is no error: the best installed one
/// speaks, and [`Narration::substituted`] says so.
pub fn narrate(
    text: &SpokenText,
    voice: Option<&str>,
    tools: &Tools,
    folder: &Path,
    cancel: &Cancel,
) -> Result<Narration, Error> {
    let (voice, substituted) = choose(voice, tools)?;
    refuse_foreign(text)?;
    let phrases = phrase::phrases(text);
    let (raw, words, estimated) = match voice.engine {
        Engine::Festival(command, _) => {
            let utterances = festival::speak(text, &phrases, command, (tools, folder), cancel)?;
            let (sound, words) = join::timed(text, &phrases, utterances)?;
            (sound, words, 0)
        }
        Engine::Flite(name) => {
            let sounds = flite::speak(text, &phrases, name, (tools, folder), cancel)?;
            let sound = join::untimed(text, &phrases, sounds);
            let aligned = align::align(text, &sound, tools, folder, cancel)?;
            (sound, aligned.words, aligned.estimated)
        }
    };
    let mut sound = polished(raw);
    sound::equalise(&mut sound, NARRATION_LUFS);
    keep_from_clipping(&mut sound);
    Ok(Narration {
        sound,
        words,
        voice: voice.name.to_owned(),
        substituted,
        estimated,
    })
}

/// Words for an English voice have only plain letters and apostrophes:
/// [`SpokenText::english`] makes such, [`SpokenText::plain`] may not.
fn refuse_foreign(text: &SpokenText) -> Result<(), Error> {
    const SHOWN_MAX: usize = 5;
    let plain = |word: &str| {
        word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'\'')
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    };
    let all = text.tokens.iter().flat_map(|token| &token.spoken);
    let words: Vec<String> = all
        .filter(|word| !plain(word))
        .take(SHOWN_MAX)
        .cloned()
        .collect();
    if words.is_empty() {
        Ok(())
    } else {
        Err(Error::Unsuited { words })
    }
}

/// Brings an engine's speech to our rate and treats it, holding few copies at a time.
fn polished(raw: Sound) -> Sound {
    let fine = sound::resample(&raw, RATE);
    drop(raw);
    sound::polish(fine)
}

/// Lowers a sound whose peaks would clip in a file of integers.
fn keep_from_clipping(sound: &mut Sound) {
    const PEAK_MAX: f32 = 0.98;
    let peak = sound.peak();
    if peak > PEAK_MAX {
        sound.gain(PEAK_MAX / peak);
    }
}
