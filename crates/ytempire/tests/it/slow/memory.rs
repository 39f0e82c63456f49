//! What becomes of a job that the kernel takes its memory from, by an ffmpeg that is killed as the kernel
//! kills.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::TINY;
use crate::books::books;
use crate::place::Place;

/// Encodes nothing that is drawn.
const FFMPEG: &str = "#!/usr/bin/bash
[[ \" $* \" == *\" -f rawvideo \"*pipe:0* ]] && kill -9 $$
exec /usr/bin/ffmpeg \"$@\"
";

#[test]
fn a_job_that_runs_out_of_memory_is_tried_once_more_and_its_need_is_kept() {
    let place = Place::new();
    place.write("whale.toml", TINY);
    let ffmpeg = place.write("bin/ffmpeg", FFMPEG);
    fs::set_permissions(ffmpeg, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let ended = place.make("whale.toml").env("PATH", path).end();
    ended.refused(4, "YT0222", &["ffmpeg ran out of memory"]);
    let jobs = books(&place).remove(0).jobs;
    let composed = jobs.iter().find(|job| job.error.is_some()).unwrap();
    assert_eq!((composed.stage.as_str(), composed.attempts), ("compose", 2));
    // Somebody has added memory.
    place.make("whale.toml").end().good();
}
