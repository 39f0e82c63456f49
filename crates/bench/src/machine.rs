//! What machine the figures come from.

use std::fs;
use std::process::Command;

use anyhow::Result;

/// Prints the machine's parts that decide about figures.
pub(crate) fn print() -> Result<()> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown CPU", |(_, model)| model);
    let cores = cpu
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    println!("- {cores} × {model}, {} GiB of memory", kib >> 20);
    println!("- Linux {}", kernel.trim());
    println!("- {}", first_line("ffmpeg", "-version"));
    Ok(())
}

/// The first line that a program says of itself.
pub(crate) fn first_line(program: &str, argument: &str) -> String {
    let said = Command::new(program).arg(argument).output();
    let text = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("not installed").to_owned()
}

/// How many processes wanted a core during the last minute, five, fifteen.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let numbers: Vec<&str> = text.split_whitespace().take(3).collect();
    numbers.join(" ")
}
