//! What this machine has: cores, memory, disk, and GPUs by NVIDIA's management library.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};
use store::{Gpu, Machine};

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

/// Looks at this machine. What can't be found out is 0: nothing here is worth failing for. `nvml` is
/// the library's path, where it isn't the system's.
pub fn look(folder: &Path, slots: u32, nvml: Option<&OsStr>) -> Machine {
    let gpus = gpus(nvml);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    Machine {
        kind: kind(cores, &gpus),
        slots,
        cores,
        memory_mib: memory_mib(&read("/proc/meminfo")),
        disk_free_mib: disk_free_mib(folder),
        gpus,
        encoders: Vec::new(),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Machines of one kind take equally long, more or less.
fn kind(cores: u32, gpus: &[Gpu]) -> String {
    let processor = processor(&read("/proc/cpuinfo"));
    let mut kind = format!("{processor}, {cores} cores");
    for gpu in gpus {
        kind = format!("{kind}, {}", gpu.name);
    }
    kind
}

fn processor(cpuinfo: &str) -> String {
    let value = |key: &str| {
        let mut lines = cpuinfo.lines();
        let line = lines.find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    // ARM has no names of models, only numbers.
    let name = value("model name").or_else(|| Some(format!("ARM part {}", value("CPU part")?)));
    name.unwrap_or_else(|| "unknown processor".to_owned())
}

fn memory_mib(meminfo: &str) -> u32 {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| u32::try_from(kib / 1024).unwrap_or(u32::MAX))
}

fn disk_free_mib(folder: &Path) -> u64 {
    let stat = rustix::fs::statvfs(folder);
    stat.map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize) / MIB)
}

/// All GPUs, also sick ones; none where there is no driver.
fn gpus(path: Option<&OsStr>) -> Vec<Gpu> {
    let library = match path {
        Some(path) => Nvml::builder().lib_path(path).init(),
        None => Nvml::init(),
    };
    let library = match library {
        Ok(library) => library,
        Err(e) => {
            tracing::debug!(error = %e, "no GPU is looked for");
            return Vec::new();
        }
    };
    let count = library.device_count().unwrap_or(0);
    let all = (0..count).map(|index| match library.device_by_index(index) {
        Ok(device) => gpu(&device),
        Err(e) => Gpu {
            name: format!("GPU {index}"),
            sick: e.to_string(),
            ..Gpu::default()
        },
    });
    all.collect()
}

fn gpu(device: &Device<'_>) -> Gpu {
    let mib = |bytes: u64| u32::try_from(bytes / MIB).unwrap_or(u32::MAX);
    let memory = device.memory_info();
    let sick = memory.as_ref().err().map(ToString::to_string);
    // What a card doesn't have, or its driver doesn't tell, isn't an illness.
    let told = |value: Result<u32, NvmlError>| value.unwrap_or(0);
    Gpu {
        name: device.name().unwrap_or_else(|_| "unknown GPU".to_owned()),
        uuid: device.uuid().unwrap_or_default(),
        vram_mib: memory.as_ref().map_or(0, |memory| mib(memory.total)),
        vram_free_mib: memory.as_ref().map_or(0, |memory| mib(memory.free)),
        busy_percent: told(device.utilization_rates().map(|busy| busy.gpu)),
        encoder_sessions: told(device.encoder_stats().map(|stats| stats.session_count)),
        celsius: told(device.temperature(TemperatureSensor::Gpu)),
        sick: sick.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        assert_eq!(
            memory_mib("MemTotal:       24611688 kB\nMemFree: 1 kB\n"),
            24_034
        );
        assert_eq!(memory_mib(""), 0);
        let x86 = "processor\t: 0\nmodel name\t: AMD Ryzen 9 9950X3D 16-Core Processor\n";
        assert_eq!(processor(x86), "AMD Ryzen 9 9950X3D 16-Core Processor");
        assert_eq!(processor("CPU part\t: 0xd0c\n"), "ARM part 0xd0c");
        assert_eq!(processor(""), "unknown processor");
    }

    #[test]
    fn this_machine_has_something() {
        let here = look(Path::new("/"), 2, None);
        assert!(
            here.cores >= 1 && here.memory_mib > 100 && here.disk_free_mib > 0,
            "{here:?}"
        );
        let gone = look(
            Path::new("/nowhere"),
            2,
            Some(OsStr::new("/nowhere/nvml.so")),
        );
        assert_eq!((gone.disk_free_mib, gone.gpus.len()), (0, 0));
    }
}
