//! Commands that make nothing: help, schema, completions, manual, empty lists.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::Place;
use crate::repository;

#[test]
fn help_and_version_are_printed_and_nothing_is_written() {
    let place = Place::new();
    for line in ["--help", "--version", "make --help", "cost --help"] {
        let ended = place.run(line.split_whitespace()).good();
        assert!(
            ended.stdout.contains("ytempire") && ended.stderr.is_empty(),
            "{ended}"
        );
    }
    assert!(!place.data().exists());
}

#[test]
fn usage_errors_exit_with_2_and_point_to_help() {
    let place = Place::new();
    for line in [
        "",
        "mkae x.toml",
        "make",
        "make a.toml --format 4:3",
        "make a.toml --no-such-option",
        "make a.toml --topic b",
        "-q -v list",
        "cost a b",
        "schema",
        "completions tcsh",
    ] {
        let ended = place.run(line.split_whitespace());
        assert_eq!(ended.status.code(), Some(2), "{ended}");
        assert!(
            ended.stdout.is_empty() && ended.stderr.contains("--help"),
            "{ended}"
        );
    }
}

#[test]
fn no_known_bug_can_be_planted_here() {
    let place = Place::new();
    // A program that has some refuses a name that none of them has.
    let asked = place
        .program(["schema", "brief"])
        .env("YTEMPIRE_PLANT", "none-such");
    asked.end().good();
}

#[test]
fn completions_are_made_for_every_shell_and_bash_accepts_them() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = place.run(["completions", shell]).good();
        assert!(ended.stdout.contains("captions"), "{ended}");
    }
    let script = place.run(["completions", "bash"]).good().stdout;
    let file = place.write("ytempire.bash", script);
    let checked = Command::new("bash").arg("-n").arg(file).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let place = Place::new();
    let page = place.run(["man"]).good().stdout;
    assert!(page.contains(".TH") && page.contains("SYNOPSIS"), "{page}");
    place.run(["man", "--dir", "pages/of man"]).good();
    let pages: Vec<_> = fs::read_dir(place.path("pages/of man"))
        .unwrap()
        .map(|page| page.unwrap().file_name().into_string().unwrap())
        .collect();
    for command in [
        "make",
        "list",
        "schedule-add",
        "cost",
        "cache",
        "schema",
        "completions",
        "man",
    ] {
        assert!(
            pages.contains(&format!("ytempire-{command}.1")),
            "{command}: {pages:?}"
        );
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    for line in ["schema brief", "completions bash", "man"] {
        let mut command = place.program(line.split_whitespace()).0;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{line}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{line}: {ended:?}");
    }
}

#[test]
fn the_schema_knows_every_key_of_the_examples_and_refuses_others() {
    let place = Place::new();
    let text = place.run(["schema", "brief"]).good().stdout;
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let mut seen = 0;
    for entry in fs::read_dir(repository("examples")).unwrap() {
        let path = entry.unwrap().path();
        // Folders hold examples of other things.
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let brief: Value = match path.extension().and_then(|e| e.to_str()) {
            Some("toml") => toml::from_str(&text).unwrap(),
            Some("json") => serde_json::from_str(&text).unwrap(),
            _ => continue,
        };
        seen += 1;
        for (key, value) in brief.as_object().unwrap() {
            let known = &schema["properties"][key];
            assert!(known.is_object(), "{}: {key}", path.display());
            assert!(fits(value, known, &schema), "{}: {key}", path.display());
        }
    }
    assert!(seen >= 3);
    assert!(!fits(
        &Value::from(3),
        &schema["properties"]["title"],
        &schema
    ));
    assert!(!fits(
        &Value::from("4:3"),
        &schema["properties"]["format"],
        &schema
    ));
}

/// Whether `value` fits `schema`, as far as a brief's schema goes: references, alternatives,
/// choices and types.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    let any = |schemas: &Value| {
        let all = schemas.as_array().unwrap();
        all.iter().any(|schema| fits(value, schema, root))
    };
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(value, root.pointer(&reference[1..]).unwrap(), root);
    }
    if let Some(only) = schema.get("const") {
        return value == only;
    }
    if let Some(choices) = schema["enum"].as_array() {
        return choices.contains(value);
    }
    for alternatives in ["oneOf", "anyOf"] {
        if schema.get(alternatives).is_some() {
            return any(&schema[alternatives]);
        }
    }
    let named = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let integer = named == "number" && !value.is_f64();
    let is = |kind: &Value| kind == named || (kind == "integer" && integer);
    let kinds = &schema["type"];
    let of_kind = kinds
        .as_array()
        .map_or_else(|| is(kinds), |all| all.iter().any(is));
    let each = value.as_array().is_none_or(|values| {
        let of = &schema["items"];
        of.is_null() || values.iter().all(|value| fits(value, of, root))
    });
    of_kind && each
}

#[test]
fn a_new_store_is_empty_and_says_how_to_begin() {
    let place = Place::new();
    let listed = place.run(["list"]).good();
    assert!(listed.stdout.contains("ytempire video submit"), "{listed}");
    assert!(place.run(["list", "--json"]).good().stdout.is_empty());
    assert!(place.run(["cache"]).good().stdout.starts_with("0 results"));
    place
        .run(["cost"])
        .refused(2, "YT0013", &["ytempire video list"]);
    place.run(["cost", "0199"]).refused(2, "YT0013", &["0199"]);
    place
        .run(["cache", "--prune-to", "1.5 TB"])
        .refused(2, "YT0004", &["1.5 TB", "GiB"]);
}

/// Nobody is at home there: neither help nor an error, however many words are asked for, may show
/// the password.
#[test]
fn the_databases_password_is_never_printed() {
    let place = Place::new();
    let url = "postgres://me:hunter2@%2Fnowhere/yt";
    for line in ["-vv list", "list --help", "migrate --check"] {
        let ended = place
            .program(line.split_whitespace())
            .env("YTEMPIRE_DATABASE", url)
            .end();
        assert!(!format!("{ended}").contains("hunter2"), "{ended}");
        if !line.contains("help") {
            ended.refused(4, "YT0218", &["postgres://me@/nowhere:5432/yt"]);
        }
    }
    place.write(
        "ytempire.toml",
        format!("database = \"{url}?sslmode=hunter2\""),
    );
    let refused = place.run(["list"]).refused(2, "YT0012", &["verify-full"]);
    assert!(!refused.stderr.contains("hunter2"), "{refused}");
}

#[test]
fn a_database_file_is_named_looked_at_and_migrated() {
    let place = Place::new();
    let file = format!("sqlite:{}", place.path("x.db").display());
    let on = |line: &str| {
        place
            .program(line.split_whitespace())
            .env("YTEMPIRE_DATABASE", &file)
    };
    on("migrate --check")
        .end()
        .refused(6, "YT0214", &["ytempire migrate"]);
    assert!(!place.path("x.db").exists(), "looking makes nothing");
    on("migrate").end().good();
    on("migrate --check").end().good();
    on("list").end().good();
    assert!(place.path("x.db").exists() && !place.data().join("ytempire.db").exists());
}
