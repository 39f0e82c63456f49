//! Other ways to make the same film, in the same run.
//!
//! Every contestant encodes with x264 superfast CRF 20, also those that ship with slower
//! settings: what differs is how they make frames. Slow ones make a shorter piece; all are
//! compared by the frame.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use studio::caption::{CaptionLimits, group};
use ytempire_core::brief::Format;

use crate::film::{self, Case};
use crate::meter::{self, Taken};
use crate::table::{markdown, mebibytes, median, per_frame, ratio_per_frame, seconds};
use crate::{compose, machine};

/// What is measured and how often.
#[derive(Args, Debug)]
pub(crate) struct Peers {
    /// Folder into which `crates/bench/peers/setup` installed them
    #[arg(long = "peers", default_value = "target/peers")]
    installed: PathBuf,
    /// About how many frames ours and ffmpeg make
    #[arg(long, default_value_t = 720)]
    frames: u32,
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// A contestant.
struct Peer {
    name: &'static str,
    /// What it makes, and how many frames that are.
    commands: Vec<(Command, u32)>,
    runs: Vec<Taken>,
    /// Why it can't run.
    trouble: Option<String>,
}

/// Frames that the four steps make: two pictures of a second and a half.
const FOUR_STEPS_FRAMES: u32 = 90;
/// Frames of Remotion's long run and of its short one; the difference is free of its start.
const REMOTION_FRAMES: (u32, u32) = (160, 10);
/// The first of them: half a second of crossfade is among them.
const REMOTION_FIRST: u32 = 90;

impl Peers {
    pub(crate) fn run(&self) -> Result<()> {
        let pictures = compose::pictures()?;
        let images = images(&pictures)?;
        let out = crate::fresh_folder("peers")?;
        let before = machine::load();
        let mut peers = [
            self.ours(&pictures, &out)?,
            self.graph(&images, &out)?,
            self.remotion(&images, &out)?,
            self.four_steps(&images, &out)?,
        ];
        for round in 0..self.rounds {
            for peer in &mut peers {
                if peer.trouble.is_some() {
                    continue;
                }
                eprintln!("round {}: {}", round + 1, peer.name);
                match peer.run_once() {
                    Ok(taken) => peer.runs.push(taken),
                    Err(error) => peer.trouble = Some(format!("{error:#}")),
                }
            }
        }
        let ours = &peers[0];
        let frames = ours.frames();
        let rows: Vec<_> = peers
            .iter()
            .map(|peer| peer.row((&ours.runs, frames)))
            .collect();
        println!(
            "\nThe same film by other means, medians of {} rounds, load {before} to {}\n",
            self.rounds,
            machine::load()
        );
        let head = ["", "frames", "CPU ms/frame", "× ours", "wall s", "peak MiB"];
        println!("{}", markdown(&head, &rows));
        for peer in &peers {
            if let Some(trouble) = &peer.trouble {
                eprintln!("{}: {trouble}", peer.name);
            }
        }
        Ok(())
    }

    fn ours(&self, pictures: &Path, out: &Path) -> Result<Peer> {
        let film = film::Film::open(Case::Pictures, self.frames, pictures)?;
        let segments = out.join("ours");
        std::fs::create_dir_all(&segments)?;
        let mut draw = compose::draw(Case::Pictures, self.frames, pictures)?;
        draw.arg("--encode").arg(segments).arg("--ingest");
        Ok(Peer::new(
            "ours, with decoding the pictures",
            vec![(draw, film.frames())],
        ))
    }

    /// One ffmpeg filter graph: zoompan, xfade, ass.
    fn graph(&self, images: &[PathBuf], out: &Path) -> Result<Peer> {
        let scenes = self.frames.div_ceil(180).min(10) as usize;
        let subtitles = out.join("captions.ass");
        std::fs::write(&subtitles, captions(scenes)?)?;
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-hide_banner", "-v", "error", "-y"]);
        let mut graph = String::new();
        for (index, image) in images.iter().take(scenes).enumerate() {
            command.arg("-i").arg(image);
            // A fade needs half a second of the scene before it as well.
            let frames = if index + 1 == scenes { 180 } else { 195 };
            write!(
                graph,
                "[{index}]zoompan=z='1+0.115*on/{frames}':x='iw/2-(iw/zoom/2)':\
                 y='ih/2-(ih/zoom/2)':d={frames}:s=1920x1080:fps=30,format=yuv420p[v{index}];"
            )?;
        }
        let mut last = "v0".to_owned();
        for index in 1..scenes {
            let at = index * 6;
            write!(
                graph,
                "[{last}][v{index}]xfade=duration=0.5:offset={at}[x{index}];"
            )?;
            last = format!("x{index}");
        }
        write!(
            graph,
            "[{last}]ass={},format=yuv420p[out]",
            subtitles.display()
        )?;
        command
            .args(["-filter_complex", &graph, "-map", "[out]"])
            .args([
                "-c:v",
                "libx264",
                "-preset",
                "superfast",
                "-crf",
                "20",
                "-profile:v",
                "high",
            ])
            .args([
                "-bf", "2", "-maxrate", "12M", "-bufsize", "24M", "-g", "60", "-threads", "1",
            ])
            .arg(out.join("graph.mp4"));
        let frames = scenes as u32 * 180;
        Ok(Peer::new(
            "ffmpeg, one zoompan graph",
            vec![(command, frames)],
        ))
    }

    fn remotion(&self, images: &[PathBuf], out: &Path) -> Result<Peer> {
        let folder = self.installed.join("remotion");
        let browser = ["chromium-headless-shell", "chromium"]
            .map(|name| Path::new("/usr/bin").join(name))
            .into_iter()
            .find(|path| path.exists());
        let mut peer = Peer::new("Remotion 4, headless Chromium", vec![]);
        let Some(browser) = browser.filter(|_| folder.join("node_modules").exists()) else {
            peer.trouble = Some("not installed".to_owned());
            return Ok(peer);
        };
        let pictures = images[0].parent().context("pictures lie in a folder")?;
        for count in [REMOTION_FRAMES.0, REMOTION_FRAMES.1] {
            let mut command = Command::new("node");
            command
                .current_dir(&folder)
                .arg("render.js")
                .arg(pictures)
                .arg(out.join("remotion.mp4"))
                .arg(REMOTION_FIRST.to_string())
                .arg((REMOTION_FIRST + count - 1).to_string())
                .args(["superfast", "20"])
                .arg(&browser);
            peer.commands.push((command, count));
        }
        Ok(peer)
    }

    fn four_steps(&self, images: &[PathBuf], out: &Path) -> Result<Peer> {
        let python = std::path::absolute(self.installed.join("venv/bin/python"))?;
        let script = std::path::absolute("crates/bench/peers/four_steps.py")?;
        let work = out.join("steps");
        std::fs::create_dir_all(&work)?;
        let mut command = Command::new(&python);
        command
            .arg(script)
            .arg(work)
            .args(["1.5", "superfast", "20"])
            .args(&images[..2]);
        let name = "MoviePy 2.1.2 in MoneyPrinterTurbo's four steps";
        let mut peer = Peer::new(name, vec![(command, FOUR_STEPS_FRAMES)]);
        if !python.exists() {
            peer.trouble = Some("not installed".to_owned());
        }
        Ok(peer)
    }
}

impl Peer {
    fn new(name: &'static str, commands: Vec<(Command, u32)>) -> Self {
        Self {
            name,
            commands,
            runs: Vec::new(),
            trouble: None,
        }
    }

    /// Frames that a run stands for.
    fn frames(&self) -> u32 {
        let mut frames = self.commands.iter().map(|(_, frames)| *frames);
        let first = frames.next().unwrap_or_default();
        first - frames.next().unwrap_or_default()
    }

    /// Runs its command, or both of them: then what the long run took beyond the short one.
    fn run_once(&mut self) -> Result<Taken> {
        let mut taken = Taken::default();
        for (at, (command, _)) in self.commands.iter_mut().enumerate() {
            let run = meter::run(command)?;
            taken = match at {
                0 => run,
                _ => Taken {
                    wall: taken.wall.saturating_sub(run.wall),
                    cpu: taken.cpu.saturating_sub(run.cpu),
                    memory_peak: taken.memory_peak,
                },
            };
        }
        Ok(taken)
    }

    fn row(&self, ours: (&[Taken], u32)) -> Vec<String> {
        let frames = self.frames();
        if self.trouble.is_some() || self.runs.is_empty() {
            let unknown = || "could not run".to_owned();
            return vec![
                self.name.to_owned(),
                unknown(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ];
        }
        let taken = median(&self.runs);
        vec![
            self.name.to_owned(),
            frames.to_string(),
            per_frame(taken.cpu, frames),
            format!("{:.2}", ratio_per_frame((&self.runs, frames), ours)),
            seconds(taken.wall),
            mebibytes(taken.memory_peak),
        ]
    }
}

/// The pictures as PNG files.
pub(crate) fn images(pictures: &Path) -> Result<Vec<PathBuf>> {
    let image = |index: u32| {
        let path = pictures.join(format!("{index}.png"));
        if !path.exists() {
            to_png(&crate::picture::draw(index), &path)?;
        }
        Ok(path)
    };
    (0..10).map(image).collect()
}

/// Writes a picture as PNG.
pub(crate) fn to_png(picture: &studio::Rgba, path: &Path) -> Result<()> {
    let raw = path.with_extension("rgba");
    std::fs::write(&raw, &picture.bytes)?;
    let size = format!("{}x{}", picture.width, picture.height);
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-y", "-f", "rawvideo"])
        .args(["-pix_fmt", "rgba", "-s", &size, "-i"])
        .arg(&raw)
        .args(["-frames:v", "1", "-pix_fmt", "rgb24"])
        .arg(path);
    meter::run(&mut command)?;
    Ok(std::fs::remove_file(raw)?)
}

/// The captions of the first scenes as an ASS file with karaoke marks.
fn captions(scenes: usize) -> Result<String> {
    let mut text = "[Script Info]\nPlayResX: 1920\nPlayResY: 1080\n\n[V4+ Styles]\n\
        Format: Name,Fontname,Fontsize,PrimaryColour,SecondaryColour,OutlineColour,Bold,\
        BorderStyle,Outline,Alignment,MarginV\n\
        Style: C,DejaVu Sans,60,&H0000C8FF,&H00FFFFFF,&H00000000,1,1,3,2,110\n\n[Events]\n\
        Format: Start,End,Style,Text\n"
        .to_owned();
    let stamp = |ms: u32| {
        let (s, cs) = (ms / 1000, ms % 1000 / 10);
        format!("0:{:02}:{:02}.{cs:02}", s / 60, s % 60)
    };
    for scene in 0..scenes {
        let begin = scene as u32 * 6000 + 350;
        let words = film::picture_words(5_000);
        for caption in group(&words, CaptionLimits::of(Format::Landscape)) {
            let (from, to) = (begin + caption.start_ms, begin + caption.end_ms);
            write!(text, "Dialogue: {},{},C,", stamp(from), stamp(to))?;
            for word in caption.words() {
                let cs = (word.end_ms - word.start_ms) / 10 + 3;
                write!(text, "{{\\k{cs}}}{} ", word.text)?;
            }
            text.push('\n');
        }
    }
    Ok(text)
}
