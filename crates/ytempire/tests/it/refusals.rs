//! What can't be made is refused before any work, with a code, the place and a way out; and the
//! store is as good as before.

pub(crate) mod assets;
mod briefs;
mod settings;

use crate::place::{Ended, Place};

/// One thing that is refused.
struct Case {
    /// What is wrong, for the reader of a failure.
    what: &'static str,
    /// The brief's file.
    file: &'static str,
    /// What the file holds.
    text: Vec<u8>,
    /// More options.
    options: &'static str,
    exit: i32,
    code: &'static str,
    /// Each must be in the message: the place, what is wrong, a way out.
    says: &'static [&'static str],
}

impl Case {
    fn new(
        what: &'static str,
        text: impl Into<Vec<u8>>,
        code: &'static str,
        says: &'static [&'static str],
    ) -> Self {
        Self {
            what,
            file: "brief.toml",
            text: text.into(),
            options: "",
            exit: if code.starts_with("YT01") { 3 } else { 2 },
            code,
            says,
        }
    }

    fn file(self, file: &'static str) -> Self {
        Self { file, ..self }
    }

    fn options(self, options: &'static str) -> Self {
        Self { options, ..self }
    }
}

/// Runs every case in one place and tells of all that went otherwise, not only of the first.
fn check(place: &Place, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for case in cases {
        place.write(case.file, &case.text);
        let options = case.options.split_whitespace();
        let ended = place.run(["make", case.file].into_iter().chain(options));
        let refusal = ended.refusal(case.exit, case.code, case.says);
        let quiet = ended.stdout.is_empty();
        let short = ended.stderr.lines().count() <= 30 && ended.stderr.len() < 4_000;
        let refusal = refusal.and_then(|()| match (quiet, short) {
            (true, true) => Ok(()),
            _ => Err("too much was said".to_owned()),
        });
        if let Err(why) = refusal {
            wrong.push(format!("── {}: {why}\n{ended}", case.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    still_works(place);
}

/// The store can be read, and no video was accepted.
#[track_caller]
fn still_works(place: &Place) -> Ended {
    let listed = place.run(["list", "--json"]).good();
    assert_eq!(listed.stdout, "", "a refused brief was accepted");
    assert!(!place.path("out").exists(), "a refused brief left a folder");
    listed
}

/// A brief of one scene.
fn brief(narration: &str) -> String {
    format!("title = \"One sentence\"\nscript = '''\n## First\n\n{narration}\n'''\n")
}
