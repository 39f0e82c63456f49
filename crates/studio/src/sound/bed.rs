//! A music bed made for the video: slow chords, a quiet pulse, nothing that asks for attention.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::filter::{Biquad, Corner};
use super::{RATE, Sound, swell};

/// The moods that a seed may choose.
pub const BED_MOODS: [&str; 5] = ["warm", "open", "thoughtful", "night", "bright"];

/// A chord: semitones above the key's root, lowest first.
type Chord = [i32; 5];

struct Mood {
    /// Eight chords, each two bars long.
    chords: [Chord; 8],
    /// Quarter notes a minute.
    tempo: f64,
    /// Steps of the pulse in a bar that sound, of eight.
    pulse: u8,
    /// Where the top is cut, in hertz.
    cutoff: f64,
}

const MOODS: [Mood; 5] = [
    // I maj9 – vi 7 – IV maj7 – V sus – I – iii – IV – V sus
    Mood {
        chords: [
            [-12, 4, 7, 11, 14],
            [-15, 0, 4, 7, 12],
            [-19, 0, 4, 9, 12],
            [-17, 2, 5, 7, 12],
            [-12, 4, 7, 11, 16],
            [-20, 2, 7, 11, 14],
            [-19, 0, 5, 9, 16],
            [-17, 2, 5, 9, 14],
        ],
        tempo: 66.0,
        pulse: 0b0001_0001,
        cutoff: 2400.0,
    },
    // Fifths and ninths without a third: wide, neither glad nor sad.
    Mood {
        chords: [
            [-12, 2, 7, 12, 14],
            [-12, 2, 7, 12, 19],
            [-19, 0, 5, 7, 12],
            [-19, 0, 5, 9, 12],
            [-12, 2, 7, 14, 19],
            [-15, 0, 4, 7, 14],
            [-19, 0, 7, 9, 12],
            [-17, 0, 2, 7, 12],
        ],
        tempo: 60.0,
        pulse: 0b0001_0000,
        cutoff: 2800.0,
    },
    // i – VI – III – VII in minor
    Mood {
        chords: [
            [-12, 3, 7, 10, 14],
            [-16, 0, 3, 8, 12],
            [-21, 3, 7, 10, 15],
            [-14, 2, 5, 10, 14],
            [-12, 3, 7, 10, 15],
            [-16, 0, 3, 7, 12],
            [-19, 0, 5, 8, 12],
            [-17, 2, 5, 10, 12],
        ],
        tempo: 63.0,
        pulse: 0b0001_0001,
        cutoff: 2000.0,
    },
    // Dorian, low and sparse.
    Mood {
        chords: [
            [-12, 3, 7, 9, 14],
            [-12, 2, 5, 9, 14],
            [-14, 2, 5, 9, 12],
            [-19, 0, 5, 9, 14],
            [-12, 3, 7, 10, 14],
            [-9, 3, 7, 10, 14],
            [-14, 2, 5, 10, 14],
            [-19, 0, 3, 9, 12],
        ],
        tempo: 58.0,
        pulse: 0b0000_0001,
        cutoff: 1700.0,
    },
    // I – V – vi – IV with sixths
    Mood {
        chords: [
            [-12, 4, 7, 9, 16],
            [-17, 2, 7, 11, 14],
            [-15, 0, 4, 7, 16],
            [-19, 0, 5, 9, 12],
            [-12, 4, 7, 14, 16],
            [-17, 2, 7, 11, 19],
            [-19, 0, 5, 9, 16],
            [-17, 2, 5, 7, 14],
        ],
        tempo: 72.0,
        pulse: 0b0101_0101,
        cutoff: 3000.0,
    },
];

/// A loop of about a minute in stereo at [`RATE`]; its end runs on into its start. The seed
/// chooses mood, key and pattern; the same seed gives the same samples everywhere.
pub fn bed(seed: u64) -> Sound {
    let mut chance = Chance(seed);
    let mood = &MOODS[(seed % MOODS.len() as u64) as usize];
    // Keys around middle C, lower than a voice's consonants: A flat 3 to D 4.
    let root = 56.0 + f64::from(chance.below(7));
    let beat = 60.0 / mood.tempo;
    // The last bar is rounded to whole frames, so that the loop closes exactly.
    let chord_frames = (beat * 8.0 * f64::from(RATE)) as usize;
    let frames = chord_frames * mood.chords.len();
    let mut tape = Tape {
        left: vec![0.0; frames],
        right: vec![0.0; frames],
    };
    for (i, chord) in mood.chords.iter().enumerate() {
        pad(
            &mut tape,
            chord,
            root,
            (i * chord_frames, chord_frames),
            &mut chance,
        );
        pulse(
            &mut tape,
            mood,
            (chord, root),
            (i * chord_frames, chord_frames),
            &mut chance,
        );
    }
    tape.soften(mood.cutoff);
    tape.room();
    tape.into_sound()
}

/// A small generator (`SplitMix64`): chance that follows from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound)) as u32
    }

    /// −1 to 1.
    fn spread(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// The loop while it is made. What runs over its end is written at its start.
struct Tape {
    left: Vec<f32>,
    right: Vec<f32>,
}

/// A tone: where, how high, how loud, how it swells and fades.
struct Tone {
    start: usize,
    hertz: f64,
    gain: f64,
    /// −1 is left, 1 is right.
    pan: f64,
    /// Frames until it is full, how long it stays, and until it is gone.
    shape: [usize; 3],
    /// Strengths of the overtones from the fundamental up.
    overtones: [f64; 4],
    /// A struck tone dies away exponentially while it stays.
    struck: bool,
}

fn pad(
    tape: &mut Tape,
    chord: &Chord,
    root: f64,
    (start, len): (usize, usize),
    chance: &mut Chance,
) {
    let attack = len * 3 / 10;
    for (voice, &step) in chord.iter().enumerate() {
        let bass = voice == 0;
        let hertz = pitch(root + f64::from(step));
        // Two tones a few cents apart breathe slowly against each other.
        for side in [-1.0, 1.0] {
            let cents = side * (2.5 + chance.spread());
            tape.add(&Tone {
                start: start + (chance.below(2400) as usize),
                hertz: hertz * libm::pow(2.0, cents / 1200.0),
                gain: if bass { 0.16 } else { 0.085 },
                pan: if bass {
                    0.0
                } else {
                    side * (0.25 + 0.12 * voice as f64)
                },
                shape: [attack, len - attack, len * 45 / 100],
                overtones: if bass {
                    [1.0, 0.35, 0.10, 0.03]
                } else {
                    [1.0, 0.28, 0.12, 0.05]
                },
                struck: false,
            });
        }
    }
}

fn pulse(
    tape: &mut Tape,
    mood: &Mood,
    (chord, root): (&Chord, f64),
    (start, len): (usize, usize),
    chance: &mut Chance,
) {
    let step = len / 16;
    let order = chance.below(3) as usize;
    for i in 0..16 {
        if mood.pulse >> (i % 8) & 1 == 0 {
            continue;
        }
        let voice = 1 + (i / 2 + order) % 4;
        tape.add(&Tone {
            // A hand is never exact: up to 8 ms.
            start: start + i * step + chance.below(384) as usize,
            hertz: pitch(root + 12.0 + f64::from(chord[voice])),
            gain: 0.05 * (1.0 + 0.3 * chance.spread()),
            pan: 0.5 * chance.spread(),
            shape: [700, RATE as usize * 2, 9600],
            overtones: [1.0, 0.15, 0.08, 0.0],
            struck: true,
        });
    }
}

/// The frequency of a MIDI note number.
fn pitch(note: f64) -> f64 {
    440.0 * libm::pow(2.0, (note - 69.0) / 12.0)
}

impl Tape {
    fn add(&mut self, tone: &Tone) {
        let [attack, stay, release] = tone.shape;
        let total = attack + stay + release;
        let angle = (tone.pan + 1.0) * PI / 4.0;
        let (left, right) = (libm::cos(angle) as f32, libm::sin(angle) as f32);
        // Half-life of a struck tone: 0.35 s.
        let fade = libm::pow(0.5, 1.0 / (0.35 * f64::from(RATE)));
        let mut dying = 1.0;
        let mut partials: Vec<Partial> = (1..=4)
            .zip(tone.overtones)
            .filter(|&(n, strength)| strength > 0.0 && tone.hertz * f64::from(n) < 8000.0)
            .map(|(n, strength)| Partial::new(tone.hertz * f64::from(n), strength))
            .collect();
        let frames = self.left.len();
        for i in 0..total {
            let wave: f64 = partials.iter_mut().map(Partial::step).sum();
            let envelope = if i < attack {
                swell(i as f32 / attack as f32)
            } else if i < attack + stay {
                1.0
            } else {
                swell((total - i) as f32 / release as f32)
            };
            if tone.struck {
                dying *= fade;
            }
            let s = (wave * tone.gain * dying) as f32 * envelope;
            let at = (tone.start + i) % frames;
            self.left[at] += s * left;
            self.right[at] += s * right;
        }
    }

    /// Cuts the top off, going round the loop twice so that the filter's past is the loop's end.
    fn soften(&mut self, hertz: f64) {
        let corner = |hertz| Corner {
            rate: RATE,
            hertz,
            q: FRAC_1_SQRT_2,
        };
        for side in [&mut self.left, &mut self.right] {
            let mut low = Biquad::low_pass(corner(hertz));
            let mut high = Biquad::high_pass(corner(45.0));
            let warm = side.len().saturating_sub(RATE as usize);
            for &s in &side[warm..] {
                high.step(low.step(f64::from(s)));
            }
            for s in side.iter_mut() {
                *s = high.step(low.step(f64::from(*s))) as f32;
            }
        }
    }

    /// A soft room: four delays that feed each other, after Jot; a fifth of it is mixed in.
    fn room(&mut self) {
        const DELAYS: [usize; 4] = [1687, 2053, 2411, 2803];
        const FEEDBACK: f32 = 0.36;
        const SHARE: f32 = 0.5;
        let frames = self.left.len();
        let mut lines: Vec<Vec<f32>> = DELAYS.iter().map(|&len| vec![0.0; len]).collect();
        let mut damp = [0.0_f32; 4];
        // Three seconds of the loop's end fill the room before its start.
        let warm = frames.saturating_sub(RATE as usize * 3);
        let order = (warm..frames)
            .map(|i| (i, false))
            .chain((0..frames).map(|i| (i, true)));
        for (clock, (i, write)) in order.enumerate() {
            let mut heard = [0.0_f32; 4];
            for (k, line) in lines.iter().enumerate() {
                // Each pass loses some of its top, as walls do.
                damp[k] += 0.35 * (line[clock % DELAYS[k]] - damp[k]);
                heard[k] = damp[k];
            }
            let half: f32 = heard.iter().sum::<f32>() / 2.0;
            let (l, r) = (self.left[i], self.right[i]);
            for (k, line) in lines.iter_mut().enumerate() {
                let dry = if k % 2 == 0 { l } else { r };
                // A Householder mix keeps the energy; the feedback lets it die in about 1.5 s.
                line[clock % DELAYS[k]] = dry * 0.5 + (half - heard[k]) * (FEEDBACK * 2.2);
            }
            if write {
                self.left[i] = l + SHARE * (heard[0] + heard[2]);
                self.right[i] = r + SHARE * (heard[1] + heard[3]);
            }
        }
    }

    fn into_sound(self) -> Sound {
        let samples = self
            .left
            .iter()
            .zip(&self.right)
            .flat_map(|(&l, &r)| [l, r])
            .collect();
        let mut sound = Sound {
            rate: RATE,
            channels: 2,
            samples,
        };
        let peak = sound.peak();
        if peak > 0.0 {
            // −6 dB: the mix sets the level that counts.
            sound.gain(0.5 / peak);
        }
        sound
    }
}

/// A sine by rotation of a unit vector: no library function whose last bit differs between
/// machines.
struct Partial {
    x: f64,
    y: f64,
    cos: f64,
    sin: f64,
    strength: f64,
}

impl Partial {
    fn new(hertz: f64, strength: f64) -> Self {
        let w = 2.0 * PI * hertz / f64::from(RATE);
        Self {
            x: 1.0,
            y: 0.0,
            cos: libm::cos(w),
            sin: libm::sin(w),
            strength,
        }
    }

    fn step(&mut self) -> f64 {
        let y = self.y;
        (self.x, self.y) = (
            self.x * self.cos - y * self.sin,
            self.x * self.sin + y * self.cos,
        );
        y * self.strength
    }
}
