//! flite: small, always works, gives no word times.

use std::fs;
use std::path::Path;

use studio::sound::{Sound, read_wav};
use studio::spoken::SpokenText;
use ytempire_core::Cancel;

use super::Error;
use super::phrase::Phrase;
use crate::child;
use crate::tools::{Program, Tools};

/// Speaks all phrases, each in a process of its own: it starts in some milliseconds.
pub(super) fn speak(
    text: &SpokenText,
    phrases: &[Phrase],
    voice: &str,
    (tools, folder): (&Tools, &Path),
    cancel: &Cancel,
) -> Result<Vec<Sound>, Error> {
    let mut sounds = Vec::with_capacity(phrases.len());
    for phrase in phrases {
        let asks = text.tokens[phrase.tokens.end - 1].asks();
        fs::write(folder.join("speak.txt"), phrase.text(asks))?;
        let spec = tools
            .spec(Program::Flite, folder)?
            .args(["-voice", voice, "--setf", "duration_stretch=1.05"])
            .args(["-f", "speak.txt", "-o", "speech.wav"]);
        child::run(&spec, &[], cancel)?;
        let sound =
            read_wav(&fs::read(folder.join("speech.wav"))?).map_err(|e| Error::Garbled {
                engine: "flite",
                what: e.to_string(),
            })?;
        sounds.push(sound.to_mono());
    }
    Ok(sounds)
}
