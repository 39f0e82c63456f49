//! Briefs, good and bad.

use proptest::prelude::*;

use super::*;
use crate::{Code, MicroUsd};

const MINIMAL: &str = "title = \"T\"\nscript = \"## A\\nWords.\"\n";

fn refused(text: &str, syntax: Syntax) -> BriefError {
    load(text, syntax).expect_err(text)
}

#[test]
fn a_title_and_a_script_are_enough_in_each_syntax() {
    let toml = load(MINIMAL, Syntax::Toml).unwrap();
    let yaml = load("title: T\nscript: |-\n  ## A\n  Words.\n", Syntax::Yaml).unwrap();
    let json = load(
        "{\"title\": \"T\", \"script\": \"## A\\nWords.\"}",
        Syntax::Json,
    )
    .unwrap();
    assert_eq!(toml, yaml);
    assert_eq!(toml, json);
    let settings = toml.settings().unwrap();
    assert_eq!(settings.budget, MicroUsd(3_000_000));
    assert_eq!(settings.language, "en");
    assert_eq!(settings.music, Music::Made);
    assert_eq!(settings.source, Source::Script("## A\nWords.".into()));
}

#[test]
fn every_key_is_read() {
    let text = "title: T\ntopic: whales\ndescription: D\ntags: [a, b c]\nformat: 9:16\n\
                tier: premium\nbudget: 2.5\nvoice: v\nlanguage: pt-BR\ntheme: night\n\
                assets: pictures\nmusic: none\ncaptions: burned\n";
    let brief = load(text, Syntax::Yaml).unwrap();
    let settings = brief.settings().unwrap();
    assert_eq!(settings.format, Format::Portrait);
    assert_eq!(settings.tier, Tier::Premium);
    assert_eq!(settings.captions, Captions::Burned);
    assert_eq!(settings.budget, MicroUsd(2_500_000));
    assert_eq!(settings.music, Music::None);
    assert_eq!(settings.tags, ["a", "b c"]);
    assert_eq!(settings.source, Source::Topic("whales".into()));
    // What is stored reads back the same.
    let stored = serde_json::to_string(&brief).unwrap();
    assert_eq!(serde_json::from_str::<Brief>(&stored).unwrap(), brief);
    assert_eq!(load(&stored, Syntax::Json).unwrap(), brief);
}

#[test]
fn budgets_are_exact_to_the_micro_dollar() {
    for (written, micros) in [
        ("3", 3_000_000),
        ("\"$2.999999\"", 2_999_999),
        ("0.1", 100_000),
        ("\"0.000001\"", 1),
    ] {
        let text = format!("{MINIMAL}budget = {written}\n");
        let settings = load(&text, Syntax::Toml).unwrap().settings().unwrap();
        assert_eq!(settings.budget, MicroUsd(micros), "{written}");
    }
}

#[test]
fn the_message_tells_file_line_fault_and_way_out() {
    let error = refused("title = \"T\"\n\n\nscirpt = \"x\"\n", Syntax::Toml).in_file("a.toml");
    assert_eq!(
        error.to_string(),
        "a.toml:4: unknown key \"scirpt\"; did you mean \"script\"?"
    );
    assert_eq!(error.at, Some((4, 1)));
    assert_eq!(error.key.as_deref(), Some("scirpt"));
}

#[test]
fn places_are_told_in_every_syntax() {
    let toml = refused(
        "title = \"T\"\nscript = \"S\"\nbudget = \"9\"\n",
        Syntax::Toml,
    );
    assert_eq!(toml.at, Some((3, 10)));
    let yaml = refused("title: T\nscript: S\nbudget: 9\n", Syntax::Yaml);
    assert_eq!(yaml.at, Some((3, 9)));
    let json = refused(
        "{\"title\": \"T\",\n\"script\": \"S\",\n\"budget\": 9}",
        Syntax::Json,
    );
    assert_eq!(json.at.map(|at| at.0), Some(3));
}

/// Bad briefs with the code each must give and a word its message must hold.
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table")]
fn bad() -> Vec<(String, Syntax, Code, &'static str)> {
    use Code::{
        BriefInvalid as Invalid, BriefMalformed as Malformed, BriefUnknownKey as Unknown,
        BriefUnreadable as Unreadable,
    };
    use Syntax::{Article, Json, Toml, Yaml};
    let with = |line: &str| format!("{MINIMAL}{line}\n");
    let own = str::to_owned;
    vec![
        // Unreadable.
        (own(""), Toml, Unreadable, "empty"),
        (own(" \n\t\n"), Yaml, Unreadable, "empty"),
        (own("\u{FEFF}"), Json, Unreadable, "empty"),
        (own(""), Article, Unreadable, "empty"),
        ("x".repeat(BYTES_MAX + 1), Article, Unreadable, "bytes"),
        ("#".repeat(5 << 20), Toml, Unreadable, "bytes"),
        (with("# \0"), Toml, Unreadable, "U+0000"),
        (own("title: \u{1b}[31m"), Yaml, Unreadable, "U+001B"),
        (own("Words\u{7f} in an article."), Article, Unreadable, "U+007F"),
        (own("{\"title\": \"\u{85}\"}"), Json, Unreadable, "U+0085"),
        // Malformed.
        (own("title = "), Toml, Malformed, "TOML"),
        (own("title \"T\""), Toml, Malformed, "TOML"),
        (own("title = \"T"), Toml, Malformed, "TOML"),
        (with("title = \"again\""), Toml, Malformed, "duplicate key"),
        (own("[[["), Toml, Malformed, "TOML"),
        (own("just words"), Toml, Malformed, "TOML"),
        (own("{"), Json, Malformed, "JSON"),
        (own("{\"title\": \"T\",}"), Json, Malformed, "JSON"),
        (own("{\"title\": 'T'}"), Json, Malformed, "JSON"),
        (own("{\"title\": \"T\", \"title\": \"U\"}"), Json, Malformed, "twice"),
        (own("{\"title\": \"T\", \"script\": \"S\"} x"), Json, Malformed, "JSON"),
        (own("[]"), Json, Malformed, "a list"),
        (own("\"words\""), Json, Malformed, "a text"),
        (own("null"), Json, Malformed, "nothing"),
        (own("7"), Json, Malformed, "a number"),
        (own("true"), Json, Malformed, "true"),
        (own("- title"), Yaml, Malformed, "a list"),
        (own("just words"), Yaml, Malformed, "a text"),
        (own("title: {T"), Yaml, Invalid, "a table"),
        (own("title: T\ntitle: U\nscript: S"), Yaml, Malformed, "twice"),
        (own("title: T\nscript: \"S"), Yaml, Malformed, "YAML"),
        (own("title: *nobody"), Yaml, Malformed, "YAML"),
        (own("\ttitle: T"), Yaml, Malformed, "YAML"),
        (own("title: T\n---\ntitle: U"), Yaml, Malformed, "YAML"),
        (format!("title = {}", "[".repeat(100_000)), Toml, Malformed, "TOML"),
        // Unknown keys.
        (with("scirpt = \"\""), Toml, Unknown, "scirpt"),
        (with("Title2 = \"\""), Toml, Unknown, "Title2"),
        (with("[section]\na = 1"), Toml, Unknown, "section"),
        (own("{\"titel\": \"T\"}"), Json, Unknown, "titel"),
        (own("{\"\": \"T\"}"), Json, Unknown, "\"\""),
        (own("tag: [a]\ntitle: T"), Yaml, Unknown, "tag"),
        (own("<<: {title: T}"), Yaml, Unknown, "<<"),
        // Wrong types.
        (own("title = 7\nscript = \"S\""), Toml, Invalid, "found the number 7"),
        (own("title = 1979-05-27\nscript = \"S\""), Toml, Invalid, "title must be text"),
        (own("{\"title\": [\"T\"], \"script\": \"S\"}"), Json, Invalid, "found a list"),
        (own("{\"title\": {\"a\": 1}, \"script\": \"S\"}"), Json, Invalid, "found a table"),
        (format!("{{\"title\": {}", "[".repeat(900_000)), Json, Invalid, "found a list"),
        (own("title: T\nscript: true"), Yaml, Invalid, "found true"),
        (own("title: 2.5\nscript: S"), Yaml, Invalid, "2.5"),
        (own("title: !odd T\nscript: S"), Yaml, Invalid, "tagged"),
        (with("tags = \"sea\""), Toml, Invalid, "a list of texts"),
        (with("tags = [1]"), Toml, Invalid, "each tag"),
        (with("tags = [[\"a\"]]"), Toml, Invalid, "each tag"),
        (with("tags = [{a = 1}]"), Toml, Invalid, "each tag"),
        (own("title: T\nscript: S\ntags: [~]"), Yaml, Invalid, "each tag"),
        (with("budget = true"), Toml, Invalid, "budget must be"),
        (with("budget = [3]"), Toml, Invalid, "budget must be"),
        // Limits.
        (own("title = \"\"\nscript = \"S\""), Toml, Invalid, "title is empty"),
        (own("title = \"  \"\nscript = \"S\""), Toml, Invalid, "title is empty"),
        (format!("title = \"{}\"\nscript = \"S\"", "é".repeat(101)), Toml, Invalid, "101"),
        (own("title = \"a < b\"\nscript = \"S\""), Toml, Invalid, "\"<\""),
        (own("title = \"a -> b\"\nscript = \"S\""), Toml, Invalid, "\">\""),
        (own("title = \"a\\nb\"\nscript = \"S\""), Toml, Invalid, "line break"),
        (own("title = \"a\\u0000\"\nscript = \"S\""), Toml, Invalid, "U+0000"),
        (own("{\"title\": \"\\u001b\", \"script\": \"S\"}"), Json, Invalid, "U+001B"),
        (own("title = \"T\"\nscript = \" \""), Toml, Invalid, "script is empty"),
        (with("description = \"a <b>\""), Toml, Invalid, "description"),
        (with(&format!("description = \"{}\"", "d".repeat(5001))), Toml, Invalid, "5001"),
        (format!("topic = \"{}\"", "t".repeat(1001)), Toml, Invalid, "topic"),
        (with(&format!("tags = [\"{}\"]", "t".repeat(501))), Toml, Invalid, "501"),
        (with(&format!("tags = [{}]", "\"ab cd\", ".repeat(63))), Toml, Invalid, "500"),
        (with("tags = [\"\"]"), Toml, Invalid, "a tag is empty"),
        (with("tags = [\"a,b\"]"), Toml, Invalid, "\",\""),
        (with("tags = [\"<a\"]"), Toml, Invalid, "\"<\""),
        (with("format = \"4:3\""), Toml, Invalid, "format"),
        (with("tier = \"premum\""), Toml, Invalid, "tier"),
        (with("captions = \"yes\""), Toml, Invalid, "captions"),
        (with("budget = 3.01"), Toml, Invalid, "above the cap of $3.00"),
        (with("budget = \"3.000001\""), Toml, Invalid, "above the cap"),
        (with("budget = 0"), Toml, Invalid, "above zero"),
        (with("budget = -1"), Toml, Invalid, "above zero"),
        (with("budget = \"99999999999999\""), Toml, Invalid, "above the cap"),
        (with("budget = \"three\""), Toml, Invalid, "three"),
        (with("budget = \"2,50\""), Toml, Invalid, "2,50"),
        (with("budget = \"0.0000001\""), Toml, Invalid, "six decimals"),
        (with("budget = nan"), Toml, Invalid, "not an amount"),
        (with("budget = inf"), Toml, Invalid, "not an amount"),
        (with("language = \"en_US\""), Toml, Invalid, "BCP 47"),
        (with("language = \"english please\""), Toml, Invalid, "BCP 47"),
        (with("language = \"e\""), Toml, Invalid, "BCP 47"),
        (with("voice = \"\""), Toml, Invalid, "voice is empty"),
        (with("theme = \"a\\tb\""), Toml, Invalid, "theme"),
        (with("assets = \"https://example.com/x\""), Toml, Invalid, "address"),
        (with(&format!("music = \"{}\"", "m".repeat(1025))), Toml, Invalid, "music"),
        // What must hold between keys.
        (own("title = \"T\""), Toml, Invalid, "no script, article or topic"),
        (own("{}"), Json, Invalid, "no script, article or topic"),
        (own("title: T\nscript: ~"), Yaml, Invalid, "no script, article or topic"),
        (own("script = \"## A\\nWords.\""), Toml, Invalid, "title is missing"),
        (with("article = \"Words.\""), Toml, Invalid, "both script and article"),
        (with("topic = \"whales\""), Toml, Invalid, "both script and topic"),
        (own("article = \"A b.\"\ntopic = \"whales\""), Toml, Invalid, "both article"),
        (own("article = \"notes/article.md\""), Toml, Invalid, "not a text"),
        (own("article = \"https://example.com/a\""), Toml, Invalid, "not a text"),
    ]
}

#[test]
fn every_bad_brief_is_refused_with_its_code_and_a_way_out() {
    for (text, syntax, code, word) in bad() {
        let shown: String = text.chars().take(80).collect();
        let error = load(&text, syntax).expect_err(&shown);
        assert_eq!(error.code, code, "{shown}: {error}");
        assert!(error.what.contains(word), "{shown}: {error}");
        assert!(!error.help.is_empty(), "{shown}");
        assert!(error.to_string().len() < 400, "{shown}: {error}");
        assert!(
            !error.to_string().contains(['\n', '\0', '\u{1b}']),
            "{shown}: {error:?}"
        );
    }
}

#[test]
fn nearby_names_are_suggested_and_far_ones_are_not() {
    for (wrong, right) in [
        ("scirpt", "script"),
        ("Titel", "title"),
        ("buget", "budget"),
        ("lang", "language"),
    ] {
        let help = refused(&format!("{wrong} = 1"), Syntax::Toml).help;
        let suggested = help.contains(&format!("did you mean \"{right}\"?"));
        assert_eq!(suggested, wrong != "lang", "{wrong}: {help}");
    }
    assert!(
        refused("wavelength = 1", Syntax::Toml)
            .help
            .contains("the keys are title")
    );
}

#[test]
fn aliases_cannot_multiply_a_brief() {
    let long = "x".repeat(100_000);
    let aliases = "*a, ".repeat(400_000);
    let text = format!("title: &a {long}\nscript: S\ntags: [{aliases}]\n");
    assert_eq!(refused(&text, Syntax::Yaml).code, Code::BriefInvalid);
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ntags: [*c, *c]\n";
    assert_eq!(refused(laughs, Syntax::Yaml).code, Code::BriefUnknownKey);
    let short = format!("script: S\ndescription: &a hello\ntags: [{aliases}]\n");
    assert!(refused(&short, Syntax::Yaml).what.contains("tags"));
}

#[test]
fn bytes_that_are_no_text_are_refused_by_place() {
    let error = load_bytes(b"title = \"\xC3\xA9\"\nscript = \"\xFF\"", Syntax::Toml).unwrap_err();
    assert_eq!(
        (error.code, error.at),
        (Code::BriefUnreadable, Some((2, 11)))
    );
    assert!(load_bytes(&vec![0xFF; BYTES_MAX + 1], Syntax::Json).is_err());
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let text = format!("\u{FEFF}{}", MINIMAL.replace('\n', "\r\n"));
    assert!(load(&text, Syntax::Toml).is_ok());
}

#[test]
fn extensions_tell_the_syntax() {
    assert_eq!(Syntax::of_file("a/b.TOML"), Some(Syntax::Toml));
    assert_eq!(Syntax::of_file("x.yml"), Some(Syntax::Yaml));
    assert_eq!(Syntax::of_file("x.htm"), Some(Syntax::Article));
    assert_eq!(Syntax::of_file("x.docx"), None);
    assert_eq!(Syntax::of_file("toml"), None);
}

#[test]
fn tags_are_counted_as_youtube_counts_them() {
    assert_eq!(tags_chars::<&str>(&[]), 0);
    assert_eq!(tags_chars(&["sea"]), 3);
    assert_eq!(tags_chars(&["deep sea", "whale"]), 8 + 2 + 1 + 5);
}

#[test]
fn the_schema_describes_every_key() {
    let schema = schema();
    let keys = schema["properties"].as_object().unwrap();
    assert_eq!(keys.len(), key::Key::ALL.len());
    for key in key::Key::ALL {
        let description = keys[key.name()]["description"].as_str();
        assert!(description.is_some_and(|d| d.len() > 10), "{}", key.name());
    }
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["title"]["maxLength"], 100);
}

#[test]
fn a_line_of_the_script_is_found_in_the_file() {
    let file = "# A note\ntitle = \"T\"\nscript = \'\'\'\n## A\nWords.\n\n## B\nMore.\n\'\'\'\n";
    let script = load(file, Syntax::Toml).unwrap().script.unwrap();
    assert_eq!(line_in_file(file, &script, 1), Some(4));
    assert_eq!(line_in_file(file, &script, 4), Some(7));
    assert_eq!(line_in_file(file, &script, 99), None);
    let file = "title: T\nscript: |\n  ## A\n  Words.\n  ## B\n  More.\n";
    let script = load(file, Syntax::Yaml).unwrap().script.unwrap();
    assert_eq!(line_in_file(file, &script, 3), Some(5));
    let file = "{\"script\": \"# T\\n## A\\nW.\"}";
    let script = load(file, Syntax::Json).unwrap().script.unwrap();
    assert_eq!(line_in_file(file, &script, 2), None);
}

fn syntaxes() -> impl Strategy<Value = Syntax> {
    prop::sample::select(vec![
        Syntax::Toml,
        Syntax::Yaml,
        Syntax::Json,
        Syntax::Article,
    ])
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        syntax in syntaxes(),
    ) {
        if let Err(error) = load_bytes(&bytes, syntax) {
            prop_assert!(!error.what.is_empty() && !error.help.is_empty());
        }
    }

    #[test]
    fn anything_like_a_brief_is_read_or_refused(
        text in "(title|script|tags|budget|a)?[ :={\"\\[\\]&*'\\-]{0,4}[a-z0-9.,\\\\\"'\\[{:& \n|>#é-]{0,60}",
        syntax in syntaxes(),
    ) {
        match load(&text, syntax) {
            Ok(brief) => prop_assert!(brief.settings().is_ok()),
            Err(error) => prop_assert!(!error.help.is_empty()),
        }
    }
}
