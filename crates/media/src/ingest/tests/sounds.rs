use std::fs;

use studio::sound::Sound;

use super::*;

/// One second at half volume on one channel, at a rate of its own.
const TONE: &str = "aevalsrc=0.5*sin(2*PI*440*t):s=22050:d=1";

fn assert_is_the_tone(sound: &Sound, name: &str) {
    let samples = &sound.samples;
    let seconds = samples.len() as f64 / 48_000.0;
    assert!((0.95..1.1).contains(&seconds), "{name}: {seconds} s");
    let middle = &samples[12_000..36_000];
    let power = middle.iter().map(|s| f64::from(s * s)).sum::<f64>() / middle.len() as f64;
    assert!(
        (power.sqrt() - 0.3536).abs() < 0.03,
        "{name}: {}",
        power.sqrt()
    );
}

#[test]
fn every_kind_comes_in_at_one_rate() {
    let world = World::new();
    for (name, args) in [
        ("a.wav", &[][..]),
        ("float.wav", &["-c:a", "pcm_f32le"]),
        ("a.mp3", &["-c:a", "libmp3lame"]),
        ("a.flac", &[]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.opus", &["-c:a", "libopus", "-ar", "48000"]),
        ("a.m4a", &["-c:a", "aac"]),
        ("a.aac", &["-c:a", "aac"]),
        ("a.webm", &["-c:a", "libopus", "-ar", "48000"]),
    ] {
        let path = world.make(TONE, args, name);
        let mono = world.ingest().sound(&path, 1).unwrap();
        assert_is_the_tone(&mono, name);
        let stereo = world.ingest().sound(&path, 2).unwrap();
        assert_eq!(stereo.frames(), mono.frames(), "{name}");
        assert_eq!((stereo.rate, stereo.channels), (48_000, 2), "{name}");
        let bytes = fs::read(&path).unwrap();
        let same = world
            .ingest()
            .sound_bytes(&bytes, Path::new("answer"), None, 1)
            .unwrap();
        assert_eq!(mono, same, "{name}");
    }
    world.assert_clean();
}

#[test]
fn wav_headers_of_streams_and_headerless_samples_are_understood() {
    let world = World::new();
    let mut wav = fs::read(world.make(TONE, &["-fflags", "+bitexact"], "a.wav")).unwrap();
    let data = wav.windows(4).position(|w| w == b"data").unwrap();
    for length in [0xffff_ffff_u32, 0x7fff_ffff, 0] {
        wav[4..8].copy_from_slice(&length.to_le_bytes());
        wav[data + 4..data + 8].copy_from_slice(&length.to_le_bytes());
        let name = format!("length {length:x}");
        let samples = world
            .ingest()
            .sound_bytes(&wav, Path::new("answer"), None, 1)
            .unwrap();
        assert_is_the_tone(&samples, &name);
    }
    let raw = Some(RawSound {
        rate: 22_050,
        channels: 1,
    });
    let samples = world
        .ingest()
        .sound_bytes(&wav[data + 8..], Path::new("answer"), raw, 1)
        .unwrap();
    assert_is_the_tone(&samples, "raw");
}

#[test]
fn wild_floats_are_tamed() {
    let world = World::new();
    let path = world.make(
        TONE,
        &["-c:a", "pcm_f32le", "-fflags", "+bitexact"],
        "a.wav",
    );
    let mut wav = fs::read(&path).unwrap();
    let data = wav.windows(4).position(|w| w == b"data").unwrap() + 8;
    for (n, wild) in [f32::NAN, f32::INFINITY, 1e30, -1e30]
        .into_iter()
        .enumerate()
    {
        wav[data + 4000 * n..][..4].copy_from_slice(&wild.to_le_bytes());
    }
    let samples = world
        .ingest()
        .sound_bytes(&wav, Path::new("a"), None, 1)
        .unwrap();
    assert!(samples.samples.iter().all(|s| (-1.0..=1.0).contains(s)));
}
