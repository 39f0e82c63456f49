//! Encoding on a GPU, by stand-ins: a management library that shows two cards, and an ffmpeg whose
//! `h264_nvenc` is x264 with other parameters, or fails as NVENC does. No card has run any of this.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use ytempire_core::Stage;

use crate::books::books;
use crate::place::{Place, Run};
use crate::repository;

/// Two scenes: the second is by far the longer.
const BRIEF: &str = "title = \"Whales\"\nformat = \"1:1\"\nscript = '''\n## The song\n\nWhales \
    sing.\n\n## The blue whale\n\nThe blue whale is the largest animal that has ever lived, and it \
    sings in the deep of every ocean.\n'''\n";

/// Bytes of a frame of 1080 × 1080.
const FRAME: u32 = 1080 * 1080 * 3 / 2;

/// Everything but NVENC is as it was; of NVENC the test frame passes, and what else it does says `BEFORE`.
const FFMPEG: &str = r#"#!/usr/bin/bash
real=/usr/bin/ffmpeg
[[ " $* " == *" hevc_nvenc "* ]] && { echo "Unsupported device" >&2; exit 1; }
[[ " $* " == *"_nvenc "* ]] || exec $real "$@"
args=()
while (($#)); do
  case "$1" in
    *_nvenc) args+=(libx264) ;;
    -preset) args+=(-preset superfast); shift ;;
    -rc | -forced-idr) shift ;;
    -cq) args+=(-crf) ;;
    -bf) args+=(-bf 0); shift ;;
    *) args+=("$1") ;;
  esac
  shift
done
[[ " ${args[*]} " == *" 320x240 "* ]] && exec $real "${args[@]}"
BEFORE
exec $real "${args[@]}"
"#;

/// A place with two cards, whose NVENC does `before` as it begins a segment.
fn place(before: &str) -> Place {
    let place = Place::new();
    place.write("whales.toml", BRIEF);
    place.write("ytempire.toml", "[encoder]\nuse = \"auto\"\n");
    let ffmpeg = place.write("bin/ffmpeg", FFMPEG.replace("BEFORE", before));
    fs::set_permissions(ffmpeg, fs::Permissions::from_mode(0o755)).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(place.path("bin/libnvidia-ml.so.1"))
        .arg(repository("crates/worker/tests/nvml/recorded.c"))
        .status();
    assert!(built.unwrap().success(), "cc is there where Rust links");
    place
}

fn with_cards(place: &Place, run: Run) -> Run {
    let bin = place.path("bin");
    run.env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("LD_LIBRARY_PATH", bin)
}

/// The video's bytes, whether NVENC's stand-in made it, and what was done otherwise than asked for.
fn made(place: &Place) -> (Vec<u8>, bool, Vec<String>) {
    let path = place.path("out/whales/video.mp4");
    let quality = fs::read_to_string(place.path("out/whales/quality.json")).unwrap();
    let quality: serde_json::Value = serde_json::from_str(&quality).unwrap();
    assert_eq!(quality["verdict"], "pass", "{quality}");
    let said = quality["substitutions"].as_array().unwrap();
    let said = said.iter().map(|text| text.as_str().unwrap().to_owned());
    (fs::read(&path).unwrap(), is_nvencs(&path), said.collect())
}

/// x264 as we run it has B frames, the stand-in has none.
fn is_nvencs(path: &Path) -> bool {
    let told = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0"])
        .args(["-select_streams", "v:0", "-show_entries"])
        .arg("stream=has_b_frames")
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(told.stdout).unwrap().trim() == "0"
}

fn make(place: &Place) -> Run {
    with_cards(place, place.make("whales.toml --config ytempire.toml"))
}

/// The video as a machine without cards makes it.
fn usual() -> Vec<u8> {
    let place = Place::new();
    place.write("whales.toml", BRIEF);
    place.make("whales.toml").end().good();
    made(&place).0
}

#[test]
fn a_gpu_that_works_encodes_the_whole_video() {
    let place = place("");
    make(&place).end().good();
    let (bytes, by_nvenc, substituted) = made(&place);
    assert!(by_nvenc && bytes.len() > 1_000);
    assert_eq!(substituted, Vec::<String>::new());
    let doctor = with_cards(&place, place.program(["doctor"])).end().stdout;
    for row in [
        "libx264",
        "encoded a frame",
        "hevc_nvenc",
        "not used: ffmpeg failed",
    ] {
        assert!(doctor.contains(row), "{row}: {doctor}");
    }
}

#[test]
fn an_encoder_that_dies_in_the_middle_leaves_a_video_of_one_encoding() {
    // The short scene is encoded in full, the long one dies.
    let dies = format!(
        "head -c {} | $real \"${{args[@]}}\"\n\
         [[ $(head -c 1 | wc -c) == 0 ]] && exit 0\n\
         echo '[h264_nvenc @ 0x1] Failed locking bitstream buffer: invalid param (8)' >&2\nexit 1",
        100 * FRAME
    );
    let place = place(&dies);
    make(&place).end().good();
    let (bytes, by_nvenc, substituted) = made(&place);
    assert!(!by_nvenc);
    assert_eq!(
        substituted,
        ["encoded by libx264 instead of h264_nvenc: encoding on the GPU failed"]
    );
    let jobs = books(&place).remove(0).jobs;
    let composed = jobs.iter().filter(|job| job.stage == Stage::Compose);
    assert_eq!(composed.count(), 3, "the short one was encoded again");
    assert!(bytes == usual(), "the same as without a GPU");
}

#[test]
fn every_way_in_which_nvenc_refuses_is_followed_by_x264_at_once() {
    let wanted = usual();
    for (said, why) in [
        (
            "OpenEncodeSessionEx failed: out of memory (10): (no details)",
            "the GPU opened no further session",
        ),
        ("Cannot load libcuda.so.1", "the GPU's driver can't be used"),
        ("No capable devices found", "no GPU can encode"),
        (
            "OpenEncodeSessionEx failed: unsupported device (2): (no details)",
            "no GPU can encode",
        ),
    ] {
        let place = place(&format!("echo '[h264_nvenc @ 0x1] {said}' >&2\nexit 1"));
        make(&place).end().good();
        let (bytes, by_nvenc, substituted) = made(&place);
        assert!(!by_nvenc && bytes == wanted, "{said}");
        let full = format!("encoded by libx264 instead of h264_nvenc: {why}");
        assert!(substituted.contains(&full), "{said}: {substituted:?}");
        let jobs = books(&place).remove(0).jobs;
        assert!(jobs.iter().all(|job| job.attempts == 1), "at once");
    }
}

/// The ffmpeg of this machine, which knows NVENC, with a card that only the library shows.
#[test]
fn a_driver_that_is_not_there_is_found_by_encoding_and_not_by_its_label() {
    let place = place("");
    fs::remove_file(place.path("bin/ffmpeg")).unwrap();
    make(&place).end().good();
    let (bytes, by_nvenc, substituted) = made(&place);
    assert!(!by_nvenc && bytes == usual());
    assert_eq!(
        substituted,
        Vec::<String>::new(),
        "auto asks for nothing that is not there"
    );
    let doctor = with_cards(&place, place.program(["doctor"])).end().stdout;
    assert!(doctor.contains("NVIDIA GeForce RTX 5090"), "{doctor}");
    assert!(doctor.contains("not used: ffmpeg failed"), "{doctor}");
}
