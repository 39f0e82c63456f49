//! Metadata against YouTube's rules.

use proptest::prelude::*;

use super::*;
use crate::script::parse;

fn script() -> Script {
    let text = "## The deep\nWhales dive deep. The sea is cold.\n\n## The wreck\nA ship lies \
                here.\n\n## The floor\nNobody has seen the sea floor.\n";
    parse(text, Some("The deep sea")).unwrap()
}

fn options() -> Options {
    Options {
        language: "en".into(),
        synthetic_voice: true,
        ..Options::default()
    }
}

#[test]
fn the_description_has_an_introduction_chapters_and_credits() {
    let options = Options {
        credits: vec!["Voice: somebody".into()],
        ..options()
    };
    let metadata = Metadata::of(&script(), &[0, 15_400, 70_999], 95_000, &options);
    assert_eq!(
        metadata.description,
        "Whales dive deep. The sea is cold. A ship lies here. Nobody has seen the sea floor.\n\n\
         00:00 The deep\n00:15 The wreck\n01:10 The floor\n\nVoice: somebody"
    );
    assert_eq!(metadata.privacy, Privacy::Private);
    assert!(!metadata.made_for_kids);
    assert!(metadata.contains_synthetic_media);
    assert!(metadata.synthetic_media_reason.contains("synthetic voice"));
    let json = serde_json::to_value(&metadata).unwrap();
    assert_eq!(json["privacy"], "private");
    assert_eq!(serde_json::from_value::<Metadata>(json).unwrap(), metadata);
}

#[test]
fn own_words_and_tags_come_first() {
    let plain = options();
    let options = Options {
        description: Some("My words.".into()),
        tags: vec!["a,b".into(), "a,b".into(), "<c>".into()],
        ..options()
    };
    let metadata = Metadata::of(&script(), &[0, 1, 2], 3, &options);
    assert_eq!(metadata.description, "My words.");
    assert_eq!(metadata.tags, ["a b", "c"]);
    let made = Metadata::of(&script(), &[0, 1, 2], 3, &plain);
    assert!(
        made.tags
            .iter()
            .any(|tag| tag.to_lowercase().contains("sea")),
        "{:?}",
        made.tags
    );
}

#[test]
fn chapters_obey_youtube_or_are_not_there() {
    let names = |scenes: &[(u64, &str)], duration| {
        let chapters = chapters(scenes.iter().copied(), duration);
        chapters.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let none: [String; 0] = [];
    assert_eq!(names(&[(0, "A"), (20_000, "B")], 40_000), none);
    assert_eq!(
        names(&[(0, "A"), (20_000, "B"), (29_000, "C")], 60_000),
        none
    );
    assert_eq!(
        names(&[(0, "A"), (20_000, "B"), (40_000, "C")], 49_000),
        none
    );
    assert_eq!(
        names(
            &[(900, "A"), (20_000, "B"), (25_000, "B"), (3_661_000, "C")],
            4_000_000
        ),
        ["00:00 A", "00:20 B", "1:01:01 C"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn limits_hold_for_any_script(
        title in "[A-Za-z<>é ]{1,120}",
        words in prop::collection::vec("[a-zA-Zé<>&]{1,30}", 1..300),
        steps in prop::collection::vec(0_u64..40_000, 1..40),
    ) {
        let mut at = 0;
        let starts: Vec<u64> = steps.iter().map(|step| { at += step; at }).collect();
        let scenes = starts
            .iter()
            .enumerate()
            .map(|(i, _)| crate::script::Scene {
                heading: words[i % words.len()].clone(),
                narration: words.join(" "),
                visual: crate::script::Visual::Sections,
                picture_hint: None,
            })
            .collect();
        let script = Script { title, description: String::new(), tags: Vec::new(), scenes };
        let metadata = Metadata::of(&script, &starts, at + 20_000, &options());
        prop_assert!(metadata.title.chars().count() <= 100);
        prop_assert!(metadata.description.len() <= 5000);
        prop_assert!(tags_chars(&metadata.tags) <= 500);
        prop_assert!(!metadata.description.contains(['<', '>']));
        let chapters = &metadata.chapters;
        prop_assert!(chapters.is_empty() || (chapters.len() >= 3 && chapters[0].start_ms == 0));
        prop_assert!(chapters.windows(2).all(|c| c[1].start_ms >= c[0].start_ms + 10_000));
    }
}
