//! Our painter and encoder against the encoder alone on the same frames.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use media::encode::{Preset, Settings, arguments};

use crate::film::{CANVAS, Case, Film};
use crate::meter::{self, Taken};
use crate::table::{markdown, mebibytes, median, per_frame, ratio, seconds};
use crate::{draw, machine, picture};

/// What is measured and how often.
#[derive(Args, Debug)]
pub(crate) struct Compose {
    /// About how many frames; 1800 raw ones take 5.6 GB of memory
    #[arg(long, default_value_t = 1800)]
    frames: u32,
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leave out the comparison of the encoder's presets
    #[arg(long)]
    no_presets: bool,
}

/// One film with what its contestants need.
struct Arena {
    case: Case,
    frames: u32,
    pictures: PathBuf,
    raw: PathBuf,
}

impl Compose {
    pub(crate) fn run(&self) -> Result<()> {
        let pictures = pictures()?;
        for case in [Case::Pictures, Case::Cards] {
            let arena = Arena::set_up(case, self.frames, &pictures)?;
            arena.compete(self.rounds)?;
            if case == Case::Pictures && !self.no_presets {
                arena.presets(self.rounds)?;
            }
            std::fs::remove_file(&arena.raw)?;
        }
        Ok(())
    }
}

/// The folder with the pictures, which are made if they aren't there.
pub(crate) fn pictures() -> Result<PathBuf> {
    let folder = crate::work_folder()?.join("pictures");
    std::fs::create_dir_all(&folder)?;
    for index in 0..10 {
        let path = folder.join(format!("{index}.yuv"));
        if !path.exists() {
            std::fs::write(&path, picture::yuv(index).bytes())?;
        }
    }
    Ok(folder)
}

/// This program as a contestant that draws `case`.
pub(crate) fn draw(case: Case, frames: u32, pictures: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let name = match case {
        Case::Pictures => "pictures",
        Case::Cards => "cards",
    };
    command
        .args(["draw", name, "--frames", &frames.to_string(), "--pictures"])
        .arg(pictures);
    Ok(command)
}

/// The encoder alone, reading raw frames, on as many threads as ours.
fn bare(settings: &Settings, raw: &Path, out: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-hide_banner", "-v", "error", "-nostats", "-y"])
        .args(["-filter_threads", "1", "-filter_complex_threads", "1"])
        .args(["-threads", "1"])
        .args(arguments(settings, CANVAS, raw.into()))
        .arg(out);
    command
}

impl Arena {
    fn set_up(case: Case, frames: u32, pictures: &Path) -> Result<Self> {
        let film = Film::open(case, frames, pictures)?;
        let raw = crate::work_folder()?.join("frames.yuv");
        meter::run(draw(case, frames, pictures)?.arg("--raw").arg(&raw))?;
        let bytes = std::fs::metadata(&raw)?.len();
        let frame = u64::from(CANVAS.width * CANVAS.height) * 3 / 2;
        anyhow::ensure!(
            bytes == u64::from(film.frames()) * frame,
            "the raw frames are not as many as the film's"
        );
        Ok(Self {
            case,
            frames,
            pictures: pictures.to_owned(),
            raw,
        })
    }

    fn compete(&self, rounds: usize) -> Result<()> {
        let film = Film::open(self.case, self.frames, &self.pictures)?;
        let frames = film.frames();
        let out = crate::fresh_folder("out")?;
        let segments = crate::fresh_folder("segments")?;
        let draw = || draw(self.case, self.frames, &self.pictures);
        let before = machine::load();
        let [mut bare_runs, mut ours, mut alone, mut two] = [const { Vec::new() }; 4];
        let whole = out.join("bare.mp4");
        for _ in 0..rounds {
            bare_runs.push(meter::run(&mut bare(&draw::settings(), &self.raw, &whole))?);
            ours.push(meter::run(draw()?.arg("--encode").arg(&segments))?);
            alone.push(meter::run(&mut draw()?)?);
            let jobs = ["--jobs", "2"];
            two.push(meter::run(
                draw()?.arg("--encode").arg(&segments).args(jobs),
            )?);
        }
        let size = |files: &mut dyn Iterator<Item = PathBuf>| {
            files
                .map(|file| std::fs::metadata(file).map_or(0, |m| m.len()))
                .sum()
        };
        let scenes = film.scenes();
        let ours_size = size(&mut (0..scenes).map(|i| segments.join(format!("{i:02}.mp4"))));
        let row = |name: &str, runs: &[Taken], bytes: u64| {
            let taken = median(runs);
            vec![
                name.to_owned(),
                seconds(taken.cpu),
                per_frame(taken.cpu, frames),
                format!("{:.3}", ratio(runs, &bare_runs)),
                seconds(taken.wall),
                mebibytes(taken.memory_peak),
                mebibytes(bytes),
            ]
        };
        let rows = [
            row(
                "the encoder alone, one file",
                &bare_runs,
                size(&mut [whole].into_iter()),
            ),
            row("ours, one segment at a time", &ours, ours_size),
            row("ours, two segments at a time", &two, ours_size),
            row("our painter alone, frames thrown away", &alone, 0),
        ];
        let what = match self.case {
            Case::Pictures => "Ten pictures under a slow camera, crossfades, captions",
            Case::Cards => "Drawn cards with captions",
        };
        println!(
            "\n{what}: {frames} frames, {scenes} scenes, medians of {rounds} rounds, load {before} to {}\n",
            machine::load()
        );
        let head = [
            "",
            "CPU s",
            "CPU ms/frame",
            "× encoder",
            "wall s",
            "peak MiB",
            "file MiB",
        ];
        println!("{}", markdown(&head, &rows));
        Ok(())
    }

    /// What the encoder's settings cost and give.
    fn presets(&self, rounds: usize) -> Result<()> {
        let frames = Film::open(self.case, self.frames, &self.pictures)?.frames();
        let out = crate::fresh_folder("out")?;
        let all = [
            (Preset::Superfast, 20),
            (Preset::Veryfast, 23),
            (Preset::Veryfast, 20),
            (Preset::Medium, 23),
        ];
        let before = machine::load();
        let mut runs = all.map(|_| Vec::new());
        for _ in 0..rounds {
            for ((preset, crf), runs) in all.into_iter().zip(&mut runs) {
                let settings = Settings {
                    preset,
                    crf,
                    ..draw::settings()
                };
                let file = out.join(format!(
                    "{}.mp4",
                    preset.name().to_owned() + &crf.to_string()
                ));
                runs.push(meter::run(&mut bare(&settings, &self.raw, &file))?);
            }
        }
        let mut rows = Vec::new();
        for ((preset, crf), taken) in all.into_iter().zip(&runs) {
            let file = out.join(format!(
                "{}.mp4",
                preset.name().to_owned() + &crf.to_string()
            ));
            let bytes = std::fs::metadata(&file)?.len();
            let rate = bytes as f64 * 8.0 * f64::from(CANVAS.fps) / f64::from(frames) / 1e6;
            rows.push(vec![
                format!("{} CRF {crf}", preset.name()),
                per_frame(median(taken).cpu, frames),
                format!("{:.2}", ratio(taken, &runs[3])),
                mebibytes(bytes),
                format!("{rate:.1}"),
                format!("{:.4}", ssim(&file, &self.raw)?),
            ]);
        }
        println!(
            "\nThe encoder's settings on the same frames, one thread, load {before} to {}\n",
            machine::load()
        );
        let head = [
            "x264",
            "CPU ms/frame",
            "× medium 23",
            "MiB",
            "Mbit/s",
            "SSIM",
        ];
        println!("{}", markdown(&head, &rows));
        Ok(())
    }
}

/// The mean similarity of an encoded film to its raw frames, over all planes.
pub(crate) fn ssim(encoded: &Path, raw: &Path) -> Result<f64> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(encoded)
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p"])
        .args(["-s", &format!("{}x{}", CANVAS.width, CANVAS.height)])
        .args(["-r", &CANVAS.fps.to_string(), "-i"])
        .arg(raw)
        .args(["-lavfi", "[0:v][1:v]ssim=stats_file=-", "-f", "null", "-"]);
    let (_, said) = meter::watch(&mut command, &mut |_| {})?;
    let values: Vec<f64> = said
        .lines()
        .filter_map(|line| line.split("All:").nth(1)?.split(' ').next()?.parse().ok())
        .collect();
    anyhow::ensure!(!values.is_empty(), "ssim said nothing");
    let sum: f64 = values.iter().sum();
    Some(sum / values.len() as f64).context("no frames")
}
