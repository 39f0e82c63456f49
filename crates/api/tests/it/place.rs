//! A server over a store, with a stand-in for the line, and ways to ask it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api::{Options, Ordered, Orders, Parts, Refused, Retry, Wish};
use async_trait::async_trait;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use signal::LocalSignal;
use store::{
    Access, ArtifactRow, ClaimRequest, JobOutcome, LeasedJob, NewJob, Promise, Settlement, Store,
    Submission, VideoRow,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use ytempire_core::{
    AccountId, ArtifactId, Clock, IdSource, JobId, KeyId, ManualClock, MicroUsd, NodeId, Stage,
    Timestamp, VideoId,
};

/// What is in the only file of every video.
pub(crate) const FILE: &[u8] = b"0123456789abcdef";

/// A brief that is accepted.
pub(crate) fn brief(title: &str) -> Value {
    let script = format!("## {title}\n\nWhales sing in the deep.\n");
    json!({ "brief": { "title": title, "script": script } })
}

pub(crate) struct Place {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<IdSource>,
    /// Opens everything of the account `local`.
    pub(crate) key: String,
    /// How often something was ordered.
    pub(crate) orders: Arc<AtomicU32>,
    client: Client,
    url: String,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    folder: Arc<tempfile::TempDir>,
    asks: AtomicU32,
}

/// Stands in for the worker: a video of one job, and one file.
struct Line {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    ids: Arc<IdSource>,
    orders: Arc<AtomicU32>,
    file: PathBuf,
}

impl Line {
    async fn accept(&self, account: AccountId, key: String, title: String) -> Ordered {
        self.orders.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let job = NewJob {
            id: JobId::fresh(&self.ids, now),
            stage: Stage::Script,
            args: json!(null),
            rank: 0,
            after: vec![],
            needs: store::Needs::default(),
        };
        let new = Submission {
            video: VideoId::fresh(&self.ids, now),
            account,
            channel: None,
            key,
            title,
            request: json!({}),
            plan: None,
            budget: MicroUsd(2_000_000),
            envelopes: BTreeMap::from([(Stage::Script, MicroUsd(2_000_000))]),
            priority: store::PRIORITY,
            waiting_max: None,
            due_at: None,
            start_at: None,
            words: 10,
            jobs: vec![job],
        };
        let submitted = self.store.video_submit(now, new).await.unwrap();
        Ordered {
            video: submitted.video,
            fresh: submitted.fresh,
            worst_case: MicroUsd(1_500_000),
            promise: None,
            notices: vec!["a word was left out".to_owned()],
        }
    }
}

#[async_trait]
impl Orders for Line {
    async fn submit(&self, account: AccountId, wish: Wish) -> Result<Ordered, Refused> {
        let title = wish.settings.title.unwrap_or_default();
        Ok(self.accept(account, format!("make:{title}"), title).await)
    }

    async fn retry(&self, video: &VideoRow, retry: Retry) -> Result<Ordered, Refused> {
        let key = format!("{}#{}", video.key, retry.token);
        Ok(self.accept(video.account, key, video.title.clone()).await)
    }

    async fn foresee(&self, _: VideoId) -> store::Result<Option<Promise>> {
        Ok(None)
    }

    async fn files(&self, _: VideoId) -> store::Result<BTreeMap<String, ArtifactRow>> {
        let row = ArtifactRow {
            id: ArtifactId("ab".repeat(32)),
            bytes: FILE.len() as u64,
        };
        Ok(BTreeMap::from([("video.mp4".to_owned(), row)]))
    }

    async fn path(&self, _: &ArtifactId) -> Option<PathBuf> {
        Some(self.file.clone())
    }
}

impl Place {
    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        providers::install_tls();
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(
            1_767_225_600_000_000,
        )));
        let ids = Arc::new(IdSource::seeded([5; 32]));
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("video.mp4"), FILE).unwrap();
        Self::beside(store, clock, ids, folder).await
    }

    async fn beside(
        store: Arc<dyn Store>,
        clock: Arc<ManualClock>,
        ids: Arc<IdSource>,
        folder: Arc<tempfile::TempDir>,
    ) -> Self {
        let orders = Arc::new(AtomicU32::new(0));
        let line = Line {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            orders: Arc::clone(&orders),
            file: folder.path().join("video.mp4"),
        };
        let salt = AtomicU32::new(1);
        let parts = Parts {
            store: Arc::clone(&store),
            signal: Arc::new(LocalSignal::default()),
            orders: Arc::new(line),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::clone(&ids),
            chance: Arc::new(move |bytes: &mut [u8]| {
                let salt = salt.fetch_add(1, Ordering::Relaxed).to_le_bytes();
                bytes
                    .iter_mut()
                    .zip(salt.iter().cycle())
                    .for_each(|(to, from)| *to = *from);
            }),
            options: Options::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let leave = stop.clone();
        let serving = tokio::spawn(api::serve(listener, parts, async move {
            leave.cancelled().await;
        }));
        let mut place = Self {
            store,
            clock,
            ids,
            key: String::new(),
            orders,
            client: Client::builder().no_proxy().build().unwrap(),
            url,
            stop,
            serving,
            folder,
            asks: AtomicU32::new(0),
        };
        place.key = place.key_of(AccountId::LOCAL, &Access::ALL).await;
        place
    }

    /// Another server over the same store.
    pub(crate) async fn another(&self) -> Self {
        Self::beside(
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            Arc::clone(&self.ids),
            Arc::clone(&self.folder),
        )
        .await
    }

    /// Has the server leave, and waits until it has.
    pub(crate) async fn leave(self) {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
    }

    /// Tells the server to leave.
    pub(crate) fn tell_to_leave(&self) {
        self.stop.cancel();
    }

    /// A fresh key.
    pub(crate) async fn key_of(&self, account: AccountId, scopes: &[Access]) -> String {
        let now = self.clock.now();
        let id = KeyId::fresh(&self.ids, now);
        let scopes: BTreeSet<Access> = scopes.iter().copied().collect();
        let chance = |bytes: &mut [u8]| {
            bytes
                .iter_mut()
                .zip(id.0.as_bytes().iter().cycle())
                .for_each(|(to, from)| *to = *from);
        };
        let (row, secret) = api::fresh_key(id, account, ("test", scopes), (now, None), chance);
        self.store.key_put(row).await.unwrap();
        secret.reveal().to_owned()
    }

    /// Another account with a key that opens everything of it.
    pub(crate) async fn stranger(&self) -> String {
        let account = AccountId::fresh(&self.ids, self.clock.now());
        self.store.account_put(account, "other").await.unwrap();
        self.key_of(account, &Access::ALL).await
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        // Asks are spread over time, as far as rates are concerned.
        if self.asks.fetch_add(1, Ordering::Relaxed) % 50 == 49 {
            self.clock.advance(Duration::from_secs(1));
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request with the key of the account `local`.
    pub(crate) fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        good(self.ask("GET", path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        good(self.ask("POST", path).json(body).send().await.unwrap()).await
    }

    /// Orders a video and gives its id.
    pub(crate) async fn order(&self, title: &str) -> String {
        // Ids sort by birth, to the millisecond.
        self.clock.advance(Duration::from_millis(1));
        let accepted = self.post("/v1/videos", &brief(title)).await;
        accepted["id"].as_str().unwrap().to_owned()
    }

    /// Takes the next job.
    pub(crate) async fn claim(&self) -> LeasedJob {
        let now = self.clock.now();
        let request = ClaimRequest {
            node: NodeId::fresh(&self.ids, now),
            video: None,
            stages: Stage::ALL.to_vec(),
            max: 1,
            room: store::Room::default(),
            limits: store::Limits::default(),
            only: None,
            lease_until: now.after(Duration::from_mins(1)),
        };
        self.store.job_claim(now, request).await.unwrap().remove(0)
    }

    /// Has the next job succeed: its video is ready.
    pub(crate) async fn finish_one(&self) {
        let settlement = Settlement {
            lease: self.claim().await.lease,
            outcome: JobOutcome::Completed {
                output: json!({}),
                follow: vec![],
                cached: vec![],
                title: None,
            },
            postings: vec![],
            events: vec![],
        };
        self.store
            .job_settle(self.clock.now(), settlement)
            .await
            .unwrap();
    }
}

/// The body of an answer that is good.
pub(crate) async fn good(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The problem of a refusal.
pub(crate) async fn refused(response: Response, status: u16, code: &str) -> Value {
    let (found, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    assert_eq!(
        headers["content-type"], "application/problem+json",
        "{text}"
    );
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("urn:ytempire:error:{code}"));
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    problem
}
