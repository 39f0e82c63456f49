use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// What a refusal must say, by the part of its Display after the path.
fn refusal(world: &World, path: &Path) -> [String; 3] {
    let ingest = world.ingest();
    let say = |error: Error| {
        let text = error.to_string();
        // Nobody's log may be forged by a file name.
        assert!(!text.contains('\n'), "{text:?}");
        text
    };
    let refused = [
        ingest
            .picture(path, CANVAS)
            .map(drop)
            .map_err(say)
            .unwrap_err(),
        ingest
            .clip(path, CANVAS, 3)
            .and_then(|mut c| c.next_frame().map(drop))
            .map_err(say)
            .unwrap_err(),
        ingest.sound(path, 2).map(drop).map_err(say).unwrap_err(),
    ];
    world.assert_clean();
    refused
}

#[test]
fn texts_in_disguise_are_never_opened_as_media() {
    let world = World::new();
    let secret = world.make(
        "testsrc2=s=320x180:r=30:d=0.2",
        &["-c:v", "libx264"],
        "secret.mp4",
    );
    let secret = secret.display();
    let hls =
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n");
    let remote = hls.replace("file:///", "http://127.0.0.1:9/");
    let concat = format!("ffconcat version 1.0\nfile '{secret}'\n");
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg'><image href='{secret}'/></svg>");
    let dash = format!("<?xml version='1.0'?><MPD><BaseURL>{secret}</BaseURL></MPD>");
    for (bytes, looks) in [
        (hls.as_bytes(), "a playlist"),
        (remote.as_bytes(), "a playlist"),
        (concat.as_bytes(), "a playlist"),
        (svg.as_bytes(), "SVG, XML or HTML"),
        (dash.as_bytes(), "SVG, XML or HTML"),
        (b"[Script Info]\nScriptType: v4.00+\n", "subtitles"),
        (b"WEBVTT\n\n00:00.000 --> 00:01.000\nhi\n", "subtitles"),
        (b"hello, world", "a text"),
        (b"", "an empty file"),
        (b"%PDF-1.7", "a document, an archive or a program"),
        (
            b"\x7fELF\x02\x01\x01",
            "a document, an archive or a program",
        ),
        (&[0; 4096], "of a kind that is not supported"),
    ] {
        for name in ["evil.mp4", "evil.png", "evil.mp3"] {
            let path = world.write(name, bytes);
            for said in refusal(&world, &path) {
                assert!(
                    said.contains(&format!("is {looks}, not a")),
                    "{name}: {said}"
                );
            }
        }
    }
}

#[test]
fn playlists_behind_a_real_magic_number_open_nothing() {
    let world = World::new();
    let secret = world.make(
        "testsrc2=s=320x180:r=30:d=0.2",
        &["-c:v", "libx264"],
        "secret.mp4",
    );
    let hls = format!(
        "#EXTM3U\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
        secret.display()
    );
    for magic in [
        &b"\xff\xd8\xff"[..],
        b"GIF89a",
        b"\0\0\0\x10ftypmp42\0\0\0\0",
        b"ID3\x04\0\0\0\0\0\0",
        b"\x1a\x45\xdf\xa3",
        b"RIFF\0\0\0\0WAVE",
        b"fLaC",
        b"OggS\0",
        b"\x89PNG\r\n\x1a\n",
    ] {
        let path = world.write("evil.mp4", &[magic, hls.as_bytes()].concat());
        for said in refusal(&world, &path) {
            let named = said.contains("damaged or not supported") || said.contains("which is no");
            assert!(named || said.contains("too large"), "{magic:?}: {said}");
        }
    }
}

#[test]
fn what_is_no_file_is_neither_followed_nor_opened() {
    let world = World::new();
    let target = world.make("testsrc2=s=320x180", &["-frames:v", "1"], "target.png");
    let link = world.path("link.png");
    symlink(&target, &link).unwrap();
    let pipe = world.path("pipe.png");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let socket = world.path("socket.png");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (path, what) in [
        (link.as_path(), "is a symbolic link"),
        (pipe.as_path(), "is a pipe"),
        (socket.as_path(), "is a socket"),
        (Path::new("/dev/zero"), "is a device"),
        (world.users.path(), "is a folder"),
        (&world.path("absent.png"), "can't be read"),
    ] {
        for said in refusal(&world, path) {
            assert!(said.contains(what), "{said}");
        }
    }
}

#[test]
fn nothing_leads_out_of_the_root() {
    let world = World::new();
    let outside = world.make("testsrc2=s=320x180", &["-frames:v", "1"], "outside.png");
    let root = world.path("root");
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::copy(&outside, root.join("sub/inside.png")).unwrap();
    symlink(world.users.path(), root.join("door")).unwrap();
    let ingest = world.ingest().beneath(&root);
    ingest.picture(Path::new("sub/inside.png"), CANVAS).unwrap();
    ingest
        .picture(Path::new("sub/../sub/inside.png"), CANVAS)
        .unwrap();
    for escape in [
        Path::new("../outside.png"),
        Path::new("door/outside.png"),
        &outside,
    ] {
        let refused = ingest.picture(escape, CANVAS);
        let named = matches!(
            refused,
            Err(Error::Unreadable { .. } | Error::NotAFile { .. })
        );
        assert!(named, "{escape:?}: {refused:?}");
    }
}

#[test]
fn bombs_are_refused_by_their_headers() {
    let world = World::new();
    let png = |width: u32, height: u32| {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(b"\x08\x06\0\0\0\0\0\0\0\0\0\0\0IDAT");
        bytes
    };
    let gif = |side: u16| {
        [
            b"GIF89a",
            &side.to_le_bytes()[..],
            &side.to_le_bytes(),
            &[0x80, 0, 0, 0, 0, 0, 1, 1, 1],
        ]
        .concat()
    };
    for bytes in [
        png(30_000, 30_000),
        png(30_000, 10),
        png(10, 30_000),
        gif(65_535),
    ] {
        let path = world.write("bomb.png", &bytes);
        let refused = world.ingest().picture(&path, CANVAS);
        assert!(
            matches!(refused, Err(Error::TooLarge { .. })),
            "{refused:?}"
        );
    }
    // Their decoders have the same cap, should a header and its pixels disagree.
    let path = world.make(
        "color=s=8000x6000:r=1:d=1",
        &["-c:v", "libx264", "-preset", "ultrafast"],
        "big.mp4",
    );
    let refused = world.ingest().clip(&path, CANVAS, 1);
    assert!(
        matches!(refused, Err(Error::TooLarge { .. } | Error::Damaged { .. })),
        "{refused:?}"
    );
    world.assert_clean();
}

#[test]
fn cut_off_and_bent_pictures_are_refused() {
    let world = World::new();
    for name in ["a.png", "a.jpg", "a.webp", "a.bmp", "a.gif"] {
        let path = world.make("testsrc2=s=640x360,format=rgb24", &["-frames:v", "1"], name);
        let whole = fs::read(&path).unwrap();
        for part in [whole.len() / 2, 40, 12] {
            let path = world.write("part", &whole[..part]);
            let refused = world.ingest().picture(&path, CANVAS);
            // With 12 bytes even the kind may be unknown.
            let named = matches!(
                refused,
                Err(Error::Damaged { .. } | Error::UnknownKind { .. })
            );
            assert!(named, "{name} {part}: {refused:?}");
        }
        // Bits flipped anywhere: let in or refused, but no panic and nothing left behind.
        for at in (0..whole.len()).step_by(whole.len() / 4) {
            let mut bent = whole.clone();
            bent[at] ^= 0x55;
            drop(world.ingest().picture(&world.write("bent", &bent), CANVAS));
        }
    }
    world.assert_clean();
}

#[test]
fn the_wrong_kind_is_named_and_too_few_pixels_are() {
    let world = World::new();
    let sound = world.make("sine=d=0.1", &[], "a.wav");
    let refused = world.ingest().picture(&sound, CANVAS);
    assert!(
        matches!(
            refused,
            Err(Error::WrongKind {
                found: Kind::Wav,
                ..
            })
        ),
        "{refused:?}"
    );
    let small = world.make("color=s=32x32", &["-frames:v", "1"], "small.png");
    let refused = world.ingest().picture(&small, CANVAS);
    assert!(
        matches!(refused, Err(Error::TooSmall { width: 32, .. })),
        "{refused:?}"
    );
    let refused = world.ingest().sound(&small, 2);
    assert!(
        matches!(
            refused,
            Err(Error::WrongKind {
                found: Kind::Png,
                ..
            })
        ),
        "{refused:?}"
    );
    // A video without sound.
    let silent = world.make("color=s=64x64:d=0.1", &["-c:v", "libx264"], "silent.mp4");
    let refused = world.ingest().sound(&silent, 2);
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
}

#[test]
fn names_are_only_names() {
    let world = World::new();
    let plain = world.make("testsrc2=s=320x180", &["-frames:v", "1"], "plain.png");
    for name in [
        "line\nbreak.png",
        "'; touch x; '.png",
        "\"quotes\".png",
        "-i.png",
        "http:a%d.png",
        "pipe:0",
        "concat:a|b",
        "🎬 ümläut.png",
        "a*?[b].png",
    ] {
        let path = world.path(name);
        fs::copy(&plain, &path).unwrap();
        world.ingest().picture(&path, CANVAS).unwrap();
    }
    let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe.png");
    let path = world.users.path().join::<&OsStr>(odd);
    fs::copy(&plain, &path).unwrap();
    world.ingest().picture(&path, CANVAS).unwrap();
    let refused = refusal(&world, &world.path("absent\nERROR forged"));
    assert!(
        refused[0].contains("absent\\nERROR forged"),
        "{}",
        refused[0]
    );
    world.assert_clean();
}

#[test]
fn stopping_is_obeyed_before_anything_runs() {
    let world = World::new();
    let path = world.make("testsrc2=s=320x180", &["-frames:v", "1"], "a.png");
    world.cancel.cancel();
    let refused = world.ingest().picture(&path, CANVAS);
    assert!(
        matches!(refused, Err(Error::Child(child::Error::Cancelled { .. }))),
        "{refused:?}"
    );
    world.assert_clean();
}

#[test]
fn a_file_that_asks_for_too_much_memory_is_to_blame_and_a_full_machine_is_not() {
    let ran_out = |tail: &str| child::Error::OutOfMemory {
        program: "ffmpeg".to_owned(),
        peak_mib: 4_000,
        tail: tail.to_owned(),
    };
    let asked = blame(Path::new("a.png"), ran_out("x: Cannot allocate memory"));
    assert!(matches!(asked, Error::Damaged { .. }), "{asked}");
    let killed = blame(Path::new("a.png"), ran_out(""));
    assert!(!matches!(killed, Error::Damaged { .. }), "{killed}");
}
