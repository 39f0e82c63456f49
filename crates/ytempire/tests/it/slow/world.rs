//! Disks that are full or can't be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::TINY;
use crate::books::faults;
use crate::place::{Place, Run};

/// Runs `run` where `folder` is a disk of `size`, in a mount namespace of its own.
fn on_a_small_disk(mut run: Run, folder: &str, size: &str) -> Run {
    let mut command = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args([
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs -o size=$1 none \"$0\" && shift && exec \"$@\"",
            folder,
            size,
        ])
        .arg(run.0.get_program())
        .args(run.0.get_args())
        .envs(
            run.0
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    if let Some(folder) = run.0.get_current_dir() {
        command.current_dir(folder);
    }
    run.0 = command;
    run
}

#[test]
fn a_full_disk_is_told_and_nothing_half_done_is_left() {
    let place = Place::new();
    place.write("whale.toml", TINY);
    fs::create_dir(place.data()).unwrap();
    let list = on_a_small_disk(place.program(["list"]), "data", "3m").end();
    if !list.status.success() {
        // Containers often forbid mounting; where it must work, it must.
        assert!(
            std::env::var_os("CI").is_none(),
            "no small disk can be mounted\n{list}"
        );
        eprintln!("NOT TESTED: a full disk, because none can be mounted here\n{list}");
        return;
    }
    on_a_small_disk(place.make("whale.toml"), "data", "3m")
        .end()
        .refused(4, "YT0203", &["no space is left", "free some space"]);
    assert!(!place.path("out/whale/video.mp4").exists());
    // The disk of this run is gone with its namespace: the next one begins anew, and ends well.
    place.make("whale.toml").end().good();
    assert_eq!(faults(&place), Vec::<String>::new());
    // The output folder's disk may be full, too: the video is safe, and goes elsewhere.
    fs::create_dir(place.path("small")).unwrap();
    let out = "whale.toml --out small/out";
    on_a_small_disk(place.make(out), "small", "100k")
        .end()
        .refused(4, "YT0203", &["No space left", "small/out"]);
    place.make("whale.toml --out large").end().good();
    assert!(place.path("large/video.mp4").is_file());
    assert_eq!(faults(&place), Vec::<String>::new());
}

#[test]
fn a_data_folder_that_is_read_only() {
    let place = Place::new();
    place.write("whale.toml", TINY);
    place.run(["list"]).good();
    let mut run = place.make("whale.toml");
    for (name, mode) in [("", 0o755), ("data", 0o555), ("data/ytempire.db", 0o444)] {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    if rustix::process::getuid().is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(run.0.get_program())
            .args(run.0.get_args())
            .current_dir(place.path(""))
            .envs(
                run.0
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        run.0 = command;
    }
    run.end().refused(4, "YT0204", &["data", "--data-dir"]);
    fs::set_permissions(place.data(), fs::Permissions::from_mode(0o755)).unwrap();
}
