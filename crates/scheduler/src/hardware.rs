//! Hardware files: what a machine has.

use serde::Deserialize;

use crate::file::{self, FileError};
use crate::resource::{Resource, Vector, WHOLE};

/// The seed's box: Ryzen 9 9950X3D, 128 GB, RTX 5090, with its 3 GPU and 4 CPU slots.
pub const RTX_5090: &str = include_str!("../../../examples/hardware/rtx5090.toml");

/// Two cores and no GPU.
pub const TWO_CORES: &str = include_str!("../../../examples/hardware/two-cores.toml");

/// A machine, or several alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Hardware {
    /// What people call it.
    pub name: String,
    /// The workload that is planned on it if none is named.
    pub workload: String,
    /// What each machine has beside GPUs.
    pub host: Vector,
    /// Its GPUs.
    pub gpus: Vec<GpuCard>,
    /// How many such machines there are.
    pub machines: u32,
    /// Slots of providers that differ from the workload's.
    pub providers: Vec<(String, u32)>,
}

/// A GPU as bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuCard {
    /// What people call it.
    pub name: String,
    /// Memory that models and jobs may use, in MiB.
    pub vram_mib: u32,
    /// Encoder engines.
    pub nvenc_engines: u32,
    /// Sum of shares that may run at once, in thousandths: above 1000 all go slower.
    pub share_max: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    workload: String,
    cores: u32,
    memory_gb: u32,
    uploads_at_once: u32,
    #[serde(default = "one")]
    machines: u32,
    gpu_slots: Option<u32>,
    cpu_slots: Option<u32>,
    nvenc_sessions: Option<u32>,
    #[serde(default)]
    gpu: Vec<RawGpu>,
    #[serde(default)]
    providers: std::collections::BTreeMap<String, u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGpu {
    name: String,
    vram_gb: f64,
    nvenc_engines: u32,
    share_max: Option<f64>,
}

fn one() -> u32 {
    1
}

/// Jobs at once where the file doesn't limit them.
pub(crate) const UNLIMITED: u32 = 1_000_000;

/// Sum of shares that may run together on a GPU if the file doesn't say: stills (1.0) and speech
/// recognition (0.5) beside each other. Measured co-runs up to 1.35 lost nothing but their turn;
/// above, nobody has measured.
const SHARE_MAX_DEFAULT: f64 = 1.5;

/// Sessions that the driver lets a `GeForce` system open, since January 2024.
const NVENC_SESSIONS_DEFAULT: u32 = 8;

impl Hardware {
    /// Reads a hardware file.
    ///
    /// # Errors
    /// [`FileError`] with the line for broken syntax, unknown keys and values outside their range.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let raw: Raw = file::read(text)?;
        let ranges = [
            ("cores", raw.cores, 1, 4096),
            ("memory_gb", raw.memory_gb, 1, 65_536),
            ("uploads_at_once", raw.uploads_at_once, 1, 1000),
            ("machines", raw.machines, 1, 64),
            ("gpu_slots", raw.gpu_slots.unwrap_or(1), 1, 1000),
            ("cpu_slots", raw.cpu_slots.unwrap_or(1), 1, 4096),
            ("nvenc_sessions", raw.nvenc_sessions.unwrap_or(1), 1, 1000),
            ("[[gpu]]", raw.gpu.len() as u32, 0, 16),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(FileError::new(format!(
                    "{key} is {value}: must be {least} to {most}"
                )));
            }
        }
        let mut host = Vector::default();
        host.set(Resource::Cpu, raw.cores * WHOLE);
        host.set(Resource::Memory, raw.memory_gb * 1024);
        let sessions = raw.nvenc_sessions.unwrap_or(NVENC_SESSIONS_DEFAULT);
        let sessions = if raw.gpu.is_empty() { 0 } else { sessions };
        host.set(Resource::NvencSessions, sessions);
        host.set(Resource::GpuJobs, raw.gpu_slots.unwrap_or(UNLIMITED));
        host.set(Resource::CpuJobs, raw.cpu_slots.unwrap_or(UNLIMITED));
        host.set(Resource::Uplink, raw.uploads_at_once);
        let gpus = raw.gpu.iter().map(card).collect::<Result<_, _>>()?;
        Ok(Self {
            name: raw.name,
            workload: raw.workload,
            host,
            gpus,
            machines: raw.machines,
            providers: raw.providers.into_iter().collect(),
        })
    }
}

fn card(raw: &RawGpu) -> Result<GpuCard, FileError> {
    let share_max = raw.share_max.unwrap_or(SHARE_MAX_DEFAULT);
    if !(1.0..=4.0).contains(&share_max) {
        return Err(FileError::new(format!(
            "share_max is {share_max}: must be 1 to 4"
        )));
    }
    if !(0.5..=1024.0).contains(&raw.vram_gb) {
        return Err(FileError::new(format!(
            "vram_gb is {}: must be 0.5 to 1024",
            raw.vram_gb
        )));
    }
    Ok(GpuCard {
        name: raw.name.clone(),
        vram_mib: (raw.vram_gb * 1024.0) as u32,
        nvenc_engines: raw.nvenc_engines.min(64),
        share_max: (share_max * f64::from(WHOLE)) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_are_read() {
        let seed = Hardware::read(RTX_5090).unwrap();
        assert_eq!(seed.host.get(Resource::Cpu), 16_000);
        assert_eq!(seed.host.get(Resource::GpuJobs), 3);
        assert_eq!(seed.host.get(Resource::CpuJobs), 4);
        assert_eq!(seed.gpus[0].vram_mib, 31_232);
        let ours = Hardware::read(TWO_CORES).unwrap();
        assert!(ours.gpus.is_empty());
        assert_eq!(ours.host.get(Resource::NvencSessions), 0);
    }

    #[test]
    fn a_mistyped_key_is_told_with_its_line_and_the_nearest_one() {
        let e = Hardware::read("name = \"x\"\ncoers = 3\n").unwrap_err();
        assert_eq!(e.line, Some(2));
        assert_eq!(
            e.to_string(),
            "line 2: unknown key `coers`; did you mean `cores`?"
        );
        let e = Hardware::read(&RTX_5090.replace("vram_gb", "vram_bg")).unwrap_err();
        assert!(e.to_string().contains("did you mean `vram_gb`?"), "{e}");
    }

    #[test]
    fn impossible_values_are_refused() {
        for (was, is) in [
            ("cores = 16", "cores = 0"),
            ("30.5", "0.1"),
            ("memory_gb = 128", "memory_gb = -1"),
        ] {
            assert!(RTX_5090.contains(was));
            assert!(Hardware::read(&RTX_5090.replace(was, is)).is_err(), "{is}");
        }
    }
}
