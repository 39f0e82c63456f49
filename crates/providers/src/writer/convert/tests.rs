use proptest::prelude::*;
use serde_json::json;

use super::*;

const LIMITS: Limits = Limits {
    words_min: 2,
    words_max: 200,
};

fn one(scene: &Value) -> Value {
    json!({ "title": "T", "description": null, "tags": null, "scenes": [scene] })
}

fn scene(visual: &Value) -> Value {
    json!({ "heading": "H", "narration": "Some words here.", "visual": visual })
}

fn problems(value: &Value) -> Vec<String> {
    script(value, &LIMITS).expect_err("it can't be used")
}

#[test]
fn every_kind_of_picture_is_understood() {
    let cases = [
        (json!({ "kind": "title" }), Visual::Title { subtitle: None }),
        (
            json!({ "kind": "heading", "text": " a  b ", "points": null }),
            Visual::Heading {
                text: Some("a b".to_owned()),
            },
        ),
        (
            json!({ "kind": "bullets", "points": ["a", "**b**"] }),
            Visual::Bullets {
                points: vec!["a".to_owned(), "b".to_owned()],
            },
        ),
        (
            json!({ "kind": "quote", "text": "“So it goes.”", "by": "K. V." }),
            Visual::Quote {
                text: "So it goes.".to_owned(),
                by: Some("K. V.".to_owned()),
            },
        ),
        (
            json!({ "kind": "number", "value": "71 %", "label": "of it" }),
            Visual::Number {
                value: "71 %".to_owned(),
                label: "of it".to_owned(),
            },
        ),
        (json!({ "kind": "sections" }), Visual::Sections),
        (
            json!({ "kind": "closing", "text": "" }),
            Visual::Closing { text: None },
        ),
    ];
    for (visual, expected) in cases {
        let script = script(&one(&scene(&visual)), &LIMITS).unwrap();
        assert_eq!(script.scenes[0].visual, expected);
    }
}

#[test]
fn what_breaks_a_bound_is_named_by_its_place() {
    let long = "x".repeat(5_000);
    let cases = [
        (json!({ "kind": "hologram" }), "scenes[0].visual.kind"),
        (json!({ "kind": "chart" }), "scenes[0].visual.kind"),
        (json!({ "kind": "bullets" }), "scenes[0].visual.points"),
        (
            json!({ "kind": "bullets", "points": vec!["a"; 7] }),
            "scenes[0].visual.points",
        ),
        (
            json!({ "kind": "bullets", "points": [long] }),
            "scenes[0].visual.points[0]",
        ),
        (
            json!({ "kind": "quote", "by": "x" }),
            "scenes[0].visual.text",
        ),
        (
            json!({ "kind": "number", "value": "1" }),
            "scenes[0].visual.label",
        ),
        (
            json!({ "kind": "comparison", "left_label": "a" }),
            "scenes[0].visual.left_value",
        ),
        (
            json!({ "kind": "title", "text": long }),
            "scenes[0].visual.text",
        ),
    ];
    for (visual, place) in cases {
        let found = problems(&one(&scene(&visual)));
        assert!(
            found.iter().any(|problem| problem.starts_with(place)),
            "{place}: {found:?}"
        );
        assert!(
            !found.concat().contains(&long),
            "the model's text is not repeated"
        );
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let bad = json!({ "heading": "", "narration": "…", "visual": { "kind": "x" } });
    let mut value = one(&bad);
    value["title"] = json!("t".repeat(101));
    let found = problems(&value);
    for place in [
        "title",
        "scenes[0].heading",
        "scenes[0].narration",
        "scenes[0].visual.kind",
    ] {
        assert!(
            found.iter().any(|problem| problem.starts_with(place)),
            "{place}: {found:?}"
        );
    }
}

#[test]
fn wrong_shapes_are_named_without_their_content() {
    let canary = "secret ".repeat(50);
    for value in [
        json!({ "title": canary }),
        json!({ "title": "t", "scenes": canary }),
        json!({ "title": 7, "scenes": [] }),
        json!({ "title": "t", "scenes": [canary] }),
        json!({}),
    ] {
        let found = problems(&value);
        assert_eq!(found.len(), 1);
        assert!(!found[0].contains("secret secret"), "{found:?}");
    }
}

#[test]
fn scripts_of_no_scene_or_of_hundreds_are_refused() {
    let heading = scene(&json!({ "kind": "heading" }));
    for count in [0, SCENES_MAX + 1, 50_000] {
        let value = json!({ "title": "t", "scenes": vec![heading.clone(); count] });
        assert!(
            problems(&value)
                .iter()
                .any(|problem| problem.starts_with("scenes: "))
        );
    }
}

#[test]
fn dirt_is_washed_off() {
    let mut dirty = scene(&json!({ "kind": "sections" }));
    dirty["heading"] = json!("## \u{202E}The\u{0} **river**\u{200B}\u{E0041}\n");
    dirty["narration"] = json!("One  line\nof `words`.\r\n\r\n\n# Another\tone.\u{7}");
    let mut value = one(&dirty);
    value["tags"] = json!(["#river", "River", "sea, land", "", "x".repeat(61)]);
    let script = script(&value, &LIMITS).unwrap();
    assert_eq!(script.scenes[0].heading, "The river");
    assert_eq!(
        script.scenes[0].narration,
        "One line of words.\n\nAnother one."
    );
    assert_eq!(script.tags, ["river", "sea land"]);
}

#[test]
fn no_invisible_character_reaches_a_script() {
    let hostile = [
        '\u{0}',
        '\u{7f}',
        '\u{85}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{feff}',
        '\u{fff9}',
        '\u{ffff}',
        '\u{e000}',
        '\u{e0041}',
        '\u{f0000}',
        '\u{10fffd}',
    ];
    for c in hostile {
        let text = format!("ri{c}ver");
        let kept: String = clean_paragraphs(&text).split_whitespace().collect();
        assert_eq!(kept, "river", "{c:?}");
    }
    // Joiners are part of words and of emoji, and stay.
    for text in ["می\u{200c}خواهم", "👩\u{200d}🚀", "naïve", "日本語"] {
        assert_eq!(clean_line(text), text);
    }
}

#[test]
fn tags_stay_within_what_an_upload_takes() {
    let mut value = one(&scene(&json!({ "kind": "sections" })));
    let many: Vec<_> = (0..400).map(|n| format!("tag number {n}")).collect();
    value["tags"] = json!(many);
    let tags = script(&value, &LIMITS).unwrap().tags;
    assert!(tags.len() > 20 && tags_chars(&tags) <= TAGS_CHARS_MAX);
}

#[test]
fn a_narration_of_the_wrong_length_is_refused_with_the_count() {
    let heading = scene(&json!({ "kind": "heading" }));
    let value = json!({ "title": "t", "scenes": [heading] });
    let limits = Limits {
        words_min: 10,
        words_max: 20,
    };
    let found = script(&value, &limits).unwrap_err();
    assert_eq!(found, ["scenes: 3 words of narration; 10 to 20 are needed"]);
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_clean_and_within_bounds(
        texts in prop::collection::vec("(\\PC|[\u{0}-\u{1f}]|\u{202e}|\\*\\*|[a-z ]){0,120}", 8),
        kind in prop::sample::select(KINDS.to_vec()),
    ) {
        let value = json!({
            "title": texts[0], "description": texts[1], "tags": [texts[2]],
            "scenes": [{
                "heading": texts[3], "narration": format!("two words {}", texts[4]),
                "picture_hint": texts[5],
                "visual": {
                    "kind": kind, "text": texts[6], "by": texts[7], "value": texts[6],
                    "label": texts[7], "points": [texts[6], texts[7]],
                    "left_label": texts[6], "left_value": texts[7], "right_label": texts[6],
                    "right_value": texts[5], "right_note": texts[7],
                },
            }],
        });
        if let Ok(script) = script(&value, &LIMITS) {
            let scene = &script.scenes[0];
            prop_assert!((1..=TITLE_CHARS_MAX).contains(&script.title.chars().count()));
            prop_assert!((1..=HEADING_MAX).contains(&scene.heading.chars().count()));
            let shown = serde_json::to_string(&script).unwrap();
            let told = shown.replace("\\n\\n", "");
            prop_assert!(told.chars().all(is_clean) && !told.contains("\\u00"), "{told}");
        }
    }
}
