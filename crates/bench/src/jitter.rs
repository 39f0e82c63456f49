//! Whether a slow zoom shakes: dots that move with the picture, tracked to parts of a pixel.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use studio::paint::{PaintScene, Painter};
use studio::timeline::Transition;
use studio::{Backdrop, Rect, Rgba, Shot, Yuv420};

use crate::film::CANVAS;
use crate::picture::{HEIGHT, WIDTH};
use crate::table::markdown;
use crate::{machine, meter, peers};

/// Frames of the zoom.
const FRAMES: u32 = 155;
/// Pixels from a dot's middle to where it has 61 % of its brightness. So wide that whole grey
/// levels hide its middle by 0.003 pixels at most; narrow ones seem to shake by themselves.
const SPREAD: f64 = 10.0;
/// Half the side of the square within which a dot is looked for.
const REACH: usize = 40;
/// How far the zoom goes.
const ZOOM: f64 = 1.15;

/// How a zoom's steadiness is measured.
#[derive(Args, Debug)]
pub(crate) struct Jitter {
    /// Folder into which `crates/bench/peers/setup` installed the peers
    #[arg(long = "peers", default_value = "target/peers")]
    installed: PathBuf,
}

impl Jitter {
    pub(crate) fn run(&self) -> Result<()> {
        let folder = crate::fresh_folder("jitter")?;
        let picture = dotted();
        let png = folder.join("dots.png");
        peers::to_png(&picture, &png)?;
        let raw = folder.join("frames.gray");
        let mut rows = vec![row("ours", &ours(&picture))];
        let zoompan = format!(
            "zoompan=z='1+{}*on/{FRAMES}':x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)':\
             d={FRAMES}:s=1920x1080:fps=30,format=gray",
            ZOOM - 1.0
        );
        meter::run(
            Command::new("ffmpeg")
                .args(["-nostdin", "-v", "error", "-y", "-i"])
                .arg(&png)
                .args(["-vf", &zoompan, "-f", "rawvideo"])
                .arg(&raw),
        )?;
        rows.push(row("ffmpeg's zoompan", &track_file(&raw)?));
        let python = std::path::absolute(self.installed.join("venv/bin/python"))?;
        let script = "crates/bench/peers/moviepy_frames.py";
        let moviepy = meter::run(
            Command::new(&python)
                .arg(script)
                .arg(&png)
                .arg(FRAMES.to_string())
                .arg(&raw),
        );
        match moviepy {
            Ok(_) => rows.push(row("MoviePy's `resized`", &track_file(&raw)?)),
            Err(error) => {
                eprintln!("MoviePy: {error:#}");
                let name = "MoviePy's `resized`".to_owned();
                rows.push(vec![
                    name,
                    "could not run".to_owned(),
                    String::new(),
                    String::new(),
                ]);
            }
        }
        println!(
            "\nA slow zoom, {FRAMES} frames, 20 dots tracked, load {}\n",
            machine::load()
        );
        let head = [
            "",
            "px/frame², median dot",
            "px/frame², all dots together",
            "frames in which it turns back, median dot",
        ];
        println!("{}", markdown(&head, &rows));
        Ok(())
    }
}

/// Where each dot is in each frame.
type Tracks = Vec<[Vec<f64>; 2]>;

fn row(name: &str, tracks: &Tracks) -> Vec<String> {
    let mut shakes = Vec::new();
    let mut turns = Vec::new();
    for axis in tracks.iter().flatten() {
        let speeds = differences(axis);
        shakes.push(shake(axis));
        let way = (axis[axis.len() - 1] - axis[0]).signum();
        turns.push(speeds.iter().filter(|speed| **speed * way < -0.01).count());
    }
    shakes.sort_by(f64::total_cmp);
    turns.sort_unstable();
    vec![
        name.to_owned(),
        format!("{:.4}", shakes[shakes.len() / 2]),
        format!(
            "{:.4}",
            [0, 1]
                .map(|axis| together(tracks, axis))
                .iter()
                .sum::<f64>()
                / 2.0
        ),
        turns[turns.len() / 2].to_string(),
    ]
}

fn differences(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The mean change of speed along a path.
fn shake(path: &[f64]) -> f64 {
    let jumps = differences(&differences(path));
    jumps.iter().map(|jump| jump.abs()).sum::<f64>() / jumps.len() as f64
}

/// How the picture shakes as a whole: the middle of all dots. Whole grey levels hide a single dot's
/// place, each dot's in another way; what moves them all alike is left.
fn together(tracks: &Tracks, axis: usize) -> f64 {
    let frames = tracks.iter().map(|dot| dot[axis].len()).min().unwrap_or(0);
    let middle =
        |frame: usize| tracks.iter().map(|dot| dot[axis][frame]).sum::<f64>() / tracks.len() as f64;
    shake(&(0..frames).map(middle).collect::<Vec<_>>())
}

/// Where the dots stand in the picture: five by four, away from its middle and its edges.
fn dots() -> impl Iterator<Item = [f64; 2]> {
    (0..20_u32).map(|i| {
        [
            1_100.3 + 151.7 * f64::from(i % 5),
            640.6 + 103.3 * f64::from(i / 5),
        ]
    })
}

fn dotted() -> Rgba {
    let mut picture = Rgba::clear(WIDTH, HEIGHT);
    picture
        .bytes
        .chunks_exact_mut(4)
        .for_each(|texel| texel.copy_from_slice(&[0, 0, 0, 255]));
    for [middle_x, middle_y] in dots() {
        let (left, top) = (middle_x as u32 - 50, middle_y as u32 - 50);
        for (x, y) in (0..100 * 100).map(|i| (left + i % 100, top + i / 100)) {
            let (dx, dy) = (f64::from(x) - middle_x, f64::from(y) - middle_y);
            let light = (-(dx * dx + dy * dy) / (2.0 * SPREAD * SPREAD)).exp() * 255.0;
            let at = ((y * WIDTH + x) * 4) as usize;
            for channel in &mut picture.bytes[at..at + 3] {
                *channel = channel.saturating_add(light.round() as u8);
            }
        }
    }
    picture
}

/// Tracks dots from frame to frame.
struct Tracker {
    places: Vec<[f64; 2]>,
    tracks: Tracks,
}

impl Tracker {
    fn new() -> Self {
        let scale = f64::from(CANVAS.width) / f64::from(WIDTH);
        let places: Vec<_> = dots().map(|dot| dot.map(|at| at * scale)).collect();
        let tracks = places.iter().map(|_| [Vec::new(), Vec::new()]).collect();
        Self { places, tracks }
    }

    /// Takes a frame of grey levels in which `black` is black.
    fn take(&mut self, luma: &[u8], black: u8) {
        for (place, track) in self.places.iter_mut().zip(&mut self.tracks) {
            let [left, top] = place.map(|at| at.round() as usize - REACH);
            let side = 2 * REACH + 1;
            let (mut sum, mut moments) = (0.0, [0.0, 0.0]);
            for (x, y) in (0..side * side).map(|i| (left + i % side, top + i / side)) {
                let light = luma[y * CANVAS.width as usize + x];
                let weight = f64::from(light.saturating_sub(black));
                sum += weight;
                moments = [
                    moments[0] + weight * x as f64,
                    moments[1] + weight * y as f64,
                ];
            }
            *place = moments.map(|moment| moment / sum);
            for (track, at) in track.iter_mut().zip(*place) {
                track.push(at);
            }
        }
    }
}

fn ours(picture: &Rgba) -> Tracks {
    let (width, height) = (f64::from(WIDTH), f64::from(HEIGHT));
    let (near_w, near_h) = (width / ZOOM, height / ZOOM);
    let backdrop = Backdrop::Still {
        picture: Arc::new(picture.to_yuv420()),
        from: [0.0, 0.0, width, height],
        to: [
            (width - near_w) / 2.0,
            (height - near_h) / 2.0,
            near_w,
            near_h,
        ],
    };
    let shot = Shot {
        backdrop,
        layers: Vec::new(),
        texts: Vec::new(),
        caption_area: Rect::default(),
    };
    let scene = PaintScene {
        shot,
        captions: None,
        frames: FRAMES,
    };
    let mut painter = Painter::new(CANVAS, scene, None, Transition::Cut);
    let mut out = Yuv420::black(CANVAS.width, CANVAS.height);
    let mut tracker = Tracker::new();
    for frame in 0..FRAMES {
        painter.paint(frame, None, &mut out);
        tracker.take(out.planes()[0], 17);
    }
    tracker.tracks
}

/// Tracks the dots through raw grey frames.
fn track_file(path: &Path) -> Result<Tracks> {
    let mut file = std::fs::File::open(path)?;
    let mut frame = vec![0; (CANVAS.width * CANVAS.height) as usize];
    let mut tracker = Tracker::new();
    for _ in 0..FRAMES {
        file.read_exact(&mut frame).context("too few frames")?;
        tracker.take(&frame, 1);
    }
    Ok(tracker.tracks)
}
