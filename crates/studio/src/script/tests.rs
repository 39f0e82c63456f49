//! Scripts, good and bad.

use proptest::prelude::*;
use ytempire_core::Code;

use super::*;

fn one(body: &str) -> Scene {
    let text = format!("## First\nHello.\n\n## Scene\n{body}\n");
    parse(&text, Some("T")).expect(body).scenes.remove(1)
}

fn refused(text: &str) -> ScriptError {
    parse(text, Some("T")).expect_err(text)
}

#[test]
fn headings_are_scenes_and_paragraphs_are_narration() {
    let script = parse(
        "# Own title\n\n## A\nOne line,\nand another.\n\nA second paragraph.\n\n## B\nMore.\n",
        None,
    )
    .unwrap();
    assert_eq!(script.title, "Own title");
    assert_eq!(script.scenes.len(), 2);
    assert_eq!(
        script.scenes[0].narration,
        "One line, and another.\n\nA second paragraph."
    );
    assert_eq!(script.scenes[0].visual, Visual::Title { subtitle: None });
    assert_eq!(script.scenes[1].visual, Visual::Heading { text: None });
    assert_eq!(
        parse("# Own\n## A\nB.", Some("Given")).unwrap().title,
        "Given"
    );
}

#[test]
fn words_without_any_heading_are_one_scene_under_the_title() {
    let script = parse("Just words.", Some("The title")).unwrap();
    assert_eq!(script.scenes[0].heading, "The title");
    assert_eq!(script.scenes[0].narration, "Just words.");
}

#[test]
fn a_last_scene_named_so_is_the_end_card() {
    let script = parse("## A\nB.\n## Thanks for watching!\nBye.", Some("T")).unwrap();
    assert_eq!(script.scenes[1].visual, Visual::Closing { text: None });
    let script = parse("## The end\nB.\n## C\nBye.", Some("T")).unwrap();
    assert_eq!(script.scenes[0].visual, Visual::Title { subtitle: None });
}

#[test]
fn markdown_is_not_spoken() {
    let scene = one(
        "*It* is **very** [deep](https://example.com/a_b), `cold` &amp; <b>dark</b>. \
         <!-- a\nnote --> 5 * 3 * 2 snake_case_word ![a whale](w.jpg)",
    );
    assert_eq!(
        scene.narration,
        "It is very deep, cold & dark. 5 * 3 * 2 snake_case_word"
    );
    assert_eq!(scene.picture_hint.as_deref(), Some("a whale"));
    assert_eq!(
        one("1960. That year two men sank.").narration,
        "1960. That year two men sank."
    );
    assert_eq!(
        one("Odd: ![ and <b and [x](.").narration,
        "Odd: ![ and <b and [x](."
    );
}

#[test]
fn each_directive_shows_its_card() {
    let show = |body: &str| one(&format!("{body}\n\nWords.")).visual;
    assert_eq!(
        show("!number 10,994 m | the deepest point we know"),
        Visual::Number {
            value: "10,994 m".into(),
            label: "the deepest point we know".into()
        }
    );
    let Visual::Comparison { left, right } = show("!compare A: 1 m (up) | B b: 2: (down)") else {
        panic!("no comparison")
    };
    assert_eq!((left.label.as_str(), left.value.as_str()), ("A", "1 m"));
    assert_eq!(left.note.as_deref(), Some("up"));
    assert_eq!((right.label.as_str(), right.value.as_str()), ("B b", "2:"));
    assert_eq!(
        show("!text *Words*"),
        Visual::Heading {
            text: Some("Words".into())
        }
    );
    assert_eq!(show("!sections"), Visual::Sections);
    assert_eq!(show("!closing"), Visual::Closing { text: None });
    assert_eq!(
        show("!closing Bye?"),
        Visual::Closing {
            text: Some("Bye?".into())
        }
    );
    assert_eq!(
        show("!title Sub"),
        Visual::Title {
            subtitle: Some("Sub".into())
        }
    );
    assert_eq!(
        show("> \"The sea,\n> the **sea**.\"\n> — Somebody"),
        Visual::Quote {
            text: "The sea, the sea.".into(),
            by: Some("Somebody".into())
        }
    );
    assert_eq!(
        show("> One line,\\\n> *another*\n> and more.\n> — Somebody"),
        Visual::Quote {
            text: "One line,\nanother and more.".into(),
            by: Some("Somebody".into())
        }
    );
    assert_eq!(
        show("- one\n- *two*\n  and a half"),
        Visual::Bullets {
            points: vec!["one".into(), "two and a half".into()]
        }
    );
    assert_eq!(
        one("!picture blue whale\nWords.").picture_hint.as_deref(),
        Some("blue whale")
    );
}

#[test]
fn a_chart_has_its_values_under_it() {
    let scene =
        one("!chart bar Depth (m)\nTitanic: 3,800\nA: b: −1 000.5\nsource: NOAA, 2020\n\nWords.");
    let Visual::Chart(chart) = scene.visual else {
        panic!("no chart")
    };
    assert_eq!(chart.caption.as_deref(), Some("Depth (m)"));
    assert_eq!(
        chart.points,
        [("Titanic".into(), 3800.0), ("A: b".into(), -1000.5)]
    );
    assert_eq!(chart.source.as_deref(), Some("NOAA, 2020"));
    assert_eq!(chart.shape, ChartShape::Bar);
    assert_eq!(scene.narration, "Words.");
}

#[test]
#[rustfmt::skip]
fn what_is_wrong_is_told_by_line() {
    use Code::{ScriptEmpty as Empty, ScriptMalformed as Malformed, ScriptTooLong as Long};
    let long = "x".repeat(170);
    let bars = "a: 1\n".repeat(13);
    let cases: Vec<(String, usize, Code, &str)> = vec![
        (String::new(), 1, Empty, "no scene"),
        ("<!-- only a note -->".into(), 1, Empty, "no scene"),
        ("## A\n\n## B\nWords.".into(), 1, Empty, "\"A\" says nothing"),
        ("## A\nWords.\n\n## B\n- a point".into(), 4, Empty, "\"B\" says nothing"),
        ("## A\n!nubmer 1 | x\nWords.".into(), 2, Malformed, "!nubmer"),
        ("## A\nWords.\n!number 5".into(), 3, Malformed, "a value and a label"),
        ("## A\nWords.\n!number | x".into(), 3, Malformed, "a value and a label"),
        (format!("## A\n!number {long} | x\nW."), 2, Malformed, "room for 24"),
        ("## A\n!compare a: 1\nW.".into(), 2, Malformed, "two sides"),
        ("## A\n!compare a: 1 | b\nW.".into(), 2, Malformed, "no colon"),
        ("## A\n!compare a: 1 | : 2\nW.".into(), 2, Malformed, "a name and a value"),
        ("## A\n!chart pie X\na: 1\nb: 2\n\nW.".into(), 2, Malformed, "pie"),
        ("## A\n!chart bar\na: 1\n\nW.".into(), 2, Malformed, "1 values"),
        (format!("## A\n!chart bar\n{bars}\nW."), 2, Malformed, "13 values"),
        ("## A\n!chart bar\na: 1\nb: 2 m\n\nW.".into(), 4, Malformed, "2 m"),
        ("## A\n!chart bar\na: 1\nb: inf\n\nW.".into(), 4, Malformed, "inf"),
        ("## A\n!chart bar\na: 1\nwords\n\nW.".into(), 4, Malformed, "no value"),
        ("## A\n!text\nW.".into(), 2, Malformed, "no text"),
        ("## A\n!picture\nW.".into(), 2, Malformed, "no picture"),
        ("## A\n!sections all\nW.".into(), 2, Malformed, "takes no words"),
        (format!("## A\n!text {long}\nW."), 2, Malformed, "room for 160"),
        (format!("## A\n- {long}\n\nW."), 2, Malformed, "room for 160"),
        ("## A\nW.\n- 1\n- 2\n- 3\n- 4\n- 5\n- 6\n- 7".into(), 3, Malformed, "7 points"),
        ("## A\nW.\n\n!sections\n\n> Q".into(), 6, Malformed, "two things"),
        ("## A\nW.\n>\n".into(), 3, Malformed, "quotation is empty"),
        ("## A\nW.\n### B\nW.".into(), 3, Malformed, "below the scenes"),
        ("# A\n# B\n## C\nW.".into(), 2, Malformed, "second title"),
        ("## C\nW.\n# A".into(), 3, Malformed, "second title"),
        (format!("# {}\n## A\nW.", "x".repeat(101)), 1, Malformed, "room for 100"),
        ("# a \\< b\n## A\nW.".into(), 1, Malformed, "\"<\""),
        ("## A\nW.\n```\ncode\n```".into(), 3, Malformed, "code"),
        ("## A\n\n| a | b |\n".into(), 3, Malformed, "table"),
        ("A\n===\nW.".into(), 2, Malformed, "heading in Markdown"),
        ("## A\nW.\n<!-- never".into(), 3, Malformed, "never ends"),
        ("## A\nW.\n".repeat(401), 801, Long, "400 scenes"),
        (format!("## A\n{}", "w ".repeat(30_001)), 1, Long, "30000 words"),
    ];
    for (text, line, code, word) in cases {
        let shown: String = text.chars().take(60).collect();
        let error = refused(&text);
        assert_eq!((error.line, error.code), (line, code), "{shown}: {error}");
        assert!(
            error.what.contains(word) && !error.help.is_empty(),
            "{shown}: {error}"
        );
    }
}

#[test]
fn misspelt_directives_get_a_suggestion() {
    assert_eq!(
        refused("## A\n!nubmer 1 | x\nWords.").to_string(),
        "script line 2: unknown directive \"!nubmer\"; did you mean \"!number\"?"
    );
    assert!(
        refused("## A\n!spaceship\nW.")
            .help
            .contains("the directives are !number")
    );
}

#[test]
fn four_hundred_scenes_are_fine() {
    let script = parse(&"## A\nWords are here.\n".repeat(400), Some("T")).unwrap();
    assert_eq!(script.scenes.len(), 400);
}

/// All words of all narrations, in order.
fn said(script: &Script) -> Vec<String> {
    let words = script
        .scenes
        .iter()
        .flat_map(|s| s.narration.split_whitespace());
    words.map(str::to_owned).collect()
}

#[test]
fn a_scene_of_ten_thousand_words_is_cut_at_sentences_and_says_the_same() {
    let sentence = "The sea is deep and cold, and 10,935 metres down it is darker than night. ";
    let text = format!("## A\nHello there.\n## B\n{}", sentence.repeat(700));
    let mut script = parse(&text, Some("T")).unwrap();
    let before = said(&script);
    split_long_scenes(&mut script);
    assert_eq!(said(&script), before);
    assert!(script.scenes.len() > 80);
    for scene in &script.scenes[1..] {
        assert_eq!(scene.heading, "B");
        assert!(scene.narration.split_whitespace().count() <= PART_WORDS_MAX);
        assert!(scene.narration.ends_with('.'), "{}", scene.narration);
    }
    assert_eq!(script.scenes[1].visual, Visual::Heading { text: None });
    assert!(
        matches!(&script.scenes[2].visual, Visual::Number { value, .. }
        if value == "10,935 metres")
    );
}

#[test]
fn a_long_end_keeps_its_card_for_the_end() {
    let text = format!(
        "## A\nHello.\n## The end\n{}",
        "We go home now. ".repeat(60)
    );
    let mut script = parse(&text, Some("T")).unwrap();
    split_long_scenes(&mut script);
    let closing = |scene: &Scene| matches!(scene.visual, Visual::Closing { .. });
    assert_eq!(script.scenes.iter().filter(|s| closing(s)).count(), 1);
    assert!(closing(script.scenes.last().unwrap()));
}

#[test]
fn words_without_any_full_stop_are_cut_as_well() {
    let text = format!("## A\n{}", "word ".repeat(1_000));
    let mut script = parse(&text, Some("T")).unwrap();
    split_long_scenes(&mut script);
    assert!(
        script
            .scenes
            .iter()
            .all(|s| s.narration.split(' ').count() <= PART_WORDS_MAX)
    );
    assert_eq!(said(&script).len(), 1_000);
}

#[test]
fn a_scene_shows_what_its_own_sentences_hold() {
    let of = |text: &str| visual::of(&crate::prose::sentences(text));
    assert_eq!(
        of("It weighs a lot. The trench is 10,994 metres deep."),
        Visual::Number {
            value: "10,994 metres".into(),
            label: "The trench is 10,994 metres deep".into()
        }
    );
    assert_eq!(
        of("71% of the planet is water."),
        Visual::Number {
            value: "71%".into(),
            label: "of the planet is water".into()
        }
    );
    assert_eq!(
        of("They paid $2.5 billion for the dam in the valley."),
        Visual::Number {
            value: "$2.5 billion".into(),
            label: "They paid $2.5 billion for the dam in the valley".into()
        }
    );
    assert_eq!(
        of("“We saw the bottom of the sea,” said Don Walsh."),
        Visual::Quote {
            text: "We saw the bottom of the sea".into(),
            by: Some("Don Walsh".into())
        }
    );
    assert_eq!(
        of(
            "In 1960 they went down. The sea was calm that day, as calm as it had ever been \
            in all the years that they had known it."
        ),
        Visual::Heading {
            text: Some("In 1960 they went down.".into())
        }
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn splitting_keeps_every_word(
        words in prop::collection::vec("[a-z]{1,6}[.,!?]?|[0-9]{1,4}|“[a-z]{2}”|\n\n", 100..600),
    ) {
        let text = format!("## A\nHi.\n\n## B\nSo {}", words.join(" "));
        if let Ok(mut script) = parse(&text, Some("T")) {
            let before = said(&script);
            split_long_scenes(&mut script);
            prop_assert_eq!(said(&script), before);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(#|##|!|>|-|!chart bar|<!--|x)?[ \\PC\n]{0,200}") {
        match parse(&text, None) {
            Ok(script) => {
                for scene in &script.scenes {
                    prop_assert!(!scene.narration.trim().is_empty());
                    prop_assert!(!scene.heading.is_empty());
                }
            }
            Err(error) => {
                prop_assert!(!error.help.is_empty());
                prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1));
            }
        }
    }
}
