//! What a file is, by its first bytes alone; names and declared types lie.

use serde::{Deserialize, Serialize};

/// How many bytes [`Kind::sniff`] wants to see.
pub const HEAD_BYTES: usize = 64;

/// The formats that are let in. Anything else is refused: playlists, scripts, SVG and
/// subtitles make a decoder open other files or run code of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, still.
    Webp,
    /// GIF, still or animated.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF.
    Tiff,
    /// MP4, MOV, M4A, 3GP.
    Mp4,
    /// Matroska, also under its name for the web.
    Matroska,
    /// RIFF WAVE.
    Wav,
    /// MPEG audio.
    Mp3,
    /// AAC in ADTS frames.
    Aac,
    /// FLAC.
    Flac,
    /// Ogg: Vorbis, Opus, FLAC.
    Ogg,
}

impl Kind {
    /// The kind of a file that begins with `head`, or `None` for all that is not let in.
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let at = |offset: usize, magic: &[u8]| {
            head.get(offset..)
                .is_some_and(|rest| rest.starts_with(magic))
        };
        let kind = match head {
            _ if at(0, b"\xff\xd8\xff") => Self::Jpeg,
            _ if at(0, b"\x89PNG\r\n\x1a\n") => Self::Png,
            _ if at(0, b"RIFF") && at(8, b"WEBPVP8") => Self::Webp,
            _ if at(0, b"GIF87a") || at(0, b"GIF89a") => Self::Gif,
            _ if at(0, b"BM") && at(6, b"\0\0\0\0") => Self::Bmp,
            _ if at(0, b"II*\0") || at(0, b"MM\0*") => Self::Tiff,
            _ if at(4, b"ftyp") || at(4, b"moov") || is_classic_mov(head) => Self::Mp4,
            _ if at(0, b"\x1a\x45\xdf\xa3") => Self::Matroska,
            _ if at(0, b"RIFF") && at(8, b"WAVE") => Self::Wav,
            _ if at(0, b"fLaC") => Self::Flac,
            _ if at(0, b"OggS\0") => Self::Ogg,
            _ if at(0, b"ID3") => Self::Mp3,
            [0xff, second, third, ..] => mpeg_audio(*second, *third)?,
            _ => return None,
        };
        Some(kind)
    }

    /// ffmpeg's demuxer for it. Forced, so that ffmpeg's own guess, which other bytes of the
    /// file could sway, is never asked.
    pub const fn demuxer(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg_pipe",
            Self::Png => "png_pipe",
            Self::Webp => "webp_pipe",
            Self::Gif => "gif",
            Self::Bmp => "bmp_pipe",
            Self::Tiff => "tiff_pipe",
            Self::Mp4 => "mov",
            Self::Matroska => "matroska",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
        }
    }

    /// Whether it may be used as a still.
    pub const fn is_picture(self) -> bool {
        matches!(
            self,
            Self::Jpeg | Self::Png | Self::Webp | Self::Gif | Self::Bmp | Self::Tiff
        )
    }

    /// Whether it may hold moving pictures.
    pub const fn is_clip(self) -> bool {
        matches!(self, Self::Mp4 | Self::Matroska | Self::Gif)
    }

    /// Whether it may hold sound.
    pub const fn is_sound(self) -> bool {
        !self.is_picture()
    }
}

/// A second guess for people: what a file that is not let in seems to be.
pub fn looks_like(head: &[u8]) -> &'static str {
    let text = head.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let begins =
        |word: &[u8]| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word);
    if head.is_empty() {
        "an empty file"
    } else if begins(b"#EXTM3U") || begins(b"ffconcat") || begins(b"[playlist]") {
        "a playlist"
    } else if begins(b"<svg") || begins(b"<?xml") || begins(b"<!doctype") || begins(b"<html") {
        "SVG, XML or HTML"
    } else if begins(b"[Script Info]") || begins(b"WEBVTT") {
        "subtitles"
    } else if begins(b"%PDF") || begins(b"PK\x03\x04") || begins(b"\x7fELF") || begins(b"#!") {
        "a document, an archive or a program"
    } else if text
        .iter()
        .all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..))
    {
        "a text"
    } else {
        "of a kind that is not supported"
    }
}

/// Movies from before 2001 begin with one of these atoms.
fn is_classic_mov(head: &[u8]) -> bool {
    head.get(4..8)
        .is_some_and(|name| name == b"wide" || name == b"mdat")
}

/// MPEG audio and ADTS begin with eleven or twelve set bits; the rest of the header says which,
/// and has values that no stream uses.
fn mpeg_audio(second: u8, third: u8) -> Option<Kind> {
    let (sync, layer, version) = (second & 0xe0 == 0xe0, second >> 1 & 3, second >> 3 & 3);
    if second & 0xf6 == 0xf0 {
        let rate = third >> 2 & 15;
        return (rate < 13).then_some(Kind::Aac);
    }
    let (bit_rate, rate) = (third >> 4, third >> 2 & 3);
    // Layer I (3) is extinct, and would let in the byte order mark of UTF-16 texts.
    let plausible = sync && matches!(layer, 1 | 2) && version != 1 && bit_rate != 15 && rate != 3;
    plausible.then_some(Kind::Mp3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_and_text_is_never_media() {
        let cases: [(&[u8], Option<Kind>); 12] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(Kind::Png)),
            (b"RIFF\0\0\0\0WEBPVP8X", Some(Kind::Webp)),
            (b"RIFF\0\0\0\0WAVEfmt ", Some(Kind::Wav)),
            (b"RIFF\0\0\0\0AVI LIST", None),
            (b"\0\0\0\x18ftypmp42", Some(Kind::Mp4)),
            (b"\xff\xfb\x90\x64", Some(Kind::Mp3)),
            (b"\xff\xf1\x4c\x80", Some(Kind::Aac)),
            (b"\xff\xfe#\0E\0X\0T\0", None),
            (b"#EXTM3U\n", None),
            (b"ffconcat version 1.0\n", None),
            (b"<svg xmlns=", None),
            (b"", None),
        ];
        for (head, kind) in cases {
            assert_eq!(Kind::sniff(head), kind, "{head:?}");
        }
    }

    #[test]
    fn refusals_name_what_was_seen() {
        assert_eq!(looks_like(b"\xef\xbb\xbf#extm3u\n"), "a playlist");
        assert_eq!(looks_like(b"  <svg>"), "SVG, XML or HTML");
        assert_eq!(looks_like(b"hello"), "a text");
        assert_eq!(looks_like(b"\0\x01\x02"), "of a kind that is not supported");
    }
}
