//! Speaks a text: `say VOICE OUT.wav < text`. Prints when each word is spoken.

use std::io::{Read as _, Write as _};

use media::tools::Tools;
use media::{align, voice};
use studio::sound::{Depth, write_wav};
use studio::spoken::SpokenText;
use ytempire_core::Cancel;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let name = args
        .next()
        .unwrap_or_else(|| voice::DEFAULT_VOICE.to_owned());
    let out = args.next().unwrap_or_else(|| "say.wav".to_owned());
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;

    let tools = Tools::find("/usr/bin:/bin".as_ref());
    let folder = tempfile::tempdir()?;
    let text = SpokenText::english(&text)?;
    let said = voice::narrate(&text, Some(&name), &tools, folder.path(), &Cancel::new())?;
    std::fs::write(&out, write_wav(&said.sound, Depth::Int16))?;
    let found = align::align(&text, &said.sound, &tools, folder.path(), &Cancel::new())?;

    let mut stdout = std::io::stdout().lock();
    for (word, other) in said.words.iter().zip(&found.words) {
        let (start, end) = (word.start_ms, word.end_ms);
        let off = i64::from(other.start_ms) - i64::from(start);
        writeln!(stdout, "{start:>7} {end:>7} {off:>5}  {}", word.text)?;
    }
    writeln!(
        stdout,
        "voice {}, {:?}, {} ms, aligned {:.2}, estimated {}",
        said.voice,
        said.substituted,
        said.sound.millis(),
        found.score,
        found.estimated
    )?;
    Ok(())
}
