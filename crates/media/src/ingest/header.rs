//! Size and orientation of a picture, read from its header by our own few lines, so that a
//! bomb is refused before a decoder sees it.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::sniff::Kind;

/// More segments or chunks than that before the pixels is an attack, not a picture.
const PARTS_MAX: u32 = 1000;

/// What a header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Pixels across, as stored.
    pub(super) width: u32,
    /// Pixels down, as stored.
    pub(super) height: u32,
    /// EXIF orientation, 1 to 8; 1 is upright.
    pub(super) orientation: u16,
    /// More than one picture, in a format whose animations can't be decoded.
    pub(super) animated: bool,
}

/// Reads the header of a picture; `None` if there is none.
pub(super) fn read(file: &File, kind: Kind) -> Option<Header> {
    let bytes = Bytes { file, big: true };
    match kind {
        Kind::Jpeg => jpeg(&bytes),
        Kind::Png => png(&bytes),
        Kind::Webp => webp(&bytes.little()),
        Kind::Gif => {
            let little = bytes.little();
            Some(upright(little.u16(6)?.into(), little.u16(8)?.into()))
        }
        Kind::Bmp => bmp(&bytes.little()),
        Kind::Tiff => tiff(file, 0).and_then(|found| {
            Some(Header {
                orientation: found.orientation,
                ..upright(found.width?, found.height?)
            })
        }),
        _ => None,
    }
}

const fn upright(width: u32, height: u32) -> Header {
    Header {
        width,
        height,
        orientation: 1,
        animated: false,
    }
}

/// Numbers at offsets of a file.
struct Bytes<'a> {
    file: &'a File,
    big: bool,
}

impl Bytes<'_> {
    const fn little(self) -> Self {
        Self { big: false, ..self }
    }

    fn array<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }

    fn u16(&self, at: u64) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn u32(&self, at: u64) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }
}

fn jpeg(bytes: &Bytes<'_>) -> Option<Header> {
    let (mut at, mut orientation) = (2, 1);
    for _ in 0..PARTS_MAX {
        let [mark, marker] = bytes.array(at)?;
        match (mark, marker) {
            (0xff, 0xff) => {
                at += 1;
                continue;
            }
            // Start of frame, of whichever coding; C4, C8 and CC are tables.
            (0xff, 0xc0..=0xcf) if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (bytes.u16(at + 5)?, bytes.u16(at + 7)?);
                return Some(Header {
                    orientation,
                    ..upright(width.into(), height.into())
                });
            }
            (0xff, 0xe1) if bytes.array(at + 4)? == *b"Exif\0\0" => {
                orientation = tiff(bytes.file, at + 10).map_or(1, |found| found.orientation);
            }
            // Start of scan or end of image before any frame.
            (0xff, 0xd9 | 0xda) => return None,
            (0xff, _) => {}
            _ => return None,
        }
        at += 2 + u64::from(bytes.u16(at + 2)?);
    }
    None
}

fn png(bytes: &Bytes<'_>) -> Option<Header> {
    let mut header = upright(bytes.u32(16)?, bytes.u32(20)?);
    let mut at = 33;
    for _ in 0..PARTS_MAX {
        // A PNG cut off here still has its size.
        let (Some(length), Some(name)) = (bytes.u32(at), bytes.array::<4>(at + 4)) else {
            return Some(header);
        };
        match &name {
            b"eXIf" => header.orientation = tiff(bytes.file, at + 8).map_or(1, |t| t.orientation),
            b"IDAT" | b"IEND" => return Some(header),
            _ => {}
        }
        at += 12 + u64::from(length);
    }
    None
}

fn webp(bytes: &Bytes<'_>) -> Option<Header> {
    match &bytes.array::<4>(12)? {
        b"VP8 " => {
            let side = |at| Some(u32::from(bytes.u16(at)? & 0x3fff));
            Some(upright(side(26)?, side(28)?))
        }
        b"VP8L" => {
            let packed = bytes.u32(21)?;
            Some(upright((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let [flags] = bytes.array(20)?;
            let side = |at| Some((bytes.u32(at)? & 0x00ff_ffff) + 1);
            // The height's fourth byte belongs to the next chunk, which must exist.
            let mut header = upright(side(24)?, side(27)?);
            header.animated = flags & 2 != 0;
            if flags & 8 != 0 {
                header.orientation = webp_exif(bytes).unwrap_or(1);
            }
            Some(header)
        }
        _ => None,
    }
}

fn webp_exif(bytes: &Bytes<'_>) -> Option<u16> {
    let mut at = 30;
    for _ in 0..PARTS_MAX {
        let (name, length) = (bytes.array::<4>(at)?, u64::from(bytes.u32(at + 4)?));
        if name == *b"EXIF" {
            let wrapped = bytes.array(at + 8)? == *b"Exif\0\0";
            return Some(tiff(bytes.file, at + if wrapped { 14 } else { 8 })?.orientation);
        }
        at += 8 + length + length % 2;
    }
    None
}

fn bmp(bytes: &Bytes<'_>) -> Option<Header> {
    if bytes.u32(14)? == 12 {
        return Some(upright(bytes.u16(18)?.into(), bytes.u16(20)?.into()));
    }
    // A negative height says that the rows run from the top.
    let height = bytes.u32(22)?.cast_signed().unsigned_abs();
    Some(upright(bytes.u32(18)?, height))
}

struct Tiff {
    width: Option<u32>,
    height: Option<u32>,
    orientation: u16,
}

/// The first directory of a TIFF file or of EXIF data beginning at `base`.
fn tiff(file: &File, base: u64) -> Option<Tiff> {
    let order: [u8; 2] = Bytes { file, big: true }.array(base)?;
    let bytes = Bytes {
        file,
        big: order == *b"MM",
    };
    let directory = base + u64::from(bytes.u32(base + 4)?);
    let mut found = Tiff {
        width: None,
        height: None,
        orientation: 1,
    };
    for n in 0..u64::from(bytes.u16(directory)?.min(200)) {
        let entry = directory + 2 + n * 12;
        let value = match bytes.u16(entry + 2)? {
            3 => u32::from(bytes.u16(entry + 8)?),
            4 => bytes.u32(entry + 8)?,
            _ => continue,
        };
        match bytes.u16(entry)? {
            256 => found.width = Some(value),
            257 => found.height = Some(value),
            274 => found.orientation = u16::try_from(value).ok().filter(|o| *o <= 8).unwrap_or(1),
            _ => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    fn seen(bytes: &[u8], kind: Kind) -> Option<Header> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        read(&file, kind)
    }

    /// Small headers of every kind, 300 × 200, each with as many optional parts as it may have.
    fn headers() -> Vec<(Kind, Vec<u8>)> {
        let tiff = b"II*\0\x08\0\0\0\x03\0\
            \0\x01\x03\0\x01\0\0\0\x2c\x01\0\0\x01\x01\x04\0\x01\0\0\0\xc8\0\0\0\
            \x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
            .to_vec();
        let exif = [b"Exif\0\0", tiff.as_slice()].concat();
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
        let jpeg = [
            b"\xff\xd8\xff\xff\xe1",
            &(length(&exif) as u16 + 2).to_be_bytes()[..],
            &exif,
            b"\xff\xc2\0\x0b\x08\0\xc8\x01\x2c\x03\0\0\0",
        ]
        .concat();
        let png = [
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\0\xc8\x08\x02\0\0\0\0\0\0\0",
            &length(&tiff).to_be_bytes()[..],
            b"eXIf",
            &tiff,
            b"\0\0\0\0\0\0\0\0IDAT",
        ]
        .concat();
        let webp = [
            b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x08\0\0\0\x2b\x01\0\xc7\0\0EXIF",
            &length(&exif).to_le_bytes()[..],
            &exif,
        ]
        .concat();
        let bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x2c\x01\0\0\x38\xff\xff\xff".to_vec();
        let gif = b"GIF89a\x2c\x01\xc8\0".to_vec();
        vec![
            (Kind::Jpeg, jpeg),
            (Kind::Png, png),
            (Kind::Webp, webp),
            (Kind::Tiff, tiff),
            (Kind::Bmp, bmp),
            (Kind::Gif, gif),
        ]
    }

    #[test]
    fn size_and_orientation_are_read_from_every_kind() {
        for (kind, bytes) in headers() {
            let orientation = if matches!(kind, Kind::Bmp | Kind::Gif) {
                1
            } else {
                6
            };
            let wanted = Header {
                orientation,
                ..upright(300, 200)
            };
            assert_eq!(seen(&bytes, kind), Some(wanted), "{kind:?}");
        }
    }

    #[test]
    fn no_cut_and_no_flipped_bit_stops_the_reader() {
        for (kind, bytes) in headers() {
            for cut in 0..bytes.len() {
                seen(&bytes[..cut], kind);
                for bit in 0..8 {
                    let mut bent = bytes.clone();
                    bent[cut] ^= 1 << bit;
                    seen(&bent, kind);
                }
                let mut bent = bytes.clone();
                bent[cut..].iter_mut().take(4).for_each(|byte| *byte = 0xff);
                seen(&bent, kind);
            }
        }
    }
}
