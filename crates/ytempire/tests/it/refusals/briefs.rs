//! Texts.

use std::fmt::Write;

use super::{Case, brief, check, still_works};
use crate::place::Place;

#[test]
fn texts_that_are_no_brief() {
    check(
        &Place::new(),
        vec![
            Case::new("empty", "", "YT0001", &["brief.toml", "empty", "title"]),
            Case::new("only blanks", " \n\t\n", "YT0001", &["brief.toml", "empty"]),
            Case::new(
                "5 MB",
                vec![b'#'; 5_000_000],
                "YT0001",
                &["brief.toml", "2097152", "shorten"],
            ),
            Case::new(
                "a picture",
                b"\x89PNG\r\n\x1a\n\xff\xfe".to_vec(),
                "YT0001",
                &["brief.toml", "UTF-8"],
            ),
            Case::new(
                "a bell",
                brief("Ding\u{7}."),
                "YT0001",
                &["brief.toml:5", "U+0007", "remove"],
            ),
            Case::new(
                "an escape",
                brief("\u{1b}[31mRed.\u{1b}[0m"),
                "YT0001",
                &["brief.toml:5", "U+001B"],
            ),
            Case::new(
                "broken TOML",
                "title = \"A\nscript = 3",
                "YT0002",
                &["brief.toml:1"],
            ),
            Case::new("broken JSON", "{\"title\": ", "YT0002", &["brief.json:1"])
                .file("brief.json"),
            Case::new("broken YAML", "title: a: b", "YT0002", &["brief.yaml:1"]).file("brief.yaml"),
            Case::new("a list", "[1, 2]", "YT0002", &["brief.json:1", "a list"]).file("brief.json"),
            Case::new(
                "another ending",
                "x",
                "YT0001",
                &["brief.docx", ".toml", ".md"],
            )
            .file("brief.docx"),
            Case::new(
                "an article of no words",
                "---\n\n***\n",
                "YT0005",
                &["article.md"],
            )
            .file("article.md"),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn keys_and_values() {
    let with = |line: &str| format!("{line}\n{}", brief("One short sentence."));
    check(
        &Place::new(),
        vec![
            Case::new(
                "unknown key",
                with("themes = \"ink\""),
                "YT0003",
                &["brief.toml:1", "themes", "theme"],
            ),
            Case::new(
                "title a number",
                "title = 7\nscript = \"## A\\n\\nB.\"",
                "YT0004",
                &["brief.toml:1", "title"],
            ),
            Case::new(
                "script a list",
                "title = \"A\"\nscript = [1]",
                "YT0004",
                &["brief.toml:2", "script"],
            ),
            Case::new(
                "tags a text",
                with("tags = \"a, b\""),
                "YT0004",
                &["brief.toml:1", "tags"],
            ),
            Case::new(
                "no source",
                "title = \"A\"",
                "YT0004",
                &["brief.toml", "script", "article", "topic"],
            ),
            Case::new(
                "two sources",
                with("topic = \"Bees\""),
                "YT0004",
                &["brief.toml", "topic", "script"],
            ),
            Case::new(
                "format",
                with("format = \"4:3\""),
                "YT0004",
                &["brief.toml:1", "4:3", "16:9"],
            ),
            Case::new(
                "long title",
                format!("title = \"{}\"\nscript = \"## A\\n\\nB.\"", "a".repeat(101)),
                "YT0004",
                &["brief.toml:1", "101", "100"],
            ),
            Case::new(
                "angles",
                "title = \"<b>\"\nscript = \"## A\\n\\nB.\"",
                "YT0004",
                &["brief.toml:1", "<"],
            ),
            Case::new(
                "tier",
                with("tier = \"cheap\""),
                "YT0004",
                &["brief.toml:1", "cheap", "simple"],
            ),
            Case::new(
                "language",
                with("language = \"en_US\""),
                "YT0004",
                &["brief.toml:1", "en-US"],
            ),
            Case::new(
                "assets an address",
                with("assets = \"https://example.org/a\""),
                "YT0004",
                &["brief.toml:1", "https://example.org/a"],
            ),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn scripts() {
    let many = |scenes: usize| {
        let mut script = String::from("title = \"Many\"\nscript = '''\n");
        for n in 1..=scenes {
            write!(script, "## Scene {n}\n\nA short sentence.\n\n").unwrap();
        }
        script + "'''\n"
    };
    let long = "Every word of this long scene counts for something. ".repeat(1112);
    check(
        &Place::new(),
        vec![
            Case::new(
                "no scene",
                "title = \"A\"\nscript = \"\"\"\n\"\"\"",
                "YT0004",
                &["brief.toml:2", "script"],
            ),
            Case::new(
                "a scene of no words",
                "title = \"A\"\nscript = '''\n## One\n'''",
                "YT0005",
                &["brief.toml:3", "One"],
            ),
            Case::new(
                "401 scenes",
                many(401),
                "YT0006",
                &["brief.toml:1603", "400", "several videos"],
            ),
            Case::new(
                "400 scenes are planned",
                many(400),
                "YT0101",
                &["$0.0001", "--budget"],
            )
            .options("--budget 0.0001"),
            Case::new(
                "10,000 words in a scene are planned",
                brief(&long),
                "YT0101",
                &["$0.0001"],
            )
            .options("--budget 0.0001"),
            Case::new(
                "40,000 words",
                brief(&long.repeat(4)),
                "YT0006",
                &["brief.toml", "30000"],
            ),
            Case::new(
                "unknown directive",
                brief("!charrt bar\n\nWords."),
                "YT0007",
                &["brief.toml:5", "charrt", "chart"],
            ),
            Case::new(
                "Chinese, English voice",
                brief("海的深处有什么？"),
                "YT0008",
                &["brief.toml", "海", "U+6D77"],
            ),
            Case::new(
                "Arabic, English voice",
                brief("ما الذي ينتظر في قاع البحر؟"),
                "YT0008",
                &["brief.toml", "U+0645"],
            ),
            Case::new("emoji", brief("A whale 🐋 sings."), "YT0008", &["U+1F40B"]),
            Case::new(
                "Russian",
                brief("Море глубоко."),
                "YT0009",
                &["brief.toml", "First", "backend"],
            ),
            Case::new(
                "German",
                brief("The sea is deep."),
                "YT0009",
                &["de", "backend"],
            )
            .options("--language de"),
        ],
    );
}

#[test]
fn strange_file_names_are_read_and_named() {
    let place = Place::new();
    let text = brief("One short sentence.");
    for name in [
        "a brief.toml",
        "it's \"quoted\".toml",
        "two\nlines.toml",
        "-q.toml",
        "deep/er/../brief.toml",
        "$(touch owned);.toml",
        "海.toml",
    ] {
        place.write("deep/er/here", "");
        let path = place.write(name, &text);
        place
            .program([
                "make".as_ref(),
                "--budget".as_ref(),
                "0.0001".as_ref(),
                path.as_os_str(),
            ])
            .end()
            .refused(3, "YT0101", &["$0.0001"]);
    }
    assert!(!place.path("owned").exists());
    still_works(&place);
}

#[test]
fn files_that_can_not_be_read() {
    let place = Place::new();
    place
        .run(["make", "nowhere.toml"])
        .refused(2, "YT0001", &["nowhere.toml", "No such file"]);
    std::fs::create_dir(place.path("folder.toml")).unwrap();
    place
        .run(["make", "folder.toml"])
        .refused(2, "YT0001", &["folder.toml", "not a file"]);
    still_works(&place);
}
