//! `GET /metrics`: Prometheus, classic text.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use store::{LineLoad, LineMode};

use crate::caller::{Caller, Operate};
use crate::error::{ApiError, Problem};
use crate::parts::Api;

/// Show figures
///
/// In Prometheus' text format. `docs/guide/api.md` says what each one is.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "metrics",
    security(("key" = ["operate"])),
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain"),
              (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn handler(
    _: Caller<Operate>,
    State(api): State<Api>,
) -> Result<Response, ApiError> {
    metrics(&api).await
}

pub(crate) async fn metrics(api: &Api) -> Result<Response, ApiError> {
    let load = api.store().line_load().await?;
    let line = api.store().line_get().await?;
    let nodes = api.store().node_list().await?;
    let kept = api.store().kept_totals().await?;
    let signal = api.parts.signal.health();
    let mut page = Page::default();
    of_line(&mut page, &load, line.mode, kept.videos);
    page.one(
        "ytempire_nodes",
        "gauge",
        "Nodes that work.",
        nodes.len() as u64,
    );
    let slots = nodes.iter().map(|node| u64::from(node.machine.slots)).sum();
    page.one(
        "ytempire_slots",
        "gauge",
        "Jobs that all nodes may run at once.",
        slots,
    );
    page.family(
        "ytempire_http_responses_total",
        "counter",
        "Answers of this server, by the first digit of their status.",
    );
    for (class, count) in (1..).zip(api.traffic.answers()) {
        let class = format!("{class}xx");
        page.labelled("ytempire_http_responses_total", ("class", &class), count);
    }
    page.one(
        "ytempire_streams",
        "gauge",
        "Event streams that are open on this server.",
        api.traffic.streams(),
    );
    page.one(
        "ytempire_signal_lost_total",
        "counter",
        "Times that the Redis server was given up for a while.",
        signal.lost,
    );
    page.one(
        "ytempire_signal_alone_total",
        "counter",
        "Answers given alone because the Redis server was away.",
        signal.alone,
    );
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((kind, page.0).into_response())
}

/// Videos, jobs, and what nodes obey.
fn of_line(page: &mut Page, load: &LineLoad, mode: LineMode, ended: u64) {
    page.family(
        "ytempire_videos",
        "gauge",
        "Videos by state; ended ones as long as they are kept.",
    );
    for (state, count) in [
        ("queued", load.videos_queued),
        ("running", load.videos_running),
        ("ended", ended),
    ] {
        page.labelled("ytempire_videos", ("state", state), count);
    }
    page.family(
        "ytempire_jobs",
        "gauge",
        "Jobs that have not ended, by state.",
    );
    for (state, count) in [
        ("waiting", load.jobs_waiting),
        ("scheduled", load.jobs_scheduled),
        ("available", load.jobs_available),
        ("running", load.jobs_running),
    ] {
        page.labelled("ytempire_jobs", ("state", state), count);
    }
    page.family(
        "ytempire_line_mode",
        "gauge",
        "1 for the mode that all nodes obey.",
    );
    for name in ["running", "paused", "halted"] {
        page.labelled(
            "ytempire_line_mode",
            ("mode", name),
            u64::from(mode.as_str() == name),
        );
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn labelled(&mut self, name: &str, (label, value): (&str, &str), count: u64) {
        let _infallible = writeln!(self.0, "{name}{{{label}=\"{value}\"}} {count}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, count: u64) {
        self.family(name, kind, help);
        let _infallible = writeln!(self.0, "{name} {count}");
    }
}
