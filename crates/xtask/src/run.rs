//! Child processes of the tools.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

/// A command that runs in `root`.
#[expect(
    clippy::disallowed_methods,
    reason = "the tools run cargo and git, not users' files"
)]
pub(crate) fn command(root: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    command
}

/// What `program` prints on its standard output; a failure carries what it printed beside it.
pub(crate) fn output(root: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = command(root, program, arguments)
        .output()
        .with_context(|| format!("run {program}"))?;
    anyhow::ensure!(
        output.status.success(),
        "{program} {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).with_context(|| format!("read what {program} printed"))
}

/// Runs `command`, shows what it prints and returns that, with whether it succeeded.
pub(crate) fn watched(mut command: Command) -> anyhow::Result<(bool, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {name}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let printed = std::thread::scope(|scope| {
        let beside = scope.spawn(|| err.map_or_else(String::new, echo));
        let mut printed = out.map_or_else(String::new, echo);
        printed.push_str(&beside.join().unwrap_or_default());
        printed
    });
    let status = child.wait().with_context(|| format!("wait for {name}"))?;
    Ok((status.success(), printed))
}

/// Copies `pipe` line by line to standard error and returns it.
fn echo(pipe: impl Read) -> String {
    let mut all = String::new();
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        // Nobody may be reading any more; the verdict still counts.
        let _shown = std::io::stderr().write_all(text.as_bytes());
        all.push_str(&text);
        line.clear();
    }
    all
}
