//! What the store and the ledger say afterwards, read without the program.

use std::fs;
use std::path::Path;

use ledger::{Receipt, Transfer, TransferState};
use store::{Store, VideoRow};
use store_sqlite::SqliteStore;
use ytempire_core::{CrashPlan, Event, EventKind, JobState};

use crate::place::Place;

/// A video and all that was written about it.
pub(crate) struct Books {
    pub(crate) video: VideoRow,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) events: Vec<Event>,
    pub(crate) jobs: Vec<store::JobRow>,
}

/// The books of every video in the place's store, newest first.
pub(crate) fn books(place: &Place) -> Vec<Books> {
    let path = place.data().join("ytempire.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&path, CrashPlan::default()).unwrap();
        let mut all = Vec::new();
        for video in store
            .video_list(store::VideoFilter::newest(1000))
            .await
            .unwrap()
        {
            all.push(Books {
                transfers: store.transfer_list(video.id).await.unwrap(),
                events: store.event_list(video.id, 0, 100_000).await.unwrap(),
                jobs: store.job_list(video.id).await.unwrap(),
                video,
            });
        }
        all
    })
}

/// The nodes that are still registered.
fn nodes(place: &Place) -> Vec<store::NodeStatus> {
    let path = place.data().join("ytempire.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&path, CrashPlan::default()).unwrap();
        store.node_list().await.unwrap()
    })
}

/// The receipt that lies in `folder`.
pub(crate) fn receipt(folder: &Path) -> Receipt {
    serde_json::from_slice(&fs::read(folder.join("receipt.json")).unwrap()).unwrap()
}

/// What is wrong with the books of a video that has ended, and with the folders of its store.
pub(crate) fn faults(place: &Place) -> Vec<String> {
    let mut faults = Vec::new();
    for Books {
        video,
        transfers,
        events,
        jobs,
    } in books(place)
    {
        let id = video.id;
        let ends = [
            EventKind::VideoReady,
            EventKind::VideoFailed,
            EventKind::VideoCancelled,
        ];
        let ended = events.iter().filter(|e| ends.contains(&e.kind)).count();
        if !video.state.is_final() || ended != 1 {
            faults.push(format!(
                "video {id} is {:?} and ended {ended} times",
                video.state
            ));
        }
        let receipt = Receipt::of(id, &video.title, video.budget, &transfers);
        if !receipt.adds_up() || receipt.total > receipt.budget {
            faults.push(format!("the receipt of {id} doesn't add up"));
        }
        for t in transfers {
            let open = matches!(t.state, TransferState::Pending | TransferState::Sent);
            let over = t.posted > t.held;
            let dated = t.settled_at.is_some() || t.state.is_open();
            if open || over || !dated {
                faults.push(format!("transfer badly ended: {t:?}"));
            }
        }
        let over = [
            JobState::Completed,
            JobState::Discarded,
            JobState::Cancelled,
        ];
        for job in jobs.iter().filter(|job| !over.contains(&job.state)) {
            faults.push(format!("a {} job is left {:?}", job.stage, job.state));
        }
    }
    for node in nodes(place) {
        faults.push(format!("the node {} stays registered", node.name));
    }
    for folder in ["scratch", "nodes"] {
        let left = fs::read_dir(place.data().join(folder)).map_or(0, Iterator::count);
        if left > 0 {
            faults.push(format!("{left} files are left in {folder}"));
        }
    }
    faults
}
