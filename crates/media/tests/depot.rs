//! The depot against a real server that speaks S3, and over a folder.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::Path;

use media::artifact::{self, Artifacts};
use media::depot::{Depot, Error, Options};
use testkit::S3Server;
use ytempire_core::ArtifactId;

/// A machine's own folder.
struct Machine {
    _folder: tempfile::TempDir,
    artifacts: Artifacts,
    root: std::path::PathBuf,
}

fn machine() -> Machine {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("artifacts");
    Machine {
        artifacts: Artifacts::open(&root, artifact::Options::default()).unwrap(),
        root,
        _folder: folder,
    }
}

fn at(server: &S3Server, key: &str) -> Depot {
    let options = Options {
        url: format!("s3://{}/made/here", S3Server::BUCKET),
        endpoint: Some(server.endpoint()),
        region: None,
        key: Some((S3Server::KEY_ID.to_owned(), key.into())),
    };
    // What the program does once at its start.
    drop(rustls::crypto::ring::default_provider().install_default());
    Depot::open(&options).unwrap()
}

/// Bytes that don't repeat.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let step = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(step).collect()
}

async fn travels(depot: &Depot) {
    let (here, there) = (machine(), machine());
    // The last is sent in pieces, of which the last is short.
    for length in [0, 1, 100_000, 8 << 20, (20 << 20) + 17] {
        let bytes = noise(length);
        let id = here.artifacts.put_bytes(&bytes).unwrap().id;
        assert!(
            !depot.fetch(&there.artifacts, &id).await.unwrap(),
            "{length}"
        );
        depot.bring(&here.artifacts, &id).await.unwrap();
        depot.bring(&here.artifacts, &id).await.unwrap();
        assert!(depot.fetch(&there.artifacts, &id).await.unwrap());
        assert!(
            there.artifacts.read(&id).unwrap().unwrap() == bytes,
            "{length}"
        );
        depot.forget(&id).await.unwrap();
        depot.forget(&id).await.unwrap();
        let other = machine();
        assert!(!depot.fetch(&other.artifacts, &id).await.unwrap());
    }
    let nowhere = ArtifactId("0".repeat(64));
    let missing = depot.bring(&here.artifacts, &nowhere).await;
    assert!(matches!(missing, Err(Error::Artifact(_))), "{missing:?}");
}

#[tokio::test]
async fn artifacts_travel_through_a_bucket() {
    let server = S3Server::start();
    travels(&at(&server, S3Server::KEY)).await;
}

#[tokio::test]
async fn artifacts_travel_through_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        url: folder.path().join("shared").display().to_string(),
        ..Options::default()
    };
    travels(&Depot::open(&options).unwrap()).await;
}

fn unfinished(root: &Path) -> usize {
    fs::read_dir(root.join("tmp")).unwrap().count()
}

#[tokio::test]
async fn what_was_damaged_in_the_depot_is_not_let_in() {
    let server = S3Server::start();
    let depot = at(&server, S3Server::KEY);
    let (here, there) = (machine(), machine());
    let id = here.artifacts.put_bytes(b"whole").unwrap().id;
    depot.bring(&here.artifacts, &id).await.unwrap();
    let object = server.file(&format!("made/here/{}/{}", &id.0[..2], id.0));
    fs::write(&object, b"whale").unwrap();
    let fetched = depot.fetch(&there.artifacts, &id).await;
    assert!(
        matches!(&fetched, Err(Error::Artifact(artifact::Error::Damaged(bad))) if *bad == id),
        "{fetched:?}"
    );
    assert_eq!(there.artifacts.size(&id).unwrap(), None);
    assert_eq!(unfinished(&there.root), 0);
    // One that was cut off is brought again.
    fs::write(&object, b"who").unwrap();
    depot.bring(&here.artifacts, &id).await.unwrap();
    assert!(depot.fetch(&there.artifacts, &id).await.unwrap());
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_place_are_told_without_the_key() {
    let server = S3Server::start();
    let depot = at(&server, "not-the-key");
    let here = machine();
    let id = here.artifacts.put_bytes(b"x").unwrap().id;
    let Err(e @ Error::Refused { .. }) = depot.bring(&here.artifacts, &id).await else {
        panic!("it was let in");
    };
    assert!(e.to_string().contains("s3://videos/made/here"), "{e}");
    assert!(!format!("{e:?} {depot:?}").contains("not-the-key"));
    for url in ["s3://", "s3:///prefix"] {
        let options = Options {
            url: url.to_owned(),
            ..Options::default()
        };
        assert!(
            matches!(Depot::open(&options), Err(Error::Place(_))),
            "{url}"
        );
    }
}
