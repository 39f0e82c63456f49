//! Alignment against an engine that tells the truth.

use studio::sound::RATE;
use studio::spoken::SpokenText;

use super::*;
use crate::voice::{self, Narration};

const PARAGRAPHS: &str = "The deep ocean covers more than half of our planet, and yet we have \
    mapped the surface of Mars in far greater detail. In 1960 two people reached the bottom of \
    the Mariana Trench. How did they survive? They sat in a steel sphere with walls five inches \
    thick, and they ate chocolate.\n\nToday a dive costs about 2 million dollars, or so NASA \
    says. Fewer than thirty people have been there, although more than six hundred have flown \
    into space. It is so much easier to look up than to look down! A quiet Glorbnix watches the \
    submarines go by; nobody knows what it thinks.";

fn tools() -> Tools {
    Tools::find("/usr/bin:/bin".as_ref())
}

fn spoken(text: &str) -> (SpokenText, Narration) {
    let folder = tempfile::tempdir().unwrap();
    let text = SpokenText::english(text).unwrap();
    let said = voice::narrate(&text, Some("slt"), &tools(), folder.path(), &Cancel::new());
    (text, said.unwrap())
}

fn aligned(text: &SpokenText, speech: &Sound, tools: &Tools) -> Alignment {
    let folder = tempfile::tempdir().unwrap();
    align(text, speech, tools, folder.path(), &Cancel::new()).unwrap()
}

/// Errors of the starts in milliseconds, smallest first.
fn errors(truth: &Narration, found: &Alignment) -> Vec<u32> {
    let pairs = truth.words.iter().zip(&found.words);
    let mut errors: Vec<u32> = pairs
        .map(|(a, b)| a.start_ms.abs_diff(b.start_ms))
        .collect();
    errors.sort_unstable();
    errors
}

fn mean(errors: &[u32]) -> f32 {
    errors.iter().sum::<u32>() as f32 / errors.len() as f32
}

#[test]
fn words_are_found_where_the_engine_put_them() {
    let (text, said) = spoken(PARAGRAPHS);
    let found = aligned(&text, &said.sound, &tools());
    assert_eq!((found.words.len(), found.estimated), (text.tokens.len(), 0));
    assert!(found.score > 0.95, "{}", found.score);
    let errors = errors(&said, &found);
    let p95 = errors[errors.len() * 95 / 100];
    assert!(
        mean(&errors) <= 20.0 && p95 <= 60,
        "mean {}, p95 {p95}",
        mean(&errors)
    );
    assert!(found.words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
}

#[test]
fn other_words_than_the_spoken_ones_score_low() {
    let (_, said) = spoken(PARAGRAPHS);
    let other = "Cheap bananas were sold by every shop in our village, but nobody bought a single \
        one of them. Why not? Because apples are sweeter! My grandmother's old recipe book has \
        eleven pages about them; the best one is missing. Ask your teacher for the reason, then \
        write it down on blue paper. Seven geese flew over the barn this morning and made a \
        terrible noise. Nobody slept. We drank tea until the milk was gone, then went to bed \
        again. Such is life in the country, they told us, and laughed all the way home.";
    let other = SpokenText::english(other).unwrap();
    let found = aligned(&other, &said.sound, &tools());
    assert!(found.score < 0.6, "{}", found.score);
    assert!(found.words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
}

#[test]
fn noise_and_another_level_do_not_matter() {
    let (text, said) = spoken(PARAGRAPHS);
    let mut rough = said.sound.clone();
    let mut state = 7_u32;
    for s in &mut rough.samples {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Noise 40 dB below the peaks, and 12 dB less of all.
        *s = (*s + ((state >> 8) as f32 / 8_388_608.0 - 1.0) * 0.006) * 0.25;
    }
    let found = aligned(&text, &rough, &tools());
    let errors = errors(&said, &found);
    assert!(mean(&errors) <= 30.0, "mean {}", mean(&errors));
}

#[test]
fn without_an_aligner_words_are_estimated_and_say_so() {
    let (text, said) = spoken(PARAGRAPHS);
    let found = aligned(&text, &said.sound, &Tools::default());
    assert_eq!(found.estimated, text.tokens.len());
    assert!(found.score.abs() < f32::EPSILON);
    // Better than letters over the whole length: sentences are found by their silences.
    let errors = errors(&said, &found);
    assert!(mean(&errors) <= 150.0, "mean {}", mean(&errors));
}

#[test]
fn silence_and_speech_too_short_for_its_text_are_survived() {
    let text = SpokenText::english("Many words. In no time at all.").unwrap();
    for frames in [0, 100, RATE as usize] {
        let found = aligned(&text, &Sound::silence(RATE, 1, frames), &tools());
        assert_eq!(found.words.len(), 7);
        assert!(
            found
                .words
                .windows(2)
                .all(|w| w[0].start_ms <= w[1].start_ms)
        );
        assert!(found.score < 0.5);
    }
}

#[test]
fn unknown_words_are_sounded_out() {
    let said = |word| letters_to_phones(word).join(" ");
    assert_eq!(said("glorbnix"), "G L AO R B N IH K S");
    assert_eq!(said("knight"), "N AY T");
    assert_eq!(said("zation"), "Z AE SH AH N");
    assert_eq!(said("phoebe"), "F AA EH B");
    assert_eq!(said("'"), "");
    let words = HashSet::from(["A", "a", "B", "U's", "glorbnix's", "festival"]);
    let lexicon = phones::Lexicon::load(&words).unwrap();
    assert_eq!(lexicon.get("A"), ["EY"]);
    assert_eq!(lexicon.get("a"), ["AH", "EY"]);
    assert_eq!(lexicon.get("glorbnix's"), ["G L AO R B N IH K S AH Z"]);
    assert_eq!(lexicon.get("festival").len(), 2);
}
