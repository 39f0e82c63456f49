//! Artifacts are what their names say, whoever puts them and whatever happens to them.

use super::*;

fn folder() -> (tempfile::TempDir, Artifacts) {
    let root = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::open(root.path(), Options::default()).unwrap();
    (root, artifacts)
}

fn left_unfinished(root: &Path) -> usize {
    fs::read_dir(root.join(UNFINISHED)).unwrap().count()
}

#[test]
fn the_name_is_the_sha_256_and_the_bytes_come_back() {
    let (root, artifacts) = folder();
    let stored = artifacts.put_bytes(b"abc").unwrap();
    // FIPS 180-2, appendix B.1.
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        stored,
        Stored {
            id: ArtifactId(known.into()),
            bytes: 3,
            known: false
        }
    );
    assert_eq!(artifacts.read(&stored.id).unwrap().unwrap(), b"abc");
    assert_eq!(artifacts.size(&stored.id).unwrap(), Some(3));
    let again = artifacts
        .put_file(&root.path().join("ba").join(known), &Cancel::new())
        .unwrap();
    assert!(again.known);
    assert_eq!(artifacts.total().unwrap(), Total { count: 1, bytes: 3 });
    assert_eq!(left_unfinished(root.path()), 0);
}

#[test]
fn names_that_are_no_names_reach_no_file() {
    let (_root, artifacts) = folder();
    for name in [
        "",
        "../../etc/passwd",
        &"A".repeat(64),
        &"g".repeat(64),
        &"a".repeat(63),
    ] {
        let id = ArtifactId(name.to_owned());
        assert!(
            matches!(artifacts.read(&id), Err(Error::BadName(_))),
            "{name}"
        );
    }
    assert_eq!(artifacts.read(&ArtifactId("a".repeat(64))).unwrap(), None);
}

#[test]
fn a_flipped_bit_is_noticed_scrubbed_and_healed() {
    let (_root, artifacts) = folder();
    let good = artifacts.put_bytes(b"good").unwrap().id;
    let bad = artifacts.put_bytes(b"bad").unwrap().id;
    fs::write(artifacts.path(&bad).unwrap().unwrap(), b"baf").unwrap();
    assert!(matches!(artifacts.read(&bad), Err(Error::Damaged(_))));
    assert_eq!(artifacts.verify(&bad, &Cancel::new()).unwrap(), Some(false));
    artifacts.put_bytes(b"bad").unwrap();
    assert_eq!(artifacts.read(&bad).unwrap().unwrap(), b"bad");

    fs::write(artifacts.path(&bad).unwrap().unwrap(), b"baf").unwrap();
    let scrubbed = artifacts.scrub(&Cancel::new()).unwrap();
    assert_eq!(
        (scrubbed.checked, scrubbed.damaged.as_slice()),
        (2, [bad.clone()].as_slice())
    );
    assert_eq!(artifacts.read(&bad).unwrap(), None);
    assert!(artifacts.read(&good).unwrap().is_some());
}

#[test]
fn pruning_takes_the_least_recently_used_and_spares_what_is_kept() {
    let (_root, artifacts) = folder();
    let ids = [b"1", b"2", b"3", b"4"].map(|bytes| artifacts.put_bytes(bytes).unwrap().id);
    for (id, used) in ids.iter().zip([10, 20, 30, 40]) {
        let file = File::open(artifacts.place(id).unwrap()).unwrap();
        let at = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(used);
        file.set_modified(at).unwrap();
    }
    // Using the oldest makes it the youngest.
    artifacts.read(&ids[0]).unwrap();
    let keep = [ids[1].clone()].into();
    let pruned = artifacts.prune(2, &keep).unwrap();
    assert_eq!(
        pruned,
        Pruned {
            removed: 2,
            freed_bytes: 2,
            kept_bytes: 2
        }
    );
    let left: Vec<bool> = ids
        .iter()
        .map(|id| artifacts.size(id).unwrap().is_some())
        .collect();
    assert_eq!(left, [true, true, false, false]);
    assert_eq!(artifacts.prune(0, &keep).unwrap().kept_bytes, 1);
}

#[test]
fn many_writers_of_the_same_bytes_leave_one_good_file() {
    let (root, _) = folder();
    let bytes = vec![7; 3 << 20];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // Separate handles count like separate processes: their names collide at first.
            let artifacts = Artifacts::open(root.path(), Options::default()).unwrap();
            let bytes = &bytes;
            scope.spawn(move || {
                for _ in 0..4 {
                    artifacts.put_bytes(bytes).unwrap();
                    artifacts.scrub(&Cancel::new()).unwrap();
                }
            });
        }
    });
    let artifacts = Artifacts::open(root.path(), Options::default()).unwrap();
    assert_eq!(
        artifacts.total().unwrap(),
        Total {
            count: 1,
            bytes: 3 << 20
        }
    );
    assert_eq!(left_unfinished(root.path()), 0);
    assert!(artifacts.scrub(&Cancel::new()).unwrap().damaged.is_empty());
}

#[test]
fn what_a_crash_left_is_swept_and_what_is_being_written_is_not() {
    let (root, artifacts) = folder();
    fs::write(root.path().join(UNFINISHED).join("1-0"), "half").unwrap();
    let (_open, path) = artifacts.create().unwrap();
    assert_eq!(artifacts.scrub(&Cancel::new()).unwrap().swept, 1);
    assert!(path.exists());
}

#[test]
fn stopping_and_failing_leave_nothing_behind() {
    let (root, artifacts) = folder();
    let cancel = Cancel::new();
    cancel.cancel();
    let source = root.path().join("source");
    fs::write(&source, "x").unwrap();
    assert!(matches!(
        artifacts.put_file(&source, &cancel),
        Err(Error::Cancelled)
    ));
    let absent = root.path().join("absent");
    assert!(matches!(
        artifacts.put_file(&absent, &Cancel::new()),
        Err(Error::Unreadable { path, .. }) if path == absent
    ));
    assert_eq!(left_unfinished(root.path()), 0);
}

#[test]
fn a_full_disk_and_a_place_that_is_no_folder_are_told_apart() {
    let (root, _) = folder();
    let full = io::Error::from(io::ErrorKind::StorageFull);
    let told = refused(root.path(), full).to_string();
    assert!(told.starts_with("no space is left for /"), "{told}");
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    let told = Artifacts::open(&file, Options::default()).unwrap_err();
    assert!(matches!(told, Error::Unwritable { .. }), "{told}");
}
