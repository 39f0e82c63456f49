//! A short torture of the line, and a checker that must notice what is planted.

use std::fs;
use std::path::{Path, PathBuf};

use torture::{Backend, Minimums, Options, PowerOptions, World, check, power, run};

fn options(database: Backend, seconds: u64) -> Options {
    Options {
        seed: 11,
        seconds,
        heal: 120,
        nodes: 3,
        database,
        ytempire: env!("CARGO_BIN_EXE_ytempire").into(),
        keep: None,
        plant: None,
        minimums: Minimums {
            kills: 10,
            crashes: u32::from(database == Backend::Postgres),
            stops: 1,
            shifts: 1,
            jumps: 1,
            cuts: u32::from(database == Backend::Postgres),
            redis: 1,
            ready: 1,
            ..Minimums::default()
        },
    }
}

/// A slice of `make torture`.
#[test]
fn a_line_that_is_tortured_for_a_while_keeps_its_books() {
    let options = options(Backend::Postgres, 40);
    let world = World::new(&options).unwrap();
    let (run, _known) = run(&options, &world).unwrap();
    assert!(
        run.is_good(),
        "{}",
        serde_json::to_string_pretty(&run).unwrap()
    );
}

/// A slice of `make torture`. Only root can cut the power of a disk.
#[test]
fn what_was_acknowledged_outlasts_power_cuts() {
    let options = PowerOptions {
        seed: 11,
        ytempire: env!("CARGO_BIN_EXE_ytempire").into(),
        plant: None,
        sqlite: 2,
        postgres: 2,
        control: 16,
    };
    let power = power(&options).unwrap();
    if let Some(why) = &power.skipped {
        eprintln!("POWER CUTS WERE SKIPPED: {why}");
        return;
    }
    assert!(
        power.is_good(),
        "{}",
        serde_json::to_string_pretty(&power).unwrap()
    );
}

/// What is done to the books or files of a line that is in order, and the rule that it breaks.
const PLANTED: &[(&str, &str, &str)] = &[
    (
        "a second end is told",
        "ended-once",
        "INSERT INTO outbox (at, video_id, kind, detail)
         SELECT at, video_id, kind, detail FROM outbox WHERE kind = 'video.ready' LIMIT 1",
    ),
    (
        "a finished job is begun again",
        "nothing-after",
        "CREATE TABLE planted AS SELECT id, finalized_at AS f FROM jobs WHERE state = 'completed' LIMIT 1;
         UPDATE jobs SET state = 'running', attempt = attempt + 1, attempts = attempts + 1,
                         finalized_at = NULL, lease_until = 1, node_id = 'late'
         WHERE id IN (SELECT id FROM planted);
         UPDATE jobs SET state = 'completed', finalized_at = 1, lease_until = NULL, node_id = NULL
         WHERE id IN (SELECT id FROM planted);",
    ),
    (
        "two leases of one job at once",
        "job-steps",
        "CREATE TABLE planted AS SELECT id FROM jobs WHERE state = 'completed' LIMIT 1;
         UPDATE jobs SET state = 'running', attempt = attempt + 1, finalized_at = NULL,
                         lease_until = 1, node_id = 'a' WHERE id IN (SELECT id FROM planted);
         UPDATE jobs SET attempt = attempt + 1, node_id = 'b' WHERE id IN (SELECT id FROM planted);
         UPDATE jobs SET state = 'completed', finalized_at = 1, lease_until = NULL, node_id = NULL
         WHERE id IN (SELECT id FROM planted);",
    ),
    (
        "a write by an old lease",
        "one-writer",
        "INSERT INTO outbox (at, video_id, job_id, stage, kind, detail)
         SELECT at, video_id, job_id, stage, kind, '{\"attempt\":1}' FROM outbox
         WHERE kind = 'job.completed' LIMIT 1",
    ),
    (
        "a charge that is booked twice",
        "ledger",
        "UPDATE ledger_accounts SET posted = posted + 1
         WHERE scope = (SELECT scope FROM ledger_accounts WHERE posted > 0 LIMIT 1)",
    ),
    (
        "a reservation that is never settled",
        "transfer",
        "UPDATE transfers SET state = 'pending', posted = 0, settled_at = NULL
         WHERE id = (SELECT id FROM transfers WHERE state = 'posted' LIMIT 1)",
    ),
    (
        "a cap that was raised",
        "ledger",
        "UPDATE ledger_accounts SET cap = 4000000 WHERE scope LIKE 'video:%'",
    ),
    (
        "a node that stays registered",
        "left",
        "INSERT INTO nodes (id, name, joined_at) VALUES ('dead', 'a dead node', 1)",
    ),
    (
        "a job that is left running",
        "job-over",
        "UPDATE jobs SET state = 'running', finalized_at = NULL, lease_until = 1, node_id = 'dead'
         WHERE id = (SELECT id FROM jobs WHERE state = 'completed' LIMIT 1)",
    ),
    (
        "a video that nobody ordered",
        "accepted",
        "INSERT INTO videos (id, account_id, key, title, state, request, budget, created_at)
         SELECT 'ghost', account_id, 'ghost', title, 'queued', request, budget, created_at
         FROM videos LIMIT 1",
    ),
];

/// The checker against faults of the kinds that queues and ledgers are known for.
#[test]
fn the_checker_catches_what_is_planted() {
    let mut options = options(Backend::Sqlite, 5);
    options.minimums = Minimums::default();
    let folder = tempfile::tempdir().unwrap();
    options.keep = Some(folder.path().join("whole"));
    let world = World::new(&options).unwrap();
    let (run, mut known) = run(&options, &world).unwrap();
    assert!(
        run.is_good(),
        "{}",
        serde_json::to_string_pretty(&run).unwrap()
    );
    let finds = |world: &World, known: &torture::Known, rule: &str| {
        let (_, found) = check::everything(world, known).unwrap();
        found.iter().any(|finding| finding.rule == rule)
    };
    let mut missed = Vec::new();
    for (index, (what, rule, sql)) in PLANTED.iter().enumerate() {
        let copy = copied(&options, folder.path(), &index.to_string());
        copy.database
            .change(sql)
            .unwrap_or_else(|e| panic!("{what}: {e:#}"));
        if !finds(&copy, &known, rule) {
            missed.push(*what);
        }
    }
    let damaged = copied(&options, folder.path(), "damaged");
    let file = an_artifact(&damaged.data());
    let mut bytes = fs::read(&file).unwrap();
    bytes[0] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert!(finds(&damaged, &known, "files"), "a flipped bit");
    fs::remove_file(&file).unwrap();
    assert!(finds(&damaged, &known, "files"), "a lost file");
    fs::write(damaged.data().join("artifacts/tmp/half"), "half").unwrap();
    assert!(finds(&damaged, &known, "left"), "a half file");
    known.accepted.push("lost".to_owned());
    assert!(finds(&world, &known, "accepted"), "a lost video");
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

fn copied(options: &Options, folder: &Path, name: &str) -> World {
    let to = folder.join(name);
    copy(options.keep.as_deref().unwrap(), &to);
    World::found(options, &to).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

fn an_artifact(data: &Path) -> PathBuf {
    let shards = fs::read_dir(data.join("artifacts")).unwrap().flatten();
    let mut files: Vec<PathBuf> = shards
        .filter(|shard| shard.file_name() != "tmp")
        .flat_map(|shard| fs::read_dir(shard.path()).unwrap().flatten())
        .map(|file| file.path())
        .collect();
    files.sort();
    files.swap_remove(0)
}
