//! The boxes of an MP4 file: enough to tell whether it can be played while it loads.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Boxes that hold boxes, on the way to an edit list.
const PARENTS: [[u8; 4]; 3] = [*b"moov", *b"trak", *b"edts"];
/// More boxes than any file of ours has; a hostile file could hold millions.
const BOXES_MAX: u32 = 100_000;
/// `moov`, `trak`, `edts`, `elst`.
const DEPTH_MAX: u32 = 4;

/// What the boxes say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The index lies before the pictures: playing can begin at once.
    pub index_first: bool,
    /// Some track is shifted or cut by an edit list.
    pub edit_list: bool,
}

/// Walks the boxes of the MP4 file at `path`.
///
/// # Errors
/// That of the file, or `InvalidData` if its boxes don't add up.
pub fn layout(path: &Path) -> io::Result<Layout> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let mut walk = Walk {
        file: &mut file,
        seen: 0,
        layout: Layout::default(),
    };
    let mut order = Vec::new();
    walk.level(0, end, DEPTH_MAX, &mut order)?;
    let place = |name: &[u8; 4]| order.iter().position(|found| found == name);
    let (Some(moov), Some(mdat)) = (place(b"moov"), place(b"mdat")) else {
        return Err(invalid("the index or the media data is missing"));
    };
    Ok(Layout {
        index_first: moov < mdat,
        ..walk.layout
    })
}

struct Walk<'a> {
    file: &'a mut File,
    seen: u32,
    layout: Layout,
}

impl Walk<'_> {
    /// Visits the boxes from `at` to `end`, going into [`PARENTS`]; `names` gets this level's.
    fn level(
        &mut self,
        mut at: u64,
        end: u64,
        depth: u32,
        names: &mut Vec<[u8; 4]>,
    ) -> io::Result<()> {
        while at < end {
            self.seen += 1;
            if self.seen > BOXES_MAX {
                return Err(invalid("too many boxes"));
            }
            let (name, head, size) = self.header(at, end)?;
            if size < head || size > end - at {
                return Err(invalid("a box is larger than what holds it"));
            }
            self.layout.edit_list |= name == *b"elst";
            if PARENTS.contains(&name) {
                let below = depth
                    .checked_sub(1)
                    .ok_or_else(|| invalid("boxes nest too deep"))?;
                self.level(at + head, at + size, below, &mut Vec::new())?;
            }
            names.push(name);
            at += size;
        }
        Ok(())
    }

    /// Name, header size and whole size of the box at `at`.
    fn header(&mut self, at: u64, end: u64) -> io::Result<([u8; 4], u64, u64)> {
        let mut bytes = [0; 16];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut bytes[..8])?;
        let [s0, s1, s2, s3, n0, n1, n2, n3, ..] = bytes;
        let (head, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (8, end - at),
            1 => {
                self.file.read_exact(&mut bytes[8..])?;
                let long: [u8; 8] = bytes[8..].try_into().map_err(|_| invalid("short box"))?;
                (16, u64::from_be_bytes(long))
            }
            size => (8, size.into()),
        };
        Ok(([n0, n1, n2, n3], head, size))
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &str, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes(), name.as_bytes(), body].concat()
    }

    fn walk(bytes: &[u8]) -> io::Result<Layout> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        layout(file.path())
    }

    #[test]
    fn order_and_edit_lists_are_seen() {
        let edited = boxed(
            "moov",
            &boxed("trak", &boxed("edts", &boxed("elst", &[0; 8]))),
        );
        let plain = boxed("moov", &boxed("trak", &boxed("mdia", b"elst")));
        let data = boxed("mdat", b"elst elst");
        let cases = [
            ([plain.clone(), data.clone()].concat(), true, false),
            ([data.clone(), plain].concat(), false, false),
            ([edited, data].concat(), true, true),
        ];
        for (bytes, index_first, edit_list) in cases {
            assert_eq!(
                walk(&bytes).unwrap(),
                Layout {
                    index_first,
                    edit_list
                }
            );
        }
    }

    #[test]
    fn boxes_that_do_not_add_up_are_refused() {
        let mut long = boxed("moov", &boxed("trak", b""));
        long[3] += 40;
        assert!(walk(&long).is_err());
        assert!(walk(&boxed("moov", &[0, 0, 0, 1, b't', b'r'])).is_err());
        assert!(walk(&[0, 0, 0, 2, b'm', b'o', b'o', b'v']).is_err());
        let nested = (0..900).fold(Vec::new(), |inner, _| boxed("trak", &inner));
        assert!(walk(&boxed("moov", &nested)).is_err());
    }

    #[test]
    fn no_cut_and_no_flipped_bit_stops_the_walk() {
        let edited = boxed(
            "moov",
            &boxed("trak", &boxed("edts", &boxed("elst", &[0; 8]))),
        );
        let bytes = [edited, boxed("mdat", &[1; 8])].concat();
        let mut good = 0;
        for at in 0..bytes.len() {
            good += u32::from(walk(&bytes[..at]).is_ok());
            for bit in 0..8 {
                let mut bent = bytes.clone();
                bent[at] ^= 1 << bit;
                // Whatever it says, it says it; a cut file is never whole.
                drop(walk(&bent));
            }
        }
        assert_eq!(good, 0);
    }
}
