//! Measurements by `ebur128` and by arithmetic of their own.

use std::convert::Infallible;
use std::f64::consts::TAU;

use ebur128::{EbuR128, Mode};
use proptest::prelude::*;

use super::filter::{Biquad, Corner};
use super::*;

fn sine(rate: u32, hertz: f64, gain: f64, frames: usize) -> Vec<f32> {
    let wave = |i| (gain * (TAU * hertz * i as f64 / f64::from(rate)).sin()) as f32;
    (0..frames).map(wave).collect()
}

/// Noise of −1…1 from a plain congruential generator.
fn noise(seed: u32, frames: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..frames).map(|_| next()).collect()
}

/// Something like speech: voiced bursts of 180 ms, loud and soft in turn, each followed by a
/// hiss of 80 ms and a gap of 40 ms.
fn babble(seconds: usize) -> Sound {
    hissing(seconds, 0.1)
}

/// The same with hisses of another level.
fn hissing(seconds: usize, level: f64) -> Sound {
    let mut samples = Vec::new();
    for i in 0.. {
        if samples.len() >= seconds * RATE as usize {
            break;
        }
        let loud = if i % 2 == 0 { 0.25 } else { 0.06 };
        let mut vowel = vec![0.0; 8640];
        for harmonic in 1..20 {
            let part = sine(
                RATE,
                190.0 * f64::from(harmonic),
                loud / f64::from(harmonic),
                8640,
            );
            vowel.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
        let mut hiss = Sound::mono(RATE, noise(i, 3840));
        let mut high = Biquad::high_pass(Corner {
            rate: RATE,
            hertz: 5500.0,
            q: 0.7,
        });
        hiss.samples
            .iter_mut()
            .for_each(|s| *s = high.step(f64::from(*s) * level) as f32);
        let mut burst = Sound::mono(RATE, vowel);
        burst.fade(10, 20);
        hiss.fade(10, 20);
        samples.extend(burst.samples);
        samples.extend(hiss.samples);
        samples.extend(vec![0.0; 1920]);
    }
    Sound::mono(RATE, samples)
}

fn rms_db(samples: &[f32]) -> f32 {
    let power: f64 = samples.iter().map(|s| f64::from(s * s)).sum::<f64>() / samples.len() as f64;
    (10.0 * power.max(1e-20).log10()) as f32
}

/// The samples above 5 kHz.
fn sharp(sound: &Sound) -> Vec<f32> {
    let mut high = Biquad::high_pass(Corner {
        rate: sound.rate,
        hertz: 5000.0,
        q: 0.7,
    });
    sound
        .samples
        .iter()
        .map(|s| high.step(f64::from(*s)) as f32)
        .collect()
}

fn peak_db(samples: &[f32]) -> f32 {
    to_db(samples.iter().fold(0.0, |p, s| s.abs().max(p)))
}

fn measured(samples: &[f32]) -> (f64, f64) {
    let mut meter = EbuR128::new(2, RATE, Mode::I | Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(samples).unwrap();
    let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
    (meter.loudness_global().unwrap(), 20.0 * peak.log10())
}

#[test]
fn wave_files_read_back() {
    let sound = Sound {
        rate: 32_000,
        channels: 2,
        samples: noise(1, 1000),
    };
    assert_eq!(read_wav(&write_wav(&sound, Depth::Float32)).unwrap(), sound);
    let coarse = read_wav(&write_wav(&sound, Depth::Int16)).unwrap();
    assert_eq!(
        (coarse.rate, coarse.channels, coarse.frames()),
        (32_000, 2, 500)
    );
    let error = |(a, b): (&f32, &f32)| (a - b).abs();
    let worst = coarse
        .samples
        .iter()
        .zip(&sound.samples)
        .map(error)
        .fold(0.0, f32::max);
    assert!(worst < 1.0 / 16_000.0, "{worst}");
}

#[test]
fn a_wave_file_that_lies_about_its_length_is_cut() {
    let sound = Sound::mono(16_000, noise(2, 100));
    let mut bytes = write_wav(&sound, Depth::Int16);
    bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(read_wav(&bytes).unwrap().frames(), 100);
    bytes.truncate(20);
    assert_eq!(read_wav(&bytes), Err(WavError::NotWave));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(read_wav(&tail));
        let mut bytes = b"RIFF\x00\x00\x00\x00WAVE".to_vec();
        bytes.extend(&tail);
        drop(read_wav(&bytes));
        let mut bytes = wav_header(8000, 1, 10, Depth::Int16).to_vec();
        for (i, b) in tail.iter().enumerate() {
            bytes[12 + i % 32] ^= b & if i % 3 == 0 { 255 } else { 0 };
        }
        bytes.extend(tail);
        drop(read_wav(&bytes));
    }
}

#[test]
fn resampling_keeps_a_tone_and_its_place() {
    for from in [16_000, 22_050, 24_000, 32_000, 44_100] {
        let tone = Sound::mono(from, sine(from, 1000.0, 0.5, from as usize));
        let out = resample(&tone, RATE);
        assert_eq!(out.frames(), RATE as usize);
        let wanted = sine(RATE, 1000.0, 0.5, RATE as usize);
        let error = |i: usize| (out.samples[i] - wanted[i]).abs();
        let worst = (2000..46_000).map(error).fold(0.0, f32::max);
        assert!(worst < 2e-4, "{from}: {worst}");
    }
}

#[test]
fn resampling_removes_what_the_new_rate_cannot_hold() {
    let tone = Sound::mono(RATE, sine(RATE, 9000.0, 0.5, RATE as usize));
    let out = resample(&tone, 16_000);
    assert!(rms_db(&out.samples[1000..15_000]) < -85.0);
    let stereo = Sound {
        rate: RATE,
        channels: 2,
        samples: vec![0.25; 2000],
    };
    let out = resample(&stereo, 32_000);
    assert_eq!((out.channels, out.frames()), (2, 667));
    assert!((out.samples[600] - 0.25).abs() < 1e-4);
}

#[test]
fn trimming_finds_the_sound_between_silences() {
    let mut samples = vec![0.0; 4800];
    samples.extend(sine(RATE, 440.0, 0.3, 9600));
    samples.extend(vec![0.0; 2400]);
    let mut sound = Sound::mono(RATE, samples);
    let cut = trim(&mut sound, -50.0, 20);
    assert_eq!(cut, 4800 - 960);
    assert_eq!(sound.frames(), 9600 + 2 * 960);
    let mut quiet = Sound::silence(RATE, 1, 1000);
    trim(&mut quiet, -50.0, 5);
    assert!(quiet.frames() <= 480);
}

#[test]
fn levels_of_scenes_come_out_equal() {
    for gain in [0.05, 0.3, 3.0] {
        let mut scene = babble(4);
        scene.gain(gain);
        equalise(&mut scene, -18.0);
        assert!((loudness(&scene).unwrap() + 18.0).abs() < 0.05);
    }
    assert_eq!(
        loudness(&Sound::silence(RATE, 1, 48_000)),
        Err(LoudnessError::Silent)
    );
}

#[test]
fn polish_softens_sibilants_and_narrows_the_range() {
    let mut raw = babble(6);
    raw.gain(0.3);
    let done = polish(raw.clone());
    assert_eq!(done.frames(), raw.frames());
    assert!((loudness(&done).unwrap() - loudness(&raw).unwrap()).abs() < 0.1);
    assert!(done.peak() < 1.0);

    // Levels of one loud vowel (the ninth burst) and the soft one after it.
    let burst = 8640 + 3840 + 1920;
    let level =
        |sound: &Sound, i: usize| rms_db(&sound.samples[i * burst + 2000..i * burst + 8000]);
    let range = |sound: &Sound| level(sound, 8) - level(sound, 9);
    assert!(
        range(&raw) - range(&done) > 2.5,
        "{} → {}",
        range(&raw),
        range(&done)
    );

    // A sharp hiss comes down against one that was soft already.
    let change = |level| {
        let mut raw = hissing(4, level);
        raw.gain(0.3);
        peak_db(&sharp(&polish(raw.clone()))) - peak_db(&sharp(&raw))
    };
    assert!(
        change(0.5) < change(0.02) - 4.0,
        "{} and {}",
        change(0.5),
        change(0.02)
    );
    let rumble = |sound: &Sound| {
        let mut low = Biquad::low_pass(Corner {
            rate: RATE,
            hertz: 40.0,
            q: 0.7,
        });
        let part: Vec<f32> = sound
            .samples
            .iter()
            .map(|s| low.step(f64::from(*s)) as f32)
            .collect();
        rms_db(&part)
    };
    let mut hum = raw;
    let hums = sine(RATE, 30.0, 0.05, hum.frames());
    hum.samples.iter_mut().zip(hums).for_each(|(s, h)| *s += h);
    assert!(rumble(&polish(hum.clone())) < rumble(&hum) - 10.0);
}

#[test]
fn a_bed_is_the_same_for_the_same_seed_and_calm() {
    let one = bed(3);
    assert_eq!(one, bed(3));
    assert_ne!(one.samples[..48_000], bed(4).samples[..48_000]);
    for seed in 0..5 {
        let sound = bed(seed);
        let seconds = sound.millis() / 1000;
        assert!((40..80).contains(&seconds), "{seconds} s");
        assert!(sound.peak() <= 0.501 && sound.samples.iter().all(|s| s.is_finite()));
        let mono = sound.to_mono();
        // No hiss, no harshness: the band of consonants stays free for the voice.
        assert!(rms_db(&sharp(&mono)) < rms_db(&mono.samples) - 30.0);
        let seconds: Vec<f32> = mono.samples.chunks(48_000).map(rms_db).collect();
        let whole = rms_db(&mono.samples);
        assert!(
            seconds[..seconds.len() - 1]
                .iter()
                .all(|s| (s - whole).abs() < 8.0),
            "{seconds:?}"
        );
    }
}

#[test]
fn a_bed_loops_without_a_click() {
    for seed in 0..5 {
        let sound = bed(seed);
        let left: Vec<f32> = sound.samples.iter().step_by(2).copied().collect();
        let steps: Vec<f32> = left.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
        let usual = steps.iter().copied().fold(0.0, f32::max);
        let seam = (left[0] - left[left.len() - 1]).abs();
        assert!(
            seam <= usual,
            "seed {seed}: {seam} at the seam, {usual} elsewhere"
        );
    }
}

/// A checksum of the samples at 16 bits: the same on every machine.
#[test]
fn a_bed_has_the_same_bytes_everywhere() {
    let mut bytes = Vec::new();
    Depth::Int16.encode(&bed(0).samples, &mut bytes);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!(hash, 0xcf2a_548b_d19d_15ee);
}

fn tiny_bed() -> Sound {
    let left = sine(RATE, 220.0, 0.2, 96_000);
    Sound {
        rate: RATE,
        channels: 2,
        samples: left.iter().flat_map(|&s| [s, s]).collect(),
    }
}

fn mixed() -> Mix {
    let mut mix = Mix::new(20_000);
    mix.speak(3000, babble(4));
    let mut soft = babble(4);
    soft.gain(0.2);
    mix.speak(11_000, soft);
    mix.lay(tiny_bed());
    mix
}

fn rendered(mix: &Mix) -> Vec<f32> {
    let mut all = Vec::new();
    mix.blocks(|block| {
        all.extend_from_slice(block);
        Ok::<_, Infallible>(())
    })
    .unwrap();
    all
}

#[test]
fn the_bed_steps_back_for_speech_and_returns() {
    let mut mix = mixed();
    assert!(
        mix.balance().speech_over_bed_db >= 12.0,
        "{:?}",
        mix.balance()
    );
    assert_eq!(mix.speaking().ranges().len(), 2);

    // The same mix with narration that is silent after detection shows the bed alone.
    mix.speech.clear();
    let bed = rendered(&mix);
    assert_eq!(bed.len(), 20 * 96_000);
    let level =
        |from: f32, to: f32| rms_db(&bed[(from * 96_000.0) as usize..(to * 96_000.0) as usize]);
    let (pause, under) = (level(9.0, 10.2), level(4.0, 6.0));
    assert!(
        (pause - under - 6.5).abs() < 0.2,
        "{pause} in the pause, {under} under speech"
    );
    assert!(level(0.0, 0.1) < pause - 20.0 && level(19.9, 20.0) < pause - 20.0);
    // Smooth: neighbouring periods of the tone never differ by more than a few per cent.
    let peaks: Vec<f32> = bed
        .chunks(437 * 2)
        .map(|c| c.iter().fold(0.0, |p, s| s.abs().max(p)))
        .collect();
    let steep = peaks[220..2000]
        .windows(2)
        .map(|w| (w[1] / w[0]).max(w[0] / w[1]));
    assert!(steep.fold(0.0, f32::max) < 1.08);
}

#[test]
fn blocks_do_not_depend_on_their_cut() {
    let mix = mixed();
    let whole = rendered(&mix);
    let mut piece = vec![0.0; 2 * 1000];
    mix.bed_at(123_456, &mut piece);
    mix.add_speech(123_456, &mut piece);
    assert_eq!(piece, whole[2 * 123_456..2 * 124_456]);
}

#[test]
fn the_limiter_holds_peaks_between_samples() {
    let ceiling = from_db(-1.5);
    // At a quarter of the rate and an eighth of a turn the samples miss the peak by 3 dB.
    let hidden = |i: usize| (0.99 * (TAU * (i as f64 / 4.0 + 0.125)).sin() * 1.414) as f32;
    let loud = noise(5, 96_000);
    let mut samples: Vec<f32> = (0..48_000)
        .flat_map(|i| {
            if (i / 4000) % 3 == 0 {
                [hidden(i), 0.1]
            } else {
                [loud[i] * 1.5, loud[i]]
            }
        })
        .collect();
    Limiter::new(ceiling).run(&mut samples);
    let (_, peak) = measured(&samples);
    assert!(peak <= -1.4, "{peak} dBTP");
    assert!(peak > -2.5, "{peak} dBTP: cut more than needed");
}

#[test]
fn the_limiter_leaves_quiet_sound_alone() {
    let quiet: Vec<f32> = sine(RATE, 500.0, 0.4, 4800)
        .iter()
        .flat_map(|&s| [s, -s])
        .collect();
    let mut out = quiet.clone();
    out.extend(vec![0.0; Limiter::LATENCY * 2]);
    Limiter::new(0.84).run(&mut out);
    assert_eq!(out[Limiter::LATENCY * 2..], quiet[..]);
}

#[test]
fn a_master_meets_loudness_and_peak() {
    for loud in [true, false] {
        let mut mix = mixed();
        if !loud {
            mix = Mix::new(6000);
            mix.speak(500, babble(3));
        }
        let mut out = Vec::new();
        let done = master(&mix, &|| false, |block: &[f32]| {
            out.extend_from_slice(block);
            Ok::<_, Infallible>(())
        })
        .unwrap();
        assert_eq!(out.len() as u64, mix.frames() * 2);
        let (lufs, peak) = measured(&out);
        assert!((lufs + 14.0).abs() <= 0.5, "{lufs} LUFS");
        assert!((lufs as f32 - done.lufs).abs() < 0.02);
        assert!(peak <= -1.45, "{peak} dBTP");
        assert!(
            (peak as f32 - done.peak_dbtp).abs() < 0.1,
            "{peak} and {}",
            done.peak_dbtp
        );
        assert!(done.balance.speech_over_bed_db >= 12.0);
    }
}

#[test]
fn a_master_stops_when_asked_and_refuses_silence() {
    let sink = |_: &[f32]| Ok::<_, Infallible>(());
    assert_eq!(
        master(&mixed(), &|| true, sink),
        Err(MasterError::Cancelled)
    );
    let silent = master(&Mix::new(1000), &|| false, sink);
    assert_eq!(silent, Err(MasterError::Loudness(LoudnessError::Silent)));
}
