//! `cargo xtask test`: every check and every test, and one line of verdict.
//!
//! Steps share their compilations: clippy and rustdoc one set of metadata, tests and doctests
//! one set of objects; all with the features of the whole workspace.

use std::path::Path;

use crate::{run, tidy};

/// How much is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What CI runs.
    All,
    /// What a developer runs before each commit: no documentation, no slow tests.
    Quick,
}

/// Passed and failed tests; a check counts as one test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs the steps, all of them even where one fails, and tells whether all passed.
///
/// # Errors
/// The repository can't be read.
#[expect(
    clippy::print_stdout,
    reason = "the verdict is what the command is run for"
)]
pub(crate) fn run(root: &Path, extent: Extent) -> anyhow::Result<bool> {
    let mut total = Count::default();
    let tree = tidy::Tree::load(root)?;
    eprintln!("── tidy ──");
    let mut broken = Vec::new();
    let tidy = tidy::run(&tree);
    if !tidy {
        broken.push("tidy");
    }
    total.add(verdict(tidy, ""));
    for step in steps(root, &tree, extent) {
        eprintln!("\n── {} ──", step.name);
        let count = step.run(root);
        if count.failed > 0 {
            broken.push(step.name);
        }
        total.add(count);
    }
    if !broken.is_empty() {
        eprintln!("\nfailed: {}", broken.join(", "));
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0)
}

struct Step {
    name: &'static str,
    program: &'static str,
    arguments: Vec<String>,
    environment: Option<(&'static str, &'static str)>,
}

impl Step {
    fn cargo(name: &'static str, line: &str) -> Self {
        Self::new(name, "cargo", line.split_whitespace())
    }

    fn new<'a>(
        name: &'static str,
        program: &'static str,
        arguments: impl Iterator<Item = &'a str>,
    ) -> Self {
        let arguments = arguments.map(str::to_owned).collect();
        Self {
            name,
            program,
            arguments,
            environment: None,
        }
    }

    fn run(&self, root: &Path) -> Count {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = run::command(root, self.program, &arguments);
        command.envs(self.environment);
        match run::watched(command) {
            Ok((success, printed)) => verdict(success, &printed),
            // A missing program fails the run; it never skips a step.
            Err(error) => {
                eprintln!("{error:#}");
                verdict(false, "")
            }
        }
    }
}

fn steps(root: &Path, tree: &tidy::Tree, extent: Extent) -> Vec<Step> {
    let mut steps = vec![
        Step::cargo("format", "fmt --all --check"),
        Step::cargo(
            "clippy",
            "clippy --workspace --all-targets --locked -- -D warnings",
        ),
    ];
    if extent == Extent::All {
        steps.push(Step::new(
            "shell scripts",
            "shellcheck",
            tree.shell_scripts(),
        ));
        let docs = "doc --workspace --no-deps --document-private-items --locked";
        let mut docs = Step::cargo("documentation", docs);
        docs.environment = Some(("RUSTDOCFLAGS", "-D warnings"));
        steps.push(docs);
    }
    let (profile, skip) = match extent {
        Extent::All => ("ci", ""),
        Extent::Quick => ("default", "-- --skip slow::"),
    };
    if run::output(root, "cargo", &["nextest", "--version"]).is_ok() {
        let line = "nextest run --workspace --locked --no-tests pass --profile";
        steps.push(Step::cargo("tests", &format!("{line} {profile}")));
        steps.push(Step::cargo(
            "documentation's examples",
            "test --workspace --doc --locked",
        ));
    } else {
        let line = "test --workspace --locked --no-fail-fast";
        steps.push(Step::cargo("tests", &format!("{line} {skip}")));
    }
    steps
}

/// Counts the tests in what a step printed; a step without tests is one test itself.
fn verdict(success: bool, printed: &str) -> Count {
    // nextest repeats what failed tests printed, and each of them had the built-in harness print
    // a summary of its own.
    let nextest = printed.lines().any(|line| nextest_summary(line).is_some());
    let summary = if nextest {
        nextest_summary
    } else {
        harness_summary
    };
    let mut count = Count::default();
    for line in printed.lines() {
        count.add(summary(line).map(counted).unwrap_or_default());
    }
    if success && count == Count::default() {
        count.passed = 1;
    }
    // The build failed, or the runner did: no test says so.
    if !success && count.failed == 0 {
        count.failed = 1;
    }
    count
}

/// `9 tests run: 7 passed (1 slow), 1 failed, 1 timed out`, from behind the colon.
fn nextest_summary(line: &str) -> Option<&str> {
    let (_, summary) = line
        .trim_start()
        .strip_prefix("Summary [")?
        .split_once(" run: ")?;
    Some(summary)
}

/// `test result: ok. 5 passed; 0 failed; …`, from behind the colon.
fn harness_summary(line: &str) -> Option<&str> {
    line.strip_prefix("test result: ")
}

/// Reads a summary of either runner.
fn counted(summary: &str) -> Count {
    let mut count = Count::default();
    let words: Vec<&str> = summary
        .split([' ', ',', ';', '.'])
        .filter(|w| !w.is_empty())
        .collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<u64>() else {
            continue;
        };
        match pair[1] {
            "passed" => count.passed += number,
            "failed" | "timed" | "exec" => count.failed += number,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_understood() {
        for (passed, failed, printed) in [
            (
                7,
                3,
                "  Summary [   3.1s] 10 tests run: 7 passed (1 slow), 2 failed, 1 timed out",
            ),
            (
                1,
                0,
                "     Summary [   0.1s] 1 test run: 1 passed, 0 skipped",
            ),
            (
                5,
                2,
                "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured",
            ),
        ] {
            assert_eq!(
                verdict(failed == 0, printed),
                Count { passed, failed },
                "{printed}"
            );
        }
    }

    #[test]
    fn a_failed_test_is_counted_once() {
        let printed = "    Summary [ 1s] 3 tests run: 2 passed, 1 failed, 0 skipped\n\
                       test result: FAILED. 0 passed; 1 failed; 0 ignored\n";
        assert_eq!(
            verdict(false, printed),
            Count {
                passed: 2,
                failed: 1
            }
        );
    }

    #[test]
    fn several_summaries_add_up() {
        let printed = "test result: ok. 2 passed; 0 failed\ntest result: ok. 3 passed; 0 failed\n";
        assert_eq!(
            verdict(true, printed),
            Count {
                passed: 5,
                failed: 0
            }
        );
    }

    #[test]
    fn a_failed_build_is_a_failure_and_a_bare_check_a_pass() {
        assert_eq!(
            verdict(false, "error[E0308]"),
            Count {
                passed: 0,
                failed: 1
            }
        );
        assert_eq!(
            verdict(true, "Finished"),
            Count {
                passed: 1,
                failed: 0
            }
        );
        let flaky = "test result: ok. 2 passed; 0 failed";
        assert_eq!(
            verdict(false, flaky),
            Count {
                passed: 2,
                failed: 1
            }
        );
    }
}
