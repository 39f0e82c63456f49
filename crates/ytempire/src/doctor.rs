//! `ytempire doctor`: what keeps videos from being made, or loses them.

use std::path::Path;
use std::time::Duration;

use media::child;
use media::encode::{Codec, Probed, probe_encoders};
use media::tools::{Program, Tools};
use media::voice;
use serde::Serialize;
use store_postgres::{Health, PostgresStore};
use ytempire_core::{Cancel, Clock, Code};

use crate::args::{Doctor, Global};
use crate::config::Config;
use crate::database::Place;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

/// Room that a long video may need at once: see docs/runbooks/disk-full.md.
const ROOM_WANTED: u64 = 5 << 30;
/// Below this not even a short one ends well.
const ROOM_NEEDED: u64 = 500 << 20;

/// Nodes go by the database's clock, so one of ours that is a second off is only odd: logs don't match.
const SKEW_ODD_MS: u64 = 1_000;

/// How long the depot may take to answer; a job asks for up to three minutes.
const DEPOT_MAX: Duration = Duration::from_secs(10);

/// The encoder of sound that every video needs.
const SOUND: &str = "aac";

/// Encoders of pictures that are tried on a GPU, one frame each.
const ON_GPU: [Codec; 3] = [Codec::H264Nvenc, Codec::HevcNvenc, Codec::Av1Nvenc];

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    Warn,
    Bad,
}

/// One row of the answer.
#[derive(Debug, Serialize)]
struct Check {
    verdict: Verdict,
    name: String,
    text: String,
}

impl Check {
    fn of(verdict: Verdict, name: &str, text: impl Into<String>) -> Self {
        let (name, text) = (name.to_owned(), text.into());
        Self {
            verdict,
            name,
            text,
        }
    }
}

pub(crate) async fn run(global: &Global, args: Doctor) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let folder = config.data_dir(global)?;
    let place = world::place(global, &config)?;
    let mut checks = database(&place, &*world::clock()?).await;
    checks.extend(redis(world::redis(global, &config)?).await);
    checks.extend(depot(&config).await?);
    checks.push(disk(&folder));
    checks.push(gpus(&folder));
    let tools = world::tools();
    checks.extend(programs(&tools));
    checks.extend(encoders(&tools, &folder));
    checks.push(voices(&tools));
    if args.json {
        let lines: Result<Vec<String>, _> = checks.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|e| Failure::bug(format!("can't write JSON: {e}")))?;
        print(&format!("{}\n", lines.join("\n")))?;
    } else {
        print(&table(&checks))?;
    }
    match checks.iter().filter(|c| c.verdict == Verdict::Bad).count() {
        0 => Ok(()),
        1 => Err(Failure::new(Code::Unwell, "1 thing must be mended")),
        n => Err(Failure::new(
            Code::Unwell,
            format!("{n} things must be mended"),
        )),
    }
}

fn table(checks: &[Check]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for check in checks {
        let verdict = match check.verdict {
            Verdict::Good => "good",
            Verdict::Warn => "warn",
            Verdict::Bad => "bad",
        };
        table.add_row([verdict, &check.name, &check.text]);
    }
    let rows: Vec<String> = table.lines().map(|row| row.trim().to_owned()).collect();
    format!("{}\n", rows.join("\n"))
}

async fn database(place: &Place, clock: &dyn Clock) -> Vec<Check> {
    let mut checks = vec![match place.schema().await {
        Ok(schema) if schema.due.is_empty() => {
            let text = format!("{}, schema {}", place.shown(), schema.found);
            Check::of(Verdict::Good, "database", text)
        }
        Ok(schema) => {
            let due = schema.due.join(", ");
            let text = format!("{}: {due} is applied at the next start", place.shown());
            Check::of(Verdict::Warn, "database", text)
        }
        Err(failure) => Check::of(Verdict::Bad, "database", failure.text()),
    }];
    if let Place::Postgres(options) = place {
        let before = clock.now();
        let health = PostgresStore::health(options).await;
        let after = clock.now();
        if let Ok(health) = health {
            let middle = i64::midpoint(before.as_micros(), after.as_micros());
            checks.extend(server(&health));
            checks.push(skew(health.clock_micros - middle));
        }
    }
    checks
}

/// What a server says of itself.
fn server(health: &Health) -> Vec<Check> {
    let mut checks = vec![if health.version_number < 150_000 {
        let text = format!("{} is too old; 15 or later is needed", health.version);
        Check::of(Verdict::Bad, "server", text)
    } else if health.standby {
        let text = "it only follows another server and can't be written; name the primary";
        Check::of(Verdict::Bad, "server", text)
    } else {
        Check::of(
            Verdict::Good,
            "server",
            format!("PostgreSQL {}", health.version),
        )
    }];
    for (name, value) in &health.settings {
        checks.push(match (*name, value.as_str()) {
            ("synchronous_commit", "off") => {
                let text = "off: our own sessions set it to on; other programs' may lose changes";
                Check::of(Verdict::Warn, name, text)
            }
            (_, "off") => {
                let text = "off: a power cut may damage the whole database; set it to on";
                Check::of(Verdict::Bad, name, text)
            }
            (_, value) => Check::of(Verdict::Good, name, value),
        });
    }
    checks
}

/// `micros` is how far the database's clock is ahead of ours.
fn skew(micros: i64) -> Check {
    let ms = micros.unsigned_abs() / 1_000;
    let side = if micros < 0 { "behind" } else { "ahead of" };
    let text = format!("the database's is {ms} ms {side} ours");
    if ms > SKEW_ODD_MS {
        Check::of(Verdict::Warn, "clock", format!("{text}; is NTP running?"))
    } else {
        Check::of(Verdict::Good, "clock", text)
    }
}

/// The place where machines share what they make, where one is named.
async fn depot(config: &Config) -> Result<Option<Check>, Failure> {
    let Some(table) = &config.depot else {
        return Ok(None);
    };
    let depot = table.open()?;
    let check = match tokio::time::timeout(DEPOT_MAX, depot.probe()).await {
        Ok(Ok(())) => Check::of(Verdict::Good, "depot", depot.shown()),
        Ok(Err(e)) => Check::of(Verdict::Bad, "depot", e.to_string()),
        Err(_) => {
            let seconds = DEPOT_MAX.as_secs();
            let text = format!("{} doesn't answer within {seconds} s", depot.shown());
            Check::of(Verdict::Bad, "depot", text)
        }
    };
    Ok(Some(check))
}

/// What graphics cards there are. Without any everything works.
fn gpus(folder: &Path) -> Check {
    let gpus = worker::machine::look(folder, 1, None).gpus;
    if gpus.is_empty() {
        return Check::of(Verdict::Good, "gpus", "none; everything runs on cores");
    }
    let shown = |gpu: &store::Gpu| match &*gpu.sick {
        "" => format!(
            "{}, {} of {} MiB free",
            gpu.name, gpu.vram_free_mib, gpu.vram_mib
        ),
        sick => format!("{}: {sick}", gpu.name),
    };
    let verdict = if gpus.iter().all(|gpu| gpu.sick.is_empty()) {
        Verdict::Good
    } else {
        Verdict::Warn
    };
    let all: Vec<String> = gpus.iter().map(shown).collect();
    Check::of(verdict, "gpus", all.join("; "))
}

/// The Redis server, where one is named. Without it everything works, so nothing here is bad.
async fn redis(options: Option<signal::Options>) -> Option<Check> {
    let options = options?;
    let check = |verdict, text: String| Some(Check::of(verdict, "redis", text));
    let server = match signal::look(&options).await {
        Ok(server) => server,
        Err(e) => return check(Verdict::Warn, format!("{e}; nodes go on without it")),
    };
    let (name, took) = (server.product, server.round_trip.as_micros());
    let text = format!("{name} {}, {took} µs", server.version);
    if server.round_trip >= options.limit {
        return check(Verdict::Warn, format!("{text}: too slow to be used"));
    }
    if server.policy != "noeviction" {
        let text = format!(
            "{text}, {}: set maxmemory-policy to noeviction",
            server.policy
        );
        return check(Verdict::Warn, text);
    }
    check(Verdict::Good, text)
}

fn disk(folder: &Path) -> Check {
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        let text = format!("{} can't be looked at", folder.display());
        return Check::of(Verdict::Bad, "disk", text);
    };
    room(folder, disk.f_bavail * disk.f_frsize)
}

fn room(folder: &Path, free: u64) -> Check {
    let text = format!("{} MiB free at {}", free >> 20, folder.display());
    if free < ROOM_NEEDED {
        Check::of(Verdict::Bad, "disk", format!("{text}; make room"))
    } else if free < ROOM_WANTED {
        Check::of(
            Verdict::Warn,
            "disk",
            format!("{text}; a long video needs 5 GiB"),
        )
    } else {
        Check::of(Verdict::Good, "disk", text)
    }
}

fn programs(tools: &Tools) -> Vec<Check> {
    let needed = [
        Program::Ffmpeg,
        Program::Ffprobe,
        Program::Setpriv,
        Program::Prlimit,
    ];
    let check = |program: Program| match tools.get(program) {
        Ok(path) => Check::of(Verdict::Good, program.name(), path.display().to_string()),
        Err(e) => Check::of(Verdict::Bad, program.name(), e.to_string()),
    };
    needed.into_iter().map(check).collect()
}

/// Encoders that work: each encodes a frame. Those of a GPU are only tried where there is one.
fn encoders(tools: &Tools, folder: &Path) -> Vec<Check> {
    let scratch = folder.join("doctor");
    if let Err(e) = std::fs::create_dir_all(&scratch) {
        return vec![Check::of(Verdict::Bad, "encoders", e.to_string())];
    }
    let mut codecs = vec![Codec::X264];
    if !worker::machine::look(folder, 1, None).gpus.is_empty() {
        codecs.extend(ON_GPU);
    }
    let probed = probe_encoders(tools, &codecs, &scratch, &Cancel::new());
    let sound = sound(tools, &scratch);
    drop(std::fs::remove_dir_all(&scratch));
    let probed = match probed {
        Ok(probed) => probed,
        Err(e) => return vec![Check::of(Verdict::Bad, "encoders", e.to_string())],
    };
    let mut checks: Vec<Check> = probed.iter().map(encoder).collect();
    checks.push(sound);
    checks
}

/// Every video can be encoded where x264 works.
fn encoder(probed: &Probed) -> Check {
    let name = probed.codec.name();
    match &probed.trouble {
        None => Check::of(Verdict::Good, name, "encoded a frame"),
        Some(why) if probed.codec == Codec::X264 => Check::of(Verdict::Bad, name, why),
        Some(why) => {
            let why = why.lines().next().unwrap_or_default();
            Check::of(Verdict::Warn, name, format!("not used: {why}"))
        }
    }
}

fn sound(tools: &Tools, folder: &Path) -> Check {
    let listed = tools
        .spec(Program::Ffmpeg, folder)
        .and_then(|spec| {
            let spec = spec.args(["-hide_banner", "-encoders"]).piped_stdout();
            child::run(&spec, &[], &Cancel::new())
        })
        .map(|done| String::from_utf8_lossy(&done.stdout).into_owned());
    match listed {
        Err(e) => Check::of(Verdict::Bad, SOUND, e.to_string()),
        Ok(listed) if listed.split_whitespace().any(|word| word == SOUND) => {
            Check::of(Verdict::Good, SOUND, "there")
        }
        Ok(_) => Check::of(Verdict::Bad, SOUND, "this ffmpeg lacks it; install another"),
    }
}

fn voices(tools: &Tools) -> Check {
    let names: Vec<_> = voice::voices(tools)
        .iter()
        .map(|voice| voice.name)
        .collect();
    if names.is_empty() {
        // A backend may speak instead.
        let text = "none is installed: apt install festival festvox-us-slt-hts";
        return Check::of(Verdict::Warn, "voices", text);
    }
    Check::of(Verdict::Good, "voices", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loses_data_is_bad_and_what_we_mend_ourselves_is_a_warning() {
        let mut health = Health {
            version: "15.1".to_owned(),
            version_number: 150_001,
            clock_micros: 0,
            standby: false,
            settings: vec![
                ("fsync", "off".to_owned()),
                ("full_page_writes", "on".to_owned()),
                ("synchronous_commit", "off".to_owned()),
            ],
        };
        let verdicts =
            |health: &Health| server(health).iter().map(|c| c.verdict).collect::<Vec<_>>();
        assert_eq!(
            verdicts(&health),
            [Verdict::Good, Verdict::Bad, Verdict::Good, Verdict::Warn]
        );
        health.standby = true;
        assert_eq!(verdicts(&health)[0], Verdict::Bad);
        health.version_number = 140_009;
        assert_eq!(verdicts(&health)[0], Verdict::Bad);
    }

    #[test]
    fn skew_and_room_have_their_limits() {
        let verdicts = [0, 500_000, -2_000_000, 7_200_000_000].map(|micros| skew(micros).verdict);
        // Nodes go by the database's clock, so that ours may be hours off.
        assert_eq!(
            verdicts,
            [Verdict::Good, Verdict::Good, Verdict::Warn, Verdict::Warn]
        );
        let verdicts = [1 << 20, 1 << 30, 9 << 30].map(|free| room(Path::new("/d"), free).verdict);
        assert_eq!(verdicts, [Verdict::Bad, Verdict::Warn, Verdict::Good]);
    }
}
