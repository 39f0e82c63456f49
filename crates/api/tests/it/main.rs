//! The API as programs use it: real HTTP to a real server, over both databases.

#![expect(clippy::unwrap_used, reason = "what can't be set up fails the test")]

mod access;
mod document;
mod events;
mod files;
mod idempotency;
mod keys;
mod line;
mod place;
mod videos;

use std::sync::Arc;

use store::Store;
use store_postgres::{Options, PostgresStore};
use store_sqlite::SqliteStore;
use testkit::PostgresServer;
use ytempire_core::CrashPlan;

use crate::place::Place;

/// Runs every case, each with a server of its own over a fresh store of `make`'s.
async fn exercise<Fut: Future<Output = Arc<dyn Store>>>(make: impl Fn() -> Fut) {
    macro_rules! run {
        ($($module:ident :: $case:ident),* $(,)?) => {
            $(
                println!("case {}", stringify!($module::$case));
                let place = Place::over(make().await).await;
                $module::$case(&place).await;
                place.leave().await;
            )*
        };
    }
    run!(
        access::nothing_opens_without_the_right_key,
        access::an_account_sees_only_its_own,
        access::a_key_may_ask_so_often_and_no_more,
        access::what_is_wrong_is_a_problem_with_a_code,
        videos::a_video_is_ordered_shown_listed_and_cancelled,
        videos::pages_follow_each_other_without_gaps,
        videos::an_ended_video_is_retried_and_deleted,
        videos::an_order_that_names_files_is_refused,
        idempotency::of_two_hundred_at_once_one_has_an_effect,
        idempotency::a_repetition_is_answered_alike_by_another_server,
        idempotency::the_same_name_for_something_else_is_refused,
        idempotency::a_secret_is_not_kept_with_its_answer,
        keys::a_key_is_made_used_rotated_and_revoked,
        keys::a_key_ends_when_it_shall,
        events::a_stream_tells_what_happens,
        events::whoever_comes_again_misses_nothing_and_hears_nothing_twice,
        events::many_streams_hear_the_same,
        events::a_stream_ends_when_the_server_leaves,
        files::a_file_is_fetched_whole_in_parts_and_not_at_all,
        files::a_link_opens_one_file_until_it_ends,
        line::the_line_is_paused_halted_and_resumed,
        line::figures_and_health_are_told,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    exercise(|| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.path().join(format!("{n}.db"));
        let store = SqliteStore::open(&path, CrashPlan::default()).unwrap();
        std::future::ready(Arc::new(store) as Arc<dyn Store>)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql() {
    let server = PostgresServer::start();
    exercise(async || {
        let options = Options::from_url(&server.fresh()).unwrap();
        let store = PostgresStore::open(options, CrashPlan::default()).await;
        Arc::new(store.unwrap()) as Arc<dyn Store>
    })
    .await;
}
