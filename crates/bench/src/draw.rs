//! The contestant that is the product: its painter and its encoder, scene by scene.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use clap::Args;
use media::encode::{Encoder, Settings};
use media::ingest::Ingest;
use media::tools::Tools;
use studio::Yuv420;
use ytempire_core::Cancel;
use ytempire_core::brief::Tier;

use crate::film::{CANVAS, Case, Film};

/// Draws a film in this process and encodes it, or does less.
#[derive(Args, Debug)]
pub(crate) struct Draw {
    /// Which one
    case: Case,
    /// About how many frames of it
    #[arg(long, default_value_t = 1800)]
    frames: u32,
    /// Folder with the pictures
    #[arg(long)]
    pictures: PathBuf,
    /// Encode each scene into a file of this folder
    #[arg(long, group = "to")]
    encode: Option<PathBuf>,
    /// Write raw frames to this file
    #[arg(long, group = "to")]
    raw: Option<PathBuf>,
    /// Let the pictures in first, as the product does, from PNG files in their folder
    #[arg(long)]
    ingest: bool,
    /// Scenes at a time
    #[arg(long, default_value_t = 1)]
    jobs: usize,
}

/// The encoder's settings for ordinary videos, which are measured.
pub(crate) fn settings() -> Settings {
    Settings::of(Tier::Simple)
}

impl Draw {
    /// Decodes what the film shows. The pixels are those that it was opened with.
    fn let_in(&self, tools: &Tools, scenes: usize) -> Result<()> {
        let folder = crate::work_folder()?.join("ingest");
        std::fs::create_dir_all(&folder)?;
        for index in 0..scenes {
            let path = self.pictures.join(format!("{index}.png"));
            Ingest::new(tools, &folder, &Cancel::new()).picture(&path, CANVAS)?;
        }
        Ok(())
    }

    pub(crate) fn run(&self) -> Result<()> {
        let film = Film::open(self.case, self.frames, &self.pictures)?;
        if let Some(path) = &self.raw {
            let mut file =
                File::create(path).with_context(|| format!("can't write {}", path.display()))?;
            for index in 0..film.scenes() {
                paint(
                    &film,
                    index,
                    &mut |frame| Ok(file.write_all(frame.bytes())?),
                )?;
            }
            return Ok(());
        }
        let tools = Tools::find(OsStr::new(crate::PATH));
        if self.ingest {
            self.let_in(&tools, film.scenes())?;
        }
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= film.scenes() {
                    return Ok(());
                }
                match &self.encode {
                    Some(folder) => encode(&film, index, folder, &tools)?,
                    None => paint(&film, index, &mut |_| Ok(()))?,
                }
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
            let results = workers.into_iter().map(|worker| match worker.join() {
                Ok(result) => result,
                Err(_) => anyhow::bail!("a worker panicked"),
            });
            results.collect()
        })
    }
}

fn paint(film: &Film, index: usize, take: &mut dyn FnMut(&Yuv420) -> Result<()>) -> Result<()> {
    let mut painter = film.painter(index)?;
    let mut out = Yuv420::black(CANVAS.width, CANVAS.height);
    for frame in 0..painter.frames() {
        painter.paint(frame, None, &mut out);
        take(&out)?;
    }
    Ok(())
}

fn encode(film: &Film, index: usize, folder: &Path, tools: &Tools) -> Result<()> {
    let path = folder.join(format!("{index:02}.mp4"));
    let mut encoder = Encoder::start(tools, &settings(), CANVAS, &path, &Cancel::new())?;
    paint(film, index, &mut |frame| Ok(encoder.frame(frame)?))?;
    encoder.finish()?;
    Ok(())
}
