//! What nodes and submissions promise, with a real store and no programs.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use media::artifact::{Artifacts, Options};
use media::tools::Tools;
use serde_json::json;
use store::{ClaimRequest, JobOutcome, LeasedJob, NewJob, Settlement};
use store_sqlite::SqliteStore;
use studio::script::{Scene, Script, Visual};
use worker::{Backends, Music, Narrator, Node, Parts, Plan, Prepared, Progress, Request, Source};
use ytempire_core::brief::{Captions, Format, Tier};
use ytempire_core::{
    ArtifactId, CrashPlan, IdSource, JobId, ManualClock, MicroUsd, NodeId, Stage, Timestamp,
    VideoState,
};

fn parts(folder: &Path, seed: u8) -> Parts {
    let store = SqliteStore::open(&folder.join("s.db"), CrashPlan::default()).unwrap();
    let artifacts = Artifacts::open(&folder.join("artifacts"), Options::default()).unwrap();
    Parts {
        store: Arc::new(store),
        signal: Arc::new(signal::LocalSignal::default()),
        artifacts: Arc::new(artifacts),
        tools: Arc::new(Tools::find(&std::ffi::OsString::new())),
        clock: Arc::new(ManualClock::at(Timestamp::from_micros(
            1_800_000_000_000_000,
        ))),
        ids: Arc::new(IdSource::seeded([seed; 32])),
        prices: Arc::default(),
        unknown_max: Arc::default(),
        backends: Arc::new(Backends::default()),
        progress: Progress::default(),
        folder: folder.to_owned(),
        waiting_max: None,
        limits: store::Limits::default(),
        retention: Arc::default(),
        slots: 2,
        patience: std::time::Duration::ZERO,
        depot: None,
        encoders: Arc::default(),
        memory: Arc::default(),
        crash: CrashPlan::default(),
    }
}

fn prepared() -> Prepared {
    let scene = Scene {
        heading: "H".to_owned(),
        narration: "Words.".to_owned(),
        visual: Visual::Heading { text: None },
        picture_hint: None,
    };
    let script = Script {
        title: "T".to_owned(),
        description: String::new(),
        tags: vec![],
        scenes: vec![scene],
    };
    let budget = MicroUsd(3_000_000);
    Prepared {
        choices: None,
        request: Request {
            renderer: 1,
            source: Source::Script(script),
            description: None,
            tags: vec![],
            format: Format::Landscape,
            tier: Tier::Simple,
            budget,
            narrator: Narrator::Local { voice: None },
            listener: None,
            pictures: None,
            language: "en".to_owned(),
            theme: "midnight".to_owned(),
            assets: vec![],
            music: Music::None,
            captions: Captions::Burned,
            channel: None,
            takes: vec![],
        },
        plan: Plan {
            envelopes: BTreeMap::new(),
            total: MicroUsd::ZERO,
            budget,
        },
        key: "make:test".to_owned(),
        notices: vec![],
    }
}

async fn claim(parts: &Parts) -> LeasedJob {
    let now = parts.now();
    let request = ClaimRequest {
        node: NodeId::fresh(&parts.ids, now),
        video: None,
        stages: Stage::ALL.to_vec(),
        max: 1,
        room: store::Room::default(),
        limits: store::Limits::default(),
        only: None,
        lease_until: now.after(std::time::Duration::from_secs(9)),
    };
    parts.store.job_claim(now, request).await.unwrap().remove(0)
}

async fn complete(parts: &Parts, output: serde_json::Value, follow: Vec<NewJob>) {
    let settlement = Settlement {
        lease: claim(parts).await.lease,
        outcome: JobOutcome::Completed {
            output,
            follow,
            cached: vec![],
            title: None,
        },
        postings: vec![],
        events: vec![],
    };
    parts
        .store
        .job_settle(parts.now(), settlement)
        .await
        .unwrap();
}

/// Ends a submitted video as validation does, with `file` as all there is of it.
async fn make_ready(parts: &Parts, file: &ArtifactId, bytes: u64) {
    let validate = NewJob {
        id: JobId::fresh(&parts.ids, parts.now()),
        stage: Stage::Validate,
        args: json!({}),
        rank: 0,
        after: vec![],
        needs: store::Needs::default(),
    };
    complete(parts, json!({}), vec![validate]).await;
    let package = json!({ "files": { "video.mp4": { "id": file, "bytes": bytes } } });
    complete(parts, package, vec![]).await;
}

#[tokio::test]
async fn a_finished_video_is_made_again_once_its_files_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let parts = parts(folder.path(), 1);
    let first = worker::submit(&parts, &prepared(), worker::Terms::default())
        .await
        .unwrap();
    let file = parts.artifacts.put_bytes(b"video").unwrap();
    make_ready(&parts, &file.id, file.bytes).await;

    let same = worker::submit(&parts, &prepared(), worker::Terms::default())
        .await
        .unwrap();
    assert_eq!((same.fresh, same.video.id), (false, first.video.id));
    assert_eq!(same.video.state, VideoState::Ready);

    parts.artifacts.remove(&file.id).unwrap();
    let again = worker::submit(&parts, &prepared(), worker::Terms::default())
        .await
        .unwrap();
    assert!(
        again.fresh,
        "an order whose result is gone would fail for ever"
    );
}

#[tokio::test]
async fn what_a_dead_node_left_is_cleared_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let dead = Node::join(parts(folder.path(), 1), "dead").await.unwrap();
    let id = parts(folder.path(), 2).store.node_list().await.unwrap()[0].id;
    let scratch = folder.path().join("scratch").join(id.to_string());
    std::fs::create_dir_all(scratch.join("job-1")).unwrap();
    std::fs::write(scratch.join("job-1/segment.mp4"), b"half").unwrap();

    let living = Node::join(parts(folder.path(), 3), "a").await.unwrap();
    assert!(scratch.exists(), "a node that lives keeps its files");
    // The system drops a dead process's lock; nothing else of it is tidied.
    drop(dead);
    let next = parts(folder.path(), 4);
    let node = Node::join(next.clone(), "b").await.unwrap();
    assert!(!scratch.exists());
    let rows = next.store.node_list().await.unwrap();
    assert!(rows.iter().all(|row| row.id != id));
    living.leave().await.unwrap();
    node.leave().await.unwrap();
    assert!(next.store.node_list().await.unwrap().is_empty());
}
