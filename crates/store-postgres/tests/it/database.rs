//! What the database does by itself, and what becomes of us when it goes away.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use store::{Error, Store};
use store_postgres::{Options, PostgresStore};
use store_suite::World;
use testkit::{PostgresServer, Proxy, Wire};
use ytempire_core::{CrashPlan, Stage};

use crate::open;

#[tokio::test]
async fn the_database_itself_refuses_to_overspend() {
    let server = PostgresServer::start();
    drop(open(&server.fresh()).await.unwrap());
    server.sql("INSERT INTO s0.ledger_accounts (scope, cap) VALUES ('video:x', 100)");
    let overspend = server.try_sql("UPDATE s0.ledger_accounts SET posted = 60, pending = 41");
    assert!(overspend.unwrap_err().contains("check constraint"));
    server.sql("UPDATE s0.ledger_accounts SET posted = 60, pending = 40");
}

#[tokio::test]
async fn a_newer_schema_is_refused_unless_it_only_added() {
    let server = PostgresServer::start();
    let url = server.fresh();
    drop(open(&url).await.unwrap());
    server.sql("INSERT INTO s0.schema_versions VALUES (99, 'later', 1)");
    open(&url).await.unwrap();
    server.sql("UPDATE s0.schema_versions SET works_with = 99 WHERE version = 99");
    let Err(Error::SchemaUnknown { found: 99, .. }) = open(&url).await else {
        panic!("a schema of the future was opened");
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn many_openers_migrate_at_once() {
    let server = PostgresServer::start();
    let url = server.fresh();
    let options = Options::from_url(&url).unwrap();
    let before = PostgresStore::schema(&options).await.unwrap();
    assert_eq!((before.found, before.due.is_empty()), (0, false));
    let opened = join_all((0..8).map(|_| open(&url))).await;
    for store in opened {
        store.unwrap();
    }
    let after = PostgresStore::schema(&options).await.unwrap();
    assert!(after.found > 0 && after.due.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_connection_is_an_error_and_the_next_call_works() {
    let server = PostgresServer::start();
    let store: Arc<dyn Store> = Arc::new(open(&server.fresh()).await.unwrap());
    let world = World::over(Arc::clone(&store));
    let (video, job) = world.one_running().await;
    // Somebody else's lock stops the verb in the middle.
    let mut locked = server.session("BEGIN; LOCK TABLE s0.outbox;");
    let (verb, told) = (Arc::clone(&store), world.now());
    let settling =
        tokio::spawn(async move { World::over(verb).complete(job.lease).await.map(|_| told) });
    server.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    );
    let Err(Error::Away(text)) = settling.await.unwrap() else {
        panic!("a verb whose connection was killed says that it worked");
    };
    assert!(text.contains("was lost"), "{text}");
    locked.end();
    assert_eq!(
        world.kinds(video.id).await.len(),
        2,
        "nothing of it was kept"
    );
    world.complete(job.lease).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_silent_is_given_up_and_the_next_call_works() {
    let server = PostgresServer::start();
    let mut options = Options::from_url(&server.fresh()).unwrap();
    options.answer_max = Duration::from_millis(300);
    let opened = PostgresStore::open(options, CrashPlan::default()).await;
    let world = World::over(Arc::new(opened.unwrap()));
    let (video, job) = world.one_running().await;
    // A lock is silence, too, for longer than is waited.
    let mut locked = server.session("BEGIN; LOCK TABLE s0.outbox, s0.videos;");
    for answer in [
        world.complete(job.lease).await.map(drop),
        world.store.video_get(video.id).await.map(drop),
    ] {
        let Err(Error::Away(text)) = answer else {
            panic!("a verb without an answer says that it worked");
        };
        assert!(text.contains("no answer"), "{text}");
        assert!(text.contains("isn't known"), "{text}");
    }
    locked.end();
    // What was begun is undone with its connection, so that the job can be completed.
    let open = "SELECT count(*) = 0 FROM pg_stat_activity
        WHERE application_name = 'ytempire' AND state <> 'idle'";
    server.wait_for(open);
    world.complete(job.lease).await.unwrap();
}

#[tokio::test]
async fn a_server_that_accepts_and_never_greets_is_away() {
    let server = PostgresServer::start();
    let proxy = Proxy::before(&server.socket()).await;
    proxy.set(Wire::Silent);
    let url = format!("postgres://nobody@{}/nothing", proxy.address());
    let mut options = Options::from_url(&url).unwrap();
    options.answer_max = Duration::from_millis(300);
    let Err(Error::Away(text)) = PostgresStore::open(options, CrashPlan::default()).await else {
        panic!("nothing was said, and it opened");
    };
    assert!(text.contains("doesn't greet"), "{text}");
}

#[tokio::test]
async fn idle_connections_that_were_killed_are_replaced() {
    let server = PostgresServer::start();
    let store = open(&server.fresh()).await.unwrap();
    let world = World::over(Arc::new(store));
    let (video, _) = world.one_running().await;
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ytempire'",
    );
    world.join(world.node()).await;
    assert_eq!(world.video(video.id).await.id, video.id);
}

#[tokio::test]
async fn a_crash_of_the_server_loses_nothing_that_was_acknowledged() {
    let server = PostgresServer::start();
    let store = open(&server.fresh()).await.unwrap();
    let mut wakes = store.wakes();
    let world = World::over(Arc::new(store));
    let (video, job) = world.one_running().await;
    wakes.wait().await;
    for n in 0..20 {
        let hold = vec![world.hold(n)];
        world
            .store
            .transfer_hold(world.now(), job.lease, hold)
            .await
            .unwrap();
    }
    server.crash_and_restart();
    assert_eq!(world.transfers(video.id).await.len(), 20);
    world.complete(job.lease).await.unwrap();
    // The wake-ups come back by themselves, and say so.
    wakes.wait().await;
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_is_waited_for() {
    let server = Arc::new(PostgresServer::start());
    let world = World::over(Arc::new(open(&server.fresh()).await.unwrap()));
    let (video, _) = world.one_running().await;
    server.crash();
    let (asked, restarted) = tokio::join!(
        world.store.video_get(video.id),
        tokio::task::spawn_blocking(move || {
            server.restart();
            server
        })
    );
    assert_eq!(asked.unwrap().unwrap().id, video.id);
    drop(restarted.unwrap());
}

#[tokio::test]
async fn who_listens_is_woken_when_jobs_become_available() {
    let server = PostgresServer::start();
    let store = open(&server.fresh()).await.unwrap();
    let mut wakes = store.wakes();
    let world = World::over(Arc::new(store));
    wakes.wait().await;
    let first = world.job(Stage::Script, &[]);
    let second = world.job(Stage::Narrate, &[first.id]);
    world.submit("v", vec![first, second]).await;
    wakes.wait().await;
    let job = world.claim(1).await.remove(0);
    world.complete(job.lease).await.unwrap();
    wakes.wait().await;
}

#[tokio::test]
async fn text_that_postgres_cant_keep_is_kept_as_well_as_it_can_be() {
    let server = PostgresServer::start();
    let world = World::over(Arc::new(open(&server.fresh()).await.unwrap()));
    let mut new = world.submission("key", vec![]);
    new.title = "a\0b".to_owned();
    new.request = serde_json::json!({ "z": 1e16, "a": "\0", "m": -0.0 });
    let kept = world
        .store
        .video_submit(world.now(), new.clone())
        .await
        .unwrap();
    assert_eq!(kept.video.title, "a\u{FFFD}b");
    assert_eq!(kept.video.request.to_string(), new.request.to_string());
}

#[tokio::test]
async fn a_database_that_isnt_there_says_where_and_no_password() {
    let options = Options::from_url("postgres://me:hunter2@%2Fnowhere/yt").unwrap();
    let refused = PostgresStore::open(options, CrashPlan::default()).await;
    let text = refused.err().unwrap().to_string();
    assert!(text.contains("postgres://me@/nowhere:5432/yt"), "{text}");
    assert!(!text.contains("hunter2"));
}
