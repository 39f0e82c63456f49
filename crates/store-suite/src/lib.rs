//! The cases that every store must pass, one module per verb group.
//!
//! `exercise(make)` runs them all; `make` gives a fresh, empty store each time. Cases assert
//! what callers rely on, never how a store does it.

#![expect(clippy::unwrap_used, reason = "cases are test code")]

mod access;
mod bill;
mod budget;
mod cache;
mod channel;
mod exchange;
mod job;
mod keep;
mod limits;
mod line;
mod money;
mod price;
mod race;
mod reconcile;
mod schedule;
mod simulation;
mod video;
mod view;
mod world;

use std::future::Future;
use std::sync::Arc;

use store::Store;

pub use race::race;
pub use world::World;

/// Runs every case on stores of `make`'s, one after another, and names the one that fails.
#[expect(clippy::too_many_lines, reason = "the list of all cases")]
pub async fn exercise<F, Fut>(make: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Store>>,
{
    macro_rules! run {
        ($($module:ident :: $case:ident),* $(,)?) => {
            $(
                println!("case {}", stringify!($module::$case));
                $module::$case(World::over(make().await)).await;
            )*
        };
    }
    run!(
        video::same_key_same_video,
        video::a_plan_is_told_once,
        video::a_video_passes_through_its_states_once,
        video::cancel_ends_what_has_not_begun,
        video::videos_are_found_and_listed,
        job::jobs_wait_for_those_before_them,
        job::two_last_jobs_release_the_one_that_waits_for_both,
        job::urgent_jobs_come_first_and_only_of_the_asked_stages,
        job::eight_claimers_never_share_a_job,
        job::a_late_worker_cant_write,
        job::heartbeats_keep_a_lease_and_tell_of_lost_ones,
        job::an_expired_lease_is_rescued_and_the_fifth_death_discards,
        job::a_dead_nodes_jobs_are_rescued_at_once,
        job::a_released_attempt_doesnt_count,
        job::a_retry_waits_for_its_time,
        job::a_snoozed_job_waits_for_its_time_and_counts_no_attempt,
        job::a_discarded_job_fails_its_video,
        job::completed_jobs_may_add_jobs,
        job::nothing_is_tried_again_after_a_videos_end,
        job::every_attempt_is_kept_with_its_error,
        exchange::a_batch_ends_one_video_and_begins_another,
        exchange::a_lost_lease_in_a_batch_fails_alone,
        exchange::a_batch_is_as_its_ends_one_after_the_other,
        exchange::what_ends_together_releases_what_waits_for_it,
        exchange::a_paused_line_takes_ends_and_gives_nothing,
        exchange::a_batch_settles_the_money_of_each,
        exchange::a_claim_takes_what_fits_in_order,
        exchange::what_never_fits_hides_nothing_behind_it,
        money::a_hold_that_doesnt_fit_writes_nothing,
        money::holds_are_all_or_none_and_asked_twice_reserve_once,
        money::racing_holds_never_pass_the_cap,
        money::what_was_only_reserved_comes_back_what_was_sent_stays,
        money::posting_settles_once_and_an_overrun_stops_the_video,
        money::thresholds_are_announced_once,
        money::a_reservation_covers_one_attempt_of_one_job,
        bill::no_bill_of_racing_calls_passes_a_day_or_is_unknown_to_the_books,
        budget::budgets_are_set_listed_and_removed,
        budget::what_is_paid_is_counted_by_day_and_nothing_else_is,
        budget::a_full_day_refuses_names_its_holders_and_writes_nothing,
        budget::days_begin_where_their_owner_is,
        budget::what_was_reserved_yesterday_is_settled_into_yesterday,
        budget::a_lower_budget_refuses_more_and_a_higher_one_wakes_who_waits,
        budget::racing_holds_never_pass_a_day,
        budget::thresholds_of_days_are_announced_once,
        budget::thresholds_of_videos_are_as_they_are_set,
        budget::a_backend_that_is_off_gets_nothing,
        price::prices_are_kept_by_day_and_never_written_anew,
        price::a_charge_is_found_by_its_id,
        reconcile::a_bill_settles_what_was_unknown_where_it_was_counted,
        reconcile::a_bill_above_its_reservation_is_an_overrun_also_later,
        reconcile::differences_are_posted_as_adjustments_once,
        reconcile::paid_transfers_are_listed_by_provider_and_time,
        cache::what_money_bought_is_kept_with_the_posting,
        cache::pruning_forgets_the_oldest_and_spares_unfinished_videos,
        cache::work_done_again_replaces_what_was_lost,
        cache::nodes_join_and_leave,
        line::a_paused_line_gives_out_nothing_and_goes_on_as_before,
        line::a_halted_line_grants_nothing_and_lets_nothing_leave,
        line::the_higher_priority_goes_first_and_then_who_came_first,
        line::many_videos_of_one_account_dont_starve_another,
        line::jobs_that_follow_keep_their_videos_turn,
        line::a_full_line_refuses_and_forgets_nothing,
        line::a_cancelled_videos_running_jobs_are_told,
        line::the_load_counts_what_has_not_ended,
        line::nodes_say_that_they_live_and_are_told_to_leave,
        line::a_silent_node_is_forgotten_once_it_holds_nothing,
        line::a_stores_clock_goes_forward,
        line::an_impossible_priority_is_refused,
        view::a_view_shows_what_is_open_and_what_it_waits_for,
        view::a_view_shows_when_a_job_is_tried_again,
        view::a_view_shows_machines_and_how_promises_were_kept,
        view::chosen_jobs_are_claimed_and_no_others,
        view::what_was_learned_replaces_what_was_kept,
        view::a_need_that_was_learned_never_shrinks,
        line::videos_that_were_begun_lately_are_counted,
        limits::no_more_of_an_account_runs_than_may,
        limits::no_more_of_a_stage_runs_than_may_and_others_pass,
        limits::claimers_that_race_keep_a_limit,
        limits::no_more_of_a_channel_runs_than_may,
        channel::accounts_have_names_and_zones,
        channel::a_name_is_taken_until_its_channel_is_removed,
        channel::videos_are_made_for_channels_that_are_there,
        keep::a_video_that_has_ended_is_deleted_and_its_money_stays_in_the_books,
        keep::what_has_not_ended_or_still_runs_is_not_deleted,
        keep::what_is_cached_outlives_its_video,
        keep::what_is_old_expires_in_small_batches,
        access::keys_are_found_by_their_hash_and_end_when_they_shall,
        access::a_secret_stays_what_it_became_first,
        access::a_request_is_one_persons_and_answered_alike_for_a_day,
        access::of_many_who_begin_a_request_one_does,
        access::events_are_followed_without_gaps_and_by_account,
        access::whoever_follows_misses_nothing_while_many_write,
        schedule::a_later_start_is_waited_for_and_a_due_time_is_kept,
        schedule::a_tick_is_started_once_however_many_ask,
        schedule::a_step_is_taken_as_a_whole_or_not_at_all,
        schedule::schedules_are_paused_resumed_and_removed,
    );
}

/// Plays a random history of 120 acts for each seed, on stores of `make`'s.
#[expect(clippy::print_stdout, reason = "a failing history is told by its seed")]
pub async fn simulate<F, Fut>(make: F, seeds: impl IntoIterator<Item = u64>)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Store>>,
{
    for seed in seeds {
        println!("seed {seed}");
        simulation::play(World::over(make().await), seed, 120).await;
    }
}
