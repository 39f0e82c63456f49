//! The encoder on this machine's GPUs: whether it works, how much of it there is, and what happened to it.
//!
//! A GPU that fails is left alone: jobs go on with x264 at once, and one frame is encoded as a test after
//! a pause that doubles, from a minute to half an hour. A test that passes brings it back. One state for
//! all GPUs of a machine: ffmpeg takes the first that can.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use media::encode::{Codec, Fault, probe};
use scheduler::footprint::{Footprints, Shape, Try, is_session_limit};
use scheduler::health::{Health, Sign, State as Condition};
use store::{EncoderState, LearnedRow, Machine};
use ytempire_core::{Cancel, Timestamp};

use crate::memory::row_of;
use crate::{Parts, machine};

/// Sessions that NVIDIA's driver opens at once on a machine with consumer cards, since January 2024.
/// Fewer are learned when it refuses.
const SESSIONS_MAX: u32 = 8;

/// MiB of a GPU's memory that a session at 1080p takes: 300 to 600 by published measurements.
const VRAM_STATED_MIB: u32 = 512;

/// Pauses before a GPU that failed its test is tested again: this, doubled each time, up to the second.
const REST: (Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(30));

/// What is encoded on GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncoderChoice {
    /// Nothing: the same bytes on any machine.
    #[default]
    X264,
    /// Videos that are begun while a node's GPU can encode.
    Auto,
    /// All videos, by x264 where no GPU can.
    Nvenc,
}

/// The state of the encoder on the GPUs.
#[derive(Debug, Default)]
pub struct Encoders {
    choice: EncoderChoice,
    nvml: Option<PathBuf>,
    state: Mutex<State>,
}

/// Whether there is a GPU to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Found {
    /// None, or none that may be used.
    #[default]
    Nothing,
    /// One that nobody has tested yet.
    Untested,
    /// One that was tested.
    Tested,
}

#[derive(Debug)]
struct State {
    found: Found,
    health: Health,
    trouble: String,
    sessions_max: u32,
    open: u32,
    memory: Footprints,
    /// Tests that failed since something was last encoded well.
    failures: u32,
    test_at: Option<Timestamp>,
    news: bool,
    learned: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            found: Found::Nothing,
            health: Health::default(),
            trouble: String::new(),
            sessions_max: SESSIONS_MAX,
            open: 0,
            memory: Footprints::default(),
            failures: 0,
            test_at: None,
            news: false,
            learned: false,
        }
    }
}

/// A session that is counted as open until it is dropped.
pub(crate) struct Session(Arc<Encoders>);

impl Drop for Session {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open = state.open.saturating_sub(1);
    }
}

impl Encoders {
    /// Encoders as `choice` has it. `nvml` is the management library's path, where it isn't the system's.
    pub fn new(choice: EncoderChoice, nvml: Option<PathBuf>) -> Self {
        Self {
            choice,
            nvml,
            state: Mutex::default(),
        }
    }

    /// What is encoded on GPUs.
    pub const fn choice(&self) -> EncoderChoice {
        self.choice
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the machine, with what is known of its encoders.
    pub(crate) fn look(&self, now: Timestamp, folder: &Path, slots: u32) -> Machine {
        let nvml = self.nvml.as_ref().map(|path| path.as_os_str());
        let mut machine = machine::look(folder, slots, nvml);
        self.noticed(now, &machine);
        machine.encoders = self.rows();
        machine
    }

    /// Learns what the driver tells of the cards.
    fn noticed(&self, now: Timestamp, machine: &Machine) {
        let mut state = self.state();
        let usable = self.choice != EncoderChoice::X264 && !machine.gpus.is_empty();
        state.found = match state.found {
            _ if !usable => Found::Nothing,
            Found::Nothing => Found::Untested,
            found => found,
        };
        let lost = machine.gpus.iter().find(|gpu| !gpu.sick.is_empty());
        if let Some(gpu) = lost
            && usable
            && machine.gpus.iter().all(|gpu| !gpu.sick.is_empty())
            && state.health.notice(micros(now), Sign::Lost)
        {
            let text = format!("{}: {}", gpu.name, gpu.sick);
            state.rest(now, &text);
        }
    }

    /// Takes over what machines of `kind` taught.
    pub(crate) fn load(&self, kind: &str, rows: &[LearnedRow]) {
        let of = |row: &&LearnedRow| row.machine == kind && row.backend == LEARNED_AS;
        if let Some(row) = rows.iter().find(of) {
            self.state().memory.raise(SHAPE, row.vram_mib);
        }
    }

    /// Adds what was learned and isn't kept yet.
    pub(crate) fn add_news(&self, kind: &str, rows: &mut Vec<LearnedRow>) {
        let mut state = self.state();
        if std::mem::take(&mut state.learned) {
            row_of(kind, LEARNED_AS, rows).vram_mib = state.memory.floor(SHAPE);
        }
    }

    /// Whether jobs may use a GPU now.
    pub(crate) fn takes_work(&self) -> bool {
        let state = self.state();
        state.found == Found::Tested && state.health.takes_work()
    }

    /// How many jobs may have a session here at once: no more than the driver opens and fit into the
    /// memory that is free, but one in any case, as whoever can't falls back. `None` where no GPU is used.
    pub(crate) fn capacity(&self, machine: &Machine) -> Option<u32> {
        if !self.takes_work() {
            return None;
        }
        let state = self.state();
        let need = state.memory.need(SHAPE, VRAM_STATED_MIB).max(1);
        let free = machine.gpus.iter().map(|gpu| gpu.vram_free_mib).max();
        let fit = state.open.saturating_add(free.unwrap_or(0) / need);
        Some(state.sessions_max.min(fit).max(1))
    }

    /// Counts a session as open.
    pub(crate) fn session(self: &Arc<Self>) -> Session {
        self.state().open += 1;
        Session(Arc::clone(self))
    }

    /// Learns that a job was encoded well.
    pub(crate) fn went_well(&self) {
        self.state().failures = 0;
    }

    /// Learns that encoding failed by `fault` while a session was counted as open. `machine` says what
    /// the GPUs had free.
    pub(crate) fn failed(&self, now: Timestamp, (fault, text): (Fault, &str), machine: &Machine) {
        let mut state = self.state();
        let gpu = machine.gpus.iter().filter(|gpu| gpu.sick.is_empty());
        let (free, total) = gpu
            .map(|gpu| (gpu.vram_free_mib, gpu.vram_mib))
            .max()
            .unwrap_or((0, 0));
        let (open, max) = (state.open, state.sessions_max);
        match fault {
            // The driver says the same of both; where memory is plenty, it is other programs' sessions.
            Fault::Session
                if open > 1
                    && (is_session_limit(free, open, max) || free > 4 * VRAM_STATED_MIB) =>
            {
                state.sessions_max = open.saturating_sub(1).clamp(1, max);
                state.news = true;
                tracing::warn!(
                    sessions = state.sessions_max,
                    "the GPU opens no more sessions"
                );
            }
            Fault::Session | Fault::Memory if open > 1 || free < VRAM_STATED_MIB => {
                let tried = Try::Beside(state.memory.need(SHAPE, VRAM_STATED_MIB));
                // The job itself is encoded by x264: the next ones ask for more, or for another GPU.
                state.memory.after_failure(SHAPE, tried, 0, total.max(1));
                (state.learned, state.news) = (true, true);
                tracing::warn!(free_mib = free, "the GPU's memory is full");
            }
            // Begun before it was left alone: nothing new is learned from it.
            _ if !state.health.takes_work() => {}
            // Alone, with memory free, and refused nevertheless: others have all of it.
            _ => {
                let sign = if fault == Fault::Unknown {
                    Sign::Sticky
                } else {
                    Sign::TestFailed
                };
                state.health.notice(micros(now), sign);
                if state.health.state() == Condition::Quarantined {
                    state.rest(now, text);
                } else {
                    state.trouble = first_line(text);
                    (state.test_at, state.news) = (Some(now), true);
                }
                tracing::warn!(error = text, "the GPU is left alone");
            }
        }
    }

    /// Whether a test is due; it is the caller's to run it, by [`test()`].
    pub(crate) fn test_is_due(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let due = state.found != Found::Nothing && state.test_at.is_some_and(|at| at <= now);
        if due {
            state.test_at = None;
        }
        due
    }

    /// Learns how a test went.
    fn tested(&self, now: Timestamp, result: Result<(), String>) {
        let mut state = self.state();
        if state.found == Found::Untested {
            state.found = Found::Tested;
        }
        state.news = true;
        match result {
            Ok(()) => {
                let quarantined = state.health.state() == Condition::Quarantined;
                let sign = if quarantined {
                    // It encodes again: somebody has mended the driver, or the machine.
                    Sign::Reset
                } else {
                    Sign::TestPassed
                };
                state.health.notice(micros(now), sign);
                state.trouble.clear();
                tracing::info!("the GPU encodes");
            }
            Err(text) => {
                state.health.notice(micros(now), Sign::TestFailed);
                state.rest(now, &text);
                tracing::warn!(error = text, "the GPU failed its test");
            }
        }
    }

    /// Whether something changed that others should know.
    pub(crate) fn has_news(&self) -> bool {
        std::mem::take(&mut self.state().news)
    }

    fn rows(&self) -> Vec<EncoderState> {
        let usable = self.takes_work();
        let state = self.state();
        if state.found == Found::Nothing {
            return Vec::new();
        }
        let row = EncoderState {
            name: Codec::H264Nvenc.name().to_owned(),
            sessions_max: if usable { state.sessions_max } else { 0 },
            trouble: state.trouble.clone(),
        };
        vec![row]
    }

    /// What is known, for whoever shows it.
    pub fn states(&self) -> Vec<EncoderState> {
        self.rows()
    }
}

impl State {
    /// Leaves the GPU alone until its next test.
    fn rest(&mut self, now: Timestamp, why: &str) {
        let pause = REST.0.saturating_mul(2_u32.saturating_pow(self.failures));
        let pause = pause.min(REST.1);
        self.failures += 1;
        self.test_at = Some(now.after(pause));
        self.news = true;
        let at = now.after(pause).to_rfc3339();
        self.trouble = format!("{}; tested again at {at}", first_line(why));
    }
}

/// Encodes a frame on the GPU, where there is one, and learns how that went. Blocks for up to 20 s.
pub(crate) fn test(parts: &Parts) {
    let Parts {
        encoders,
        tools,
        folder,
        ..
    } = parts;
    if encoders.state().found == Found::Nothing {
        return;
    }
    let scratch = folder.join("scratch");
    let result = std::fs::create_dir_all(&scratch)
        .map_err(|e| e.to_string())
        .and_then(|()| test_folder(&scratch))
        .and_then(|folder| {
            let probed = probe(tools, Codec::H264Nvenc, &folder, &Cancel::new());
            drop(std::fs::remove_dir_all(&folder));
            probed.map_err(|e| e.to_string())
        });
    encoders.tested(parts.now(), result);
}

/// A folder for a test: of this process, which runs one at a time.
fn test_folder(scratch: &Path) -> Result<PathBuf, String> {
    let folder = scratch.join(format!("encoder-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    Ok(folder)
}

/// ffmpeg's first line says what was wrong, the last ones what followed from it.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.next().unwrap_or("no reason was given");
    line.chars().take(200).collect()
}

/// The kind of work whose memory is learned: one shape, as all videos are of about one size.
const SHAPE: Shape = Shape {
    backend: 0,
    shape: 1_080,
};

/// Under which name what was learned is kept.
const LEARNED_AS: &str = "compose.h264_nvenc";

fn micros(now: Timestamp) -> u64 {
    u64::try_from(now.as_micros()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
