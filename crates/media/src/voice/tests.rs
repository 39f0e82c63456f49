//! Real engines speak: Festival and flite must be installed.

use studio::sound::loudness;
use studio::spoken::{Pause, SpokenText};

use super::*;

const PARAGRAPH: &str = "The deep ocean covers more than half of our planet, and yet we have \
    mapped the surface of Mars in far greater detail. How did they do it? In 1960 two people \
    dived to 10,994 m; the FBI's experts were amazed.\n\nNASA spent $2.50.";

fn tools() -> Tools {
    Tools::find("/usr/bin:/bin".as_ref())
}

fn say(text: &str, voice: &str) -> Narration {
    let folder = tempfile::tempdir().unwrap();
    let text = SpokenText::english(text).unwrap();
    narrate(&text, Some(voice), &tools(), folder.path(), &Cancel::new()).unwrap()
}

/// Level of the quietest 20 ms between two moments.
fn quietest_db(sound: &Sound, from_ms: u32, to_ms: u32) -> f32 {
    let range = sound.frame_at(from_ms.into())..sound.frame_at(to_ms.into());
    let power = |w: &[f32]| w.iter().map(|s| s * s).sum::<f32>() / w.len() as f32;
    let least = sound.samples[range]
        .chunks(960)
        .map(power)
        .fold(f32::INFINITY, f32::min);
    10.0 * least.max(1e-20).log10()
}

#[test]
fn a_narration_is_clean_and_its_words_are_in_order() {
    let said = say(PARAGRAPH, "slt");
    let text = SpokenText::english(PARAGRAPH).unwrap();
    assert_eq!(
        (
            said.voice.as_str(),
            said.substituted.as_ref(),
            said.estimated
        ),
        ("slt", None, 0)
    );
    assert_eq!((said.sound.rate, said.sound.channels), (RATE, 1));
    assert!((loudness(&said.sound).unwrap() - NARRATION_LUFS).abs() < 0.3);
    assert!(said.sound.peak() < 0.99);

    assert_eq!(said.words.len(), text.tokens.len());
    for (word, token) in said.words.iter().zip(&text.tokens) {
        assert_eq!(word.text, token.display);
        assert!(word.end_ms > word.start_ms, "{word:?}");
        assert!(u64::from(word.end_ms) <= said.sound.millis());
    }
    assert!(said.words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
}

#[test]
fn pauses_follow_the_punctuation_and_are_silent() {
    let said = say(PARAGRAPH, "slt");
    let text = SpokenText::english(PARAGRAPH).unwrap();
    let wanted = |pause| match pause {
        Pause::None => None,
        Pause::Comma => Some(200),
        Pause::Clause => Some(320),
        Pause::Sentence => Some(500),
        Pause::Paragraph => Some(850),
    };
    let mut checked = 0;
    for (pair, token) in said.words.windows(2).zip(&text.tokens) {
        let Some(wanted) = wanted(token.pause) else {
            continue;
        };
        let gap = pair[1].start_ms - pair[0].end_ms;
        assert!(
            gap.abs_diff(wanted) <= 15,
            "{gap} ms after {}",
            pair[0].text
        );
        assert!(quietest_db(&said.sound, pair[0].end_ms, pair[1].start_ms) < -70.0);
        checked += 1;
    }
    assert!(checked >= 5);
}

#[test]
fn joins_do_not_click() {
    let said = say("One, two, three. Four; five. Six: seven, eight.", "slt");
    // A click is a step much larger than those of the voice's own consonants.
    let step = |w: &[f32]| (w[1] - w[0]).abs();
    let largest = said.sound.samples.windows(2).map(step).fold(0.0, f32::max);
    for pair in said
        .words
        .windows(2)
        .filter(|p| p[1].start_ms > p[0].end_ms + 100)
    {
        let middle = (pair[0].end_ms + 40)..(pair[1].start_ms - 40);
        let range =
            said.sound.frame_at(middle.start.into())..said.sound.frame_at(middle.end.into());
        let here = said.sound.samples[range]
            .windows(2)
            .map(step)
            .fold(0.0, f32::max);
        assert!(here < largest * 0.2, "{here} against {largest}");
    }
}

#[test]
fn the_same_text_gives_the_same_samples() {
    assert_eq!(say("Twice the same.", "slt"), say("Twice the same.", "slt"));
}

#[test]
fn hostile_text_is_only_spoken() {
    let text = "Quote \" paren ) (system \"touch pwned\") \\ ; '(quit) $(id) `id` #.";
    let folder = tempfile::tempdir().unwrap();
    let spoken = SpokenText::english(text).unwrap();
    let said = narrate(&spoken, None, &tools(), folder.path(), &Cancel::new()).unwrap();
    assert_eq!(said.words.len(), spoken.tokens.len());
    assert!(!folder.path().join("pwned").exists());

    // Words that no English text of ours can hold are refused.
    let mut forged = SpokenText::english("one two").unwrap();
    forged.tokens[0].spoken = vec!["x\")(system\"touch pwned\")(\"".to_owned()];
    let error = narrate(&forged, None, &tools(), folder.path(), &Cancel::new()).unwrap_err();
    assert!(matches!(error, Error::Unsuited { .. }), "{error}");
}

#[test]
fn another_language_is_refused_by_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let spoken = SpokenText::of_language("Die Größe ist 3.", "de").unwrap();
    let error = narrate(&spoken, None, &tools(), folder.path(), &Cancel::new()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("“größe”, “3”"), "{text}");
}

#[test]
fn a_sentence_without_end_is_spoken_in_parts() {
    let text = "word and another one ".repeat(60);
    let spoken = SpokenText::english(&text).unwrap();
    let parts = phrase::phrases(&spoken);
    assert!(parts.len() >= 4 && parts.iter().all(|p| p.words.len() <= 60));
    let covered: Vec<_> = parts.iter().flat_map(|p| p.tokens.clone()).collect();
    assert_eq!(covered, (0..240).collect::<Vec<_>>());
    assert!(
        parts[0]
            .words
            .iter()
            .any(|(_, mark)| *mark == phrase::Mark::Soft)
    );
}

#[test]
fn flite_speaks_too_with_aligned_words() {
    let said = say(
        "A short sentence, and then another one. The end is near.",
        "flite-slt",
    );
    assert_eq!(said.words.len(), 11);
    assert_eq!(said.estimated, 0);
    let gap = said.words[8].start_ms.saturating_sub(said.words[6].end_ms);
    assert!(gap >= 400, "{:?}", said.words);
}

#[test]
fn unknown_and_missing_voices_are_told_apart() {
    let error = choose(Some("nobody"), &tools()).unwrap_err().to_string();
    assert!(error.contains("nobody") && error.contains("slt"), "{error}");
    assert!(matches!(
        choose(None, &Tools::default()),
        Err(Error::NoVoice)
    ));
    assert_eq!(choose(None, &tools()).unwrap().0.name, DEFAULT_VOICE);

    // A machine with flite alone: a folder with a link to it stands for one.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/usr/bin/flite", folder.path().join("flite")).unwrap();
    let (voice, why) = choose(Some("slt"), &Tools::find(folder.path().as_os_str())).unwrap();
    assert_eq!(voice.name, "flite-slt");
    assert_eq!(
        why.as_deref(),
        Some("voice slt is not installed; flite-slt spoke instead")
    );
}

#[test]
fn speaking_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let spoken = SpokenText::english("Never said.").unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let error = narrate(&spoken, None, &tools(), folder.path(), &cancel).unwrap_err();
    assert!(
        matches!(error, Error::Child(child::Error::Cancelled { .. })),
        "{error}"
    );
}
