//! Pictures, clips and music that are damaged, disguised or out of reach.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{brief, still_works};
use crate::place::Place;

/// Makes a media file with ffmpeg.
pub(crate) fn ffmpeg(arguments: &str, file: &Path) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A place with a brief that uses the folder `pictures`; it never gets beyond planning.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("pictures")).unwrap();
    let text = format!(
        "assets = \"pictures\"\nbudget = \"0.0001\"\n{}",
        brief("A whale sings.")
    );
    place.write("brief.toml", text);
    place
}

#[test]
fn damaged_and_disguised_pictures_and_clips() {
    let place = place();
    let secret = place.write("secret.txt", "the secret");
    let secret = secret.display();
    let hls = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n");
    let concat = format!("ffconcat version 1.0\nfile '{secret}'\n");
    let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"{secret}\"/></svg>");
    for (name, bytes) in [
        ("empty.png", vec![]),
        ("words.jpg", b"no picture at all".to_vec()),
        ("list.mp4", hls.into_bytes()),
        ("list.mov", concat.into_bytes()),
        ("drawing.png", svg.into_bytes()),
        (
            "program.webm",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
        ),
        (" a 'b'\n.jpg", b"words".to_vec()),
    ] {
        let path = place.write(format!("pictures/{name}"), bytes);
        let ended = place.run(["make", "brief.toml"]);
        let shown = name.replace('\n', "\\n");
        let refusal = ended.refusal(2, "YT0011", &[&shown, "remove"]);
        assert_eq!(refusal, Ok(()), "{name}\n{ended}");
        assert!(!ended.stderr.contains("the secret"), "{name}\n{ended}");
        fs::remove_file(path).unwrap();
    }
    still_works(&place);
}

#[test]
fn good_ones_and_what_lies_about_beside_them() {
    let place = place();
    let pictures = place.path("pictures");
    ffmpeg(
        "-f lavfi -i testsrc=size=320x240:rate=5:duration=1",
        &pictures.join("moving.gif"),
    );
    ffmpeg(
        "-f lavfi -i testsrc=size=320x240 -frames:v 1",
        &pictures.join("a whale.png"),
    );
    ffmpeg(
        "-f lavfi -i testsrc=size=320x240 -frames:v 1 -f mjpeg",
        &pictures.join("mislabelled.png"),
    );
    place.write("pictures/notes.txt", "buy milk");
    place.write("pictures/.DS_Store", "\0\0\0\x01Bud1");
    fs::create_dir(pictures.join("folder.jpg")).unwrap();
    place
        .run(["make", "brief.toml"])
        .refused(3, "YT0101", &["$0.0001"]);
    still_works(&place);
}

#[test]
fn a_pipe_in_the_folder_is_not_waited_for() {
    let place = place();
    let made = Command::new("mkfifo")
        .arg(place.path("pictures/whale.jpg"))
        .status()
        .unwrap();
    assert!(made.success());
    place
        .run(["make", "brief.toml"])
        .refused(2, "YT0011", &["whale.jpg"]);
    fs::remove_file(place.path("pictures/whale.jpg")).unwrap();
    let made = Command::new("mkfifo")
        .arg(place.path("bed.wav"))
        .status()
        .unwrap();
    assert!(made.success());
    place
        .run(["make", "brief.toml", "--music", "bed.wav"])
        .refused(2, "YT0011", &["bed.wav"]);
    let made = Command::new("mkfifo")
        .arg(place.path("pipe.toml"))
        .status()
        .unwrap();
    assert!(made.success());
    place
        .run(["make", "pipe.toml"])
        .refused(2, "YT0001", &["pipe.toml"]);
    still_works(&place);
}

#[test]
fn files_of_others_are_refused_to_a_plain_user() {
    let place = place();
    let hidden = place.write("pictures/whale.jpg", "whale");
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o000)).unwrap();
    let mut run = place.make("brief.toml");
    if rustix::process::getuid().is_root() {
        // Root may read everything, so it becomes nobody.
        for folder in ["", "pictures"] {
            fs::set_permissions(place.path(folder), fs::Permissions::from_mode(0o777)).unwrap();
        }
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
    run.end()
        .refused(2, "YT0011", &["whale.jpg", "Permission denied"]);
}

#[test]
fn music_that_is_none() {
    let place = place();
    let picture = place.path("picture.mp3");
    ffmpeg(
        "-f lavfi -i testsrc=size=320x240 -frames:v 1 -f mjpeg",
        &picture,
    );
    place
        .run(["make", "brief.toml", "--music", "picture.mp3"])
        .refused(2, "YT0011", &["picture.mp3", "sound"]);
    place.write("list.mp3", "#EXTM3U\n/etc/passwd\n");
    let ended = place
        .run(["make", "brief.toml", "--music", "list.mp3"])
        .refused(2, "YT0011", &["list.mp3"]);
    assert!(!ended.stderr.contains("root:"), "{ended}");
    still_works(&place);
}
