//! Every example and every block of the guide is read by the code that it speaks of.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't read its files has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

use studio::article;
use studio::metadata::{self, Metadata};
use studio::script::{Script, Visual, parse, split_long_scenes};
use studio::spoken::SpokenText;
use ytempire_core::brief::{self, Settings, Source, Syntax};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn made(settings: &Settings) -> Script {
    let title = settings.title.as_deref();
    match &settings.source {
        Source::Script(text) => parse(text, title).unwrap(),
        Source::Article(text) => {
            let options = article::Options {
                title: settings.title.clone(),
                words: None,
            };
            article::write(text, &options).unwrap()
        }
        Source::Topic(_) => panic!("no example needs a language backend"),
    }
}

fn example(name: &str) -> Script {
    let text = fs::read_to_string(root().join("examples").join(name)).unwrap();
    let brief = brief::load(&text, Syntax::of_file(name).unwrap());
    made(
        &brief
            .unwrap_or_else(|error| panic!("{}", error.in_file(name)))
            .settings()
            .unwrap(),
    )
}

fn words(script: &Script) -> usize {
    script
        .scenes
        .iter()
        .map(|scene| scene.narration.split_whitespace().count())
        .sum()
}

#[test]
fn every_example_becomes_a_script() {
    let mut count = 0;
    for file in fs::read_dir(root().join("examples")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if Syntax::of_file(&name).is_some() {
            let script = example(&name);
            assert!(script.scenes.len() >= 3, "{name}");
            for scene in &script.scenes {
                let spoken = SpokenText::english(&scene.narration);
                assert!(spoken.is_ok(), "{name}, {}: {spoken:?}", scene.heading);
            }
            count += 1;
        }
    }
    assert!(count >= 6);
}

#[test]
fn the_demo_shows_every_card_in_a_minute_and_a_half() {
    let script = example("deep-sea.toml");
    let shown = |is: fn(&Visual) -> bool| script.scenes.iter().any(|scene| is(&scene.visual));
    assert!(shown(|v| matches!(v, Visual::Title { .. })));
    assert!(shown(|v| matches!(v, Visual::Sections)));
    assert!(shown(|v| matches!(v, Visual::Chart(_))));
    assert!(shown(|v| matches!(v, Visual::Comparison { .. })));
    assert!(shown(|v| matches!(v, Visual::Quote { by: Some(_), .. })));
    assert!(shown(|v| matches!(v, Visual::Bullets { .. })));
    assert!(shown(|v| matches!(v, Visual::Number { .. })));
    assert!(shown(|v| matches!(v, Visual::Closing { .. })));
    // 75 to 100 seconds at 150 words a minute.
    assert!((188..=250).contains(&words(&script)), "{}", words(&script));
}

#[test]
fn a_description_of_the_benchmark_has_its_chapters() {
    let script = example("eight-minutes.toml");
    let starts: Vec<u64> = (0..script.scenes.len() as u64)
        .map(|i| i * 23_000)
        .collect();
    let metadata = Metadata::of(&script, &starts, 500_000, &metadata::Options::default());
    assert!(
        metadata.description.contains("\n07:40 Late for what?"),
        "{}",
        metadata.description
    );
    assert!(
        metadata.tags.iter().any(|tag| tag == "clock"),
        "{:?}",
        metadata.tags
    );
}

#[test]
fn the_benchmark_is_eight_minutes_of_short_scenes() {
    let mut script = example("eight-minutes.toml");
    assert!(
        (1_100..=1_300).contains(&words(&script)),
        "{}",
        words(&script)
    );
    let scenes = script.scenes.len();
    split_long_scenes(&mut script);
    assert_eq!(script.scenes.len(), scenes, "no scene of it needs cutting");
}

/// The fenced blocks of a page: the language and the text of each.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_block_of_the_guide_is_true() {
    let mut count = 0;
    for page in ["brief.md", "script.md"] {
        let text = fs::read_to_string(root().join("docs/guide").join(page)).unwrap();
        for (language, block) in blocks(&text) {
            let shown = format!("{page}: {block}");
            match language.as_str() {
                "markdown" => drop(parse(&block, Some("Title")).expect(&shown)),
                "toml" | "yaml" | "json" => {
                    let syntax = Syntax::of_file(&format!("x.{language}")).unwrap();
                    let settings = brief::load(&block, syntax).expect(&shown).settings();
                    if let Source::Script(text) = settings.expect(&shown).source {
                        parse(&text, Some("Title")).expect(&shown);
                    }
                }
                "text" => continue,
                other => panic!("{page} has a block of {other:?}, which nobody checks"),
            }
            count += 1;
        }
    }
    assert!(count >= 12, "{count} blocks");
}

#[test]
fn the_guide_names_every_key_and_every_directive() {
    let page = fs::read_to_string(root().join("docs/guide/brief.md")).unwrap();
    for key in brief::schema()["properties"].as_object().unwrap().keys() {
        assert!(
            page.contains(&format!("`{key}`")),
            "brief.md says nothing of {key}"
        );
    }
    let page = fs::read_to_string(root().join("docs/guide/script.md")).unwrap();
    for name in studio::script::DIRECTIVES {
        assert!(
            page.contains(&format!("`!{name}")),
            "script.md says nothing of !{name}"
        );
    }
}
