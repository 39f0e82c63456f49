//! The project's own tools: `cargo xtask tidy` and `cargo xtask test`.
//!
//! Beside the house: nothing of this is part of the product.

mod changelog;
mod run;
mod suite;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  tidy            check what neither rustc nor clippy can see
  test            run every check and every test; ends with `N passed, N failed`
  test --quick    the same without documentation and slow tests: before each commit
  changelog VERSION DATE
                  move the fragments of changelog.d into CHANGELOG.md
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::Tree::load(&root).map(|tree| tidy::run(&tree)),
        ["test"] => suite::run(&root, suite::Extent::All),
        ["test", "--quick"] => suite::run(&root, suite::Extent::Quick),
        ["changelog", version, date] => changelog::release(&root, version, date).map(|()| true),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
