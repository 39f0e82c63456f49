//! The conformance suite on `SQLite`, and what only this store promises.

use std::sync::Arc;

use store::{Error, Store};
use store_sqlite::SqliteStore;
use ytempire_core::CrashPlan;

fn open(path: &std::path::Path) -> Result<SqliteStore, Error> {
    SqliteStore::open(path, CrashPlan::default())
}

/// Opens fresh stores in `folder`, one after another.
fn fresh(folder: &tempfile::TempDir) -> impl Fn() -> std::future::Ready<Arc<dyn Store>> + use<'_> {
    let count = std::sync::atomic::AtomicU32::new(0);
    move || {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.path().join(format!("{n}.db"));
        std::future::ready(Arc::new(open(&path).expect("a fresh store opens")))
    }
}

#[tokio::test]
async fn conformance() {
    let folder = tempfile::tempdir().unwrap();
    store_suite::exercise(fresh(&folder)).await;
}

/// Calls of $0.12 race for $3.00, of one video and of a day, and some of the callers die.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_bill_of_calls_that_race_never_passes_the_cap() {
    for by_day in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let granted = store_suite::race(fresh(&folder), 0..5, 64, by_day).await;
        assert!(granted >= 5 * 25, "{granted}");
        let folder = tempfile::tempdir().unwrap();
        store_suite::race(fresh(&folder), 5..6, 1_000, by_day).await;
    }
}

#[tokio::test]
async fn random_histories_keep_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    store_suite::simulate(fresh(&folder), 1..=4).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    drop(open(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(
        open(&path),
        Err(Error::SchemaUnknown { found: 99, .. })
    ));
}

#[tokio::test]
async fn the_database_itself_refuses_to_overspend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    drop(open(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("INSERT INTO ledger_accounts (scope, cap) VALUES ('video:x', 100)")
        .unwrap();
    let overspend = db.execute_batch("UPDATE ledger_accounts SET posted = 60, pending = 41");
    assert!(overspend.is_err());
    db.execute_batch("UPDATE ledger_accounts SET posted = 60, pending = 40")
        .unwrap();
}

#[tokio::test]
async fn every_column_is_commented() {
    let text = include_str!("../migrations/0001_first.sql");
    for line in text.lines().filter(|line| line.starts_with("    ")) {
        let first = line.split_whitespace().next().unwrap_or_default();
        let column = first.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(!column || line.contains("--"), "no comment: {line}");
    }
}

#[tokio::test]
async fn two_processes_connections_share_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let (a, b) = (open(&path).unwrap(), open(&path).unwrap());
    let world = store_suite::World::over(Arc::new(a));
    drop(world);
    assert!(
        b.video_list(store::VideoFilter::newest(1))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Several commands begin at once on a machine where there was none before.
#[test]
fn a_fresh_file_may_be_opened_by_many_at_once() {
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let start = std::sync::Barrier::new(8);
        let opened = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        open(&path).map(drop)
                    })
                })
                .collect();
            openers
                .into_iter()
                .map(|opener| opener.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    }
}

/// A file of the third schema with a video that has ended: all of it is there after the migrations,
/// also of the tables that were written anew, and the video can be deleted.
#[tokio::test]
async fn what_an_older_program_kept_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    for migration in [
        include_str!("../migrations/0001_first.sql"),
        include_str!("../migrations/0002_line.sql"),
        include_str!("../migrations/0003_attempts.sql"),
    ] {
        db.execute_batch(migration).unwrap();
    }
    let video = "0192c3a0-5d2f-7c11-8a3e-5f0e1d2c3b4a";
    let job = "0192c3a0-5d2f-7c11-8a3e-5f0e1d2c3b4b";
    db.execute_batch(&format!(
        "INSERT INTO videos (id, account_id, key, title, state, request, budget, created_at,
                             finalized_at)
         VALUES ('{video}', '00000000-0000-0000-0000-000000000000', 'k', 't', 'ready', '{{}}',
                 1, 1, 2);
         INSERT INTO jobs (id, video_id, stage, state, args, rank, waiting_for, created_at,
                           finalized_at)
         VALUES ('{job}', '{video}', 'script', 'completed', '{{}}', 0, 0, 1, 2);
         INSERT INTO attempts (job_id, attempt, video_id, node_id, started_at, ended_at, outcome)
         VALUES ('{job}', 1, '{video}', '{job}', 1, 2, 'completed');
         INSERT INTO cache VALUES ('key', '{video}', '7', 1);
         INSERT INTO artifacts VALUES ('key', 'aa', 3);
         PRAGMA user_version = 3;"
    ))
    .unwrap();
    drop(db);
    let store = open(&path).unwrap();
    let video = video.parse().unwrap();
    let row = store.video_get(video).await.unwrap().unwrap();
    assert_eq!((row.due_at, row.start_at), (None, None));
    assert_eq!(store.attempt_list(video).await.unwrap().len(), 1);
    let now = ytempire_core::Timestamp::from_micros(3);
    let cached = || store.cache_get(now, "key");
    assert_eq!(cached().await.unwrap().unwrap().artifacts.len(), 1);
    let deleted = store.video_delete(video).await.unwrap();
    assert_eq!(deleted, store::Deletion::Done);
    assert_eq!(cached().await.unwrap().unwrap().artifacts[0].bytes, 3);
    // Artifacts still go with their entry.
    assert_eq!(store.cache_prune(0).await.unwrap().len(), 1);
    assert_eq!(store.cache_totals().await.unwrap().artifacts, 0);
}
