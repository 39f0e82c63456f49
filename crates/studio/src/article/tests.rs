//! Articles, and what must stay true of every script made from one.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::prose::sentences;
use crate::script::{Script, Visual};

const ARTICLE: &str = include_str!("../../../../examples/article.md");

fn script(text: &str) -> Script {
    write(text, &Options::default()).expect(text)
}

/// The sentences of all narrations.
fn narrated(script: &Script) -> Vec<String> {
    let paragraphs = script.scenes.iter().flat_map(|s| s.narration.split("\n\n"));
    paragraphs.flat_map(sentences).collect()
}

#[test]
fn a_short_article_is_told_whole_under_its_own_headings() {
    let script = script(ARTICLE);
    assert_eq!(
        script.title,
        "The Metre That Was a Fifth of a Millimetre Short"
    );
    let headings: Vec<_> = script.scenes.iter().map(|s| s.heading.as_str()).collect();
    assert_eq!(headings[0], script.title);
    assert!(headings.contains(&"The secret of Barcelona"));
    assert_eq!(script.scenes[0].visual, Visual::Title { subtitle: None });
    let words: usize = script
        .scenes
        .iter()
        .map(|s| s.narration.split(' ').count())
        .sum();
    assert!(words > 650, "{words}");
}

#[test]
fn a_shorter_telling_keeps_order_and_the_authors_sentences() {
    let whole = narrated(&script(ARTICLE));
    let options = Options {
        words: Some(250),
        ..Options::default()
    };
    let short = narrated(&write(ARTICLE, &options).unwrap());
    let words: usize = short.iter().map(|s| s.split(' ').count()).sum();
    assert!((180..=250).contains(&words), "{words}");
    let mut rest = whole.iter();
    for sentence in &short {
        assert!(
            rest.any(|other| other == sentence),
            "out of order or not there: {sentence}"
        );
    }
}

#[test]
fn the_same_article_gives_the_same_script() {
    assert_eq!(script(ARTICLE), script(ARTICLE));
}

#[test]
fn a_page_is_read_without_what_stands_around_the_article() {
    let page = "<!doctype html><html><head><title>Site</title><style>p{}</style></head><body>\
        <nav><a href=/>Home page link.</a></nav><header>Big banner.</header>\
        <article><h1>The <em>pendulum</em></h1><p>It swings &amp; swings.</p>\
        <script>alert(1)</script><aside>Buy this now.</aside><h2>Parts</h2>\
        <p>There are two.</p><ul><li>A weight</li><li>A rod</li></ul></article>\
        <footer>All rights reserved.</footer></body></html>";
    let script = script(page);
    assert_eq!(script.title, "The pendulum");
    assert_eq!(script.scenes[0].narration, "It swings & swings.");
    assert_eq!(script.scenes[1].heading, "Parts");
    assert_eq!(
        script.scenes[1].narration,
        "There are two.\n\nA weight\n\nA rod"
    );
    let points = vec!["A weight".to_owned(), "A rod".to_owned()];
    assert_eq!(script.scenes[1].visual, Visual::Bullets { points });
    assert_eq!(script.scenes.len(), 2);
}

#[test]
fn markdown_leaves_code_tables_and_images_out() {
    let script = script(
        "---\nauthor: x\n---\n# T\n\nOne *fine* [day](u) in `May`. ![alt words](p.png)\n\n\
         ```\nlet code = 1;\n```\n\n| a | b |\n|---|---|\n| c | d |\n\n<div>markup</div>\n\n\
         1960. A year.\n",
    );
    let said: Vec<_> = script.scenes.iter().map(|s| s.narration.as_str()).collect();
    assert!(said[0].starts_with("One fine day in May."), "{said:?}");
    for word in ["code", "alt", "markup", "author", "| d"] {
        assert!(!said.join(" ").contains(word), "{word}: {said:?}");
    }
}

#[test]
fn plain_text_has_headings_too() {
    let script = script(
        "A Day at Sea\n\nWe left at dawn. The sea was\ncalm.\n\nThe storm\n\nThen it came, and \
         we ran.\n",
    );
    assert_eq!(script.title, "A Day at Sea");
    assert_eq!(
        script.scenes[0].narration,
        "We left at dawn. The sea was calm."
    );
    assert_eq!(script.scenes[1].heading, "The storm");
}

#[test]
fn a_text_without_headings_is_cut_where_its_subject_changes() {
    let whales = "Whales dive deep in the ocean. A whale breathes air at the surface. Whales sing \
                  in deep water. The whale dives for squid. Deep water hides squid and whales. ";
    let bread = "Flour makes bread. Bread needs yeast and flour. Bakers knead flour and yeast. \
                 The yeast makes bread rise. Warm bread needs good bakers.";
    let script = script(&format!("{whales}{bread}"));
    assert_eq!(script.scenes.len(), 2);
    assert!(script.scenes[1].narration.starts_with("Flour makes bread."));
    assert!(!script.scenes[1].heading.is_empty());
}

#[test]
fn nothing_to_say_is_refused() {
    for text in [
        "",
        "# Title only",
        "<html><nav>Menu</nav></html>",
        "```\ncode\n```",
        "---",
    ] {
        let error = write(text, &Options::default()).unwrap_err();
        assert_eq!(
            (error.clone(), error.code()),
            (Error::NothingToSay, Code::ScriptEmpty)
        );
    }
}

#[test]
fn a_long_text_and_a_deep_page_take_no_harm() {
    let long = "The old clock in the tower strikes the hour again. ".repeat(4_000);
    let script = write(&long, &Options::default()).unwrap();
    assert!(narrated(&script).len() <= 130);
    let deep = format!("<html><body>{}<p>Deep words.</p>", "<div>".repeat(5_000));
    let shallow = format!("<html><body><p>Words.</p>{}", "<b>".repeat(5_000));
    assert!(write(&shallow, &Options::default()).is_ok());
    assert_eq!(write(&deep, &Options::default()), Err(Error::NothingToSay));
    // Two megabytes of opening tags: with the square of their number this would take minutes.
    let hostile = format!("<html><p>Words.</p>{}", "<div>".repeat(400_000));
    assert!(write(&hostile, &Options::default()).is_ok());
    let leaning = "It was so. ".repeat(20_000);
    assert!(write(&leaning, &Options::default()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_narrated_sentence_is_the_authors(
        paragraphs in prop::collection::vec(
            prop::collection::vec("[A-Z][a-z]{2,8}( [a-z0-9,]{1,9}){2,14}[.!?]", 1..8), 1..12),
        words in prop::option::of(1_usize..400),
    ) {
        let text = paragraphs.iter().map(|p| p.join(" ")).collect::<Vec<_>>().join("\n\n");
        let own: HashSet<String> =
            paragraphs.iter().flat_map(|p| sentences(&p.join(" "))).collect();
        let script = write(&text, &Options { title: None, words }).unwrap();
        for sentence in narrated(&script) {
            prop_assert!(own.contains(&sentence), "{}", sentence);
        }
        prop_assert!(script.title.chars().count() <= 100);
    }

    #[test]
    fn any_text_is_written_or_refused(text in "(<html>|# |- |> |```)?\\PC{0,200}(\n\n|</p>|<ul>)?[ \\PC\n]{0,200}") {
        if let Ok(script) = write(&text, &Options::default()) {
            prop_assert!(script.scenes.iter().all(|s| !s.narration.trim().is_empty()));
        }
    }
}
