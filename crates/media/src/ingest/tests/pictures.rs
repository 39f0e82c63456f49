use std::fs;

use super::*;

/// Mean luma of a quarter: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
fn quarter(picture: &Picture, which: usize) -> u32 {
    let (w, h) = (
        picture.pixels.width() as usize,
        picture.pixels.height() as usize,
    );
    let (left, top) = ([0, w / 2][which % 2], [0, h / 2][which / 2]);
    let luma = picture.pixels.planes()[0];
    let rows = (top + h / 8..top + 3 * h / 8).map(|y| &luma[y * w + left + w / 8..][..w / 4]);
    let sum: u64 = rows.flatten().map(|y| u64::from(*y)).sum();
    (sum / (h / 4 * (w / 4)) as u64) as u32
}

#[test]
fn every_kind_comes_in_with_its_colours() {
    let world = World::new();
    for (name, args) in [
        ("a.jpg", &["-q:v", "2"][..]),
        ("a.png", &[]),
        ("a.webp", &["-quality", "100"]),
        ("lossless.webp", &["-lossless", "1"]),
        ("a.gif", &[]),
        ("a.bmp", &[]),
        ("a.tiff", &[]),
        ("deep.png", &["-pix_fmt", "rgb48be"]),
        ("grey.png", &["-pix_fmt", "gray"]),
    ] {
        let source = if name == "grey.png" {
            "color=0x777777"
        } else {
            "color=0xc85028"
        };
        let source = format!("{source}:s=640x480,format=rgb24");
        let path = world.make(&source, &[&["-frames:v", "1"], args].concat(), name);
        let picture = world.ingest().picture(&path, CANVAS).unwrap();
        assert_eq!((picture.width, picture.height), (640, 480), "{name}");
        assert_eq!(
            (picture.pixels.width(), picture.pixels.height()),
            (368, 276),
            "{name}"
        );
        let [y, u, v] = picture
            .pixels
            .planes()
            .map(|plane| i32::from(plane[plane.len() / 2]));
        // BT.709, limited range, of (200, 80, 40) and of (119, 119, 119).
        let wanted = if name == "grey.png" {
            [118, 128, 128]
        } else {
            [104, 100, 180]
        };
        let off = [y - wanted[0], u - wanted[1], v - wanted[2]];
        let near = if name == "a.gif" { 8 } else { 4 }; // a palette of 256 colours
        assert!(
            off.iter().all(|d| d.abs() <= near),
            "{name}: {:?}",
            [y, u, v]
        );
    }
    world.assert_clean();
}

#[test]
fn every_exif_orientation_is_turned_upright() {
    let world = World::new();
    let source = "color=black:s=640x480,drawbox=w=320:h=240:color=white:t=fill";
    let plain = fs::read(world.make(source, &["-frames:v", "1"], "plain.jpg")).unwrap();
    // Where the white quarter, top left as stored, is to be seen.
    for (orientation, place) in [0, 1, 3, 2, 0, 1, 3, 2].into_iter().enumerate() {
        let orientation = orientation as u8 + 1;
        let mut exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01".to_vec();
        exif.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
        let bytes = [&plain[..2], &exif, &plain[2..]].concat();
        let path = world.write("turned.jpg", &bytes);
        let picture = world.ingest().picture(&path, CANVAS).unwrap();
        let size = if orientation > 4 {
            (480, 640)
        } else {
            (640, 480)
        };
        assert_eq!((picture.width, picture.height), size, "{orientation}");
        for at in 0..4 {
            let bright = quarter(&picture, at) > 150;
            assert_eq!(
                bright,
                at == place,
                "orientation {orientation}, quarter {at}"
            );
        }
    }
}

#[test]
fn what_is_transparent_is_white() {
    let world = World::new();
    let source = "color=black@0.0:s=320x180,format=rgba";
    for (name, codec) in [("a.png", "png"), ("a.webp", "libwebp"), ("a.tiff", "tiff")] {
        let path = world.make(source, &["-frames:v", "1", "-c:v", codec], name);
        let picture = world.ingest().picture(&path, CANVAS).unwrap();
        assert!(
            picture.pixels.planes()[0].iter().all(|y| *y >= 233),
            "{name}"
        );
    }
}

#[test]
fn the_same_picture_gives_the_same_pixels_and_its_enlargement_is_told() {
    let world = World::new();
    let path = world.make(
        "testsrc2=s=161x91,format=rgb24",
        &["-frames:v", "1"],
        "odd.png",
    );
    let [first, second] = [0; 2].map(|_| world.ingest().picture(&path, CANVAS).unwrap());
    assert_eq!(first.pixels, second.pixels);
    assert_eq!((first.width, first.height), (161, 91));
    assert_eq!(first.scale_permille, 1988);
    assert!(first.pixels.width() >= CANVAS.width && first.pixels.height() >= CANVAS.height);
    let bytes = fs::read(&path).unwrap();
    let third = world
        .ingest()
        .picture_bytes(&bytes, Path::new("answer"), CANVAS)
        .unwrap();
    assert_eq!(first.pixels, third.pixels);
}
