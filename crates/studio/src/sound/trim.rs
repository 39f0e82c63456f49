//! Where sound begins and ends.

use std::ops::Range;

use super::Sound;

/// Length of the pieces whose level is compared with the threshold.
const WINDOW_MS: u64 = 5;

/// The frames between the first and the last window louder than `threshold_db` below full
/// scale (RMS, for example −50); empty if all is quiet.
pub fn sounding(sound: &Sound, threshold_db: f32) -> Range<usize> {
    let channels = sound.channels.max(1) as usize;
    let window = sound.frame_at(WINDOW_MS).max(1);
    let floor = super::from_db(threshold_db);
    let loud = |piece: &[f32]| {
        let power: f32 = piece.iter().map(|s| s * s).sum::<f32>() / piece.len().max(1) as f32;
        power > floor * floor
    };
    let pieces: Vec<bool> = sound.samples.chunks(window * channels).map(loud).collect();
    let first = pieces.iter().position(|&l| l);
    let last = pieces.iter().rposition(|&l| l);
    match (first, last) {
        (Some(first), Some(last)) => first * window..((last + 1) * window).min(sound.frames()),
        _ => 0..0,
    }
}

/// Cuts silence off both ends but for `keep_ms`, and fades what is kept. Returns how many
/// frames were cut from the start, by which times within it must move.
pub fn trim(sound: &mut Sound, threshold_db: f32, keep_ms: u64) -> usize {
    let range = sounding(sound, threshold_db);
    let keep = sound.frame_at(keep_ms);
    let start = range.start.saturating_sub(keep);
    let end = (range.end + keep).min(sound.frames());
    let channels = sound.channels.max(1) as usize;
    sound.samples.truncate(end * channels);
    sound.samples.drain(..start.min(end) * channels);
    sound.fade(keep_ms.min(5), keep_ms.min(10));
    start
}
