//! Takes rights away from the calling thread; what it starts afterwards inherits that.
//!
//! Landlock guards files, TCP, signals and abstract sockets; seccomp refuses every socket that
//! is not local and the system calls that reach around both. Both apply to one thread, so no
//! `unsafe` between fork and exec is needed: a thread gives up its rights and then spawns.

use std::collections::BTreeMap;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::Spec;

/// The newest Landlock whose rights we name; older kernels enforce what they know of them.
const LANDLOCK: ABI = ABI::V6;

/// What programs from packages need. `/etc/alternatives` has the links to BLAS, which ffmpeg
/// loads; fonts are read by its text filters' libraries at load time.
const SYSTEM: [&str; 8] = [
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/dev/urandom",
];

/// Devices that swallow or give nothing.
const HARMLESS: [&str; 2] = ["/dev/null", "/dev/zero"];

/// What CUDA reads of the driver and the bus.
const GPU_READS: [&str; 4] = [
    "/proc/driver/nvidia",
    "/proc/devices",
    "/sys/bus/pci",
    "/sys/devices",
];

/// The devices of NVIDIA's driver, as they are now.
fn gpu_devices() -> Vec<PathBuf> {
    let all = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let ours = all.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"nvidia"));
    ours.map(|entry| entry.path()).collect()
}

/// Confines the calling thread, and all it spawns from now on, to reading system folders, the
/// program and what `spec` lets it read, and to writing below its folder. Can't be undone.
///
/// Gives `false` if the kernel enforces only a part of it or nothing.
pub(super) fn enter(spec: &Spec) -> bool {
    let files = restrict_files(spec);
    let calls = network_filter().is_some_and(|filter| seccompiler::apply_filter(&filter).is_ok());
    matches!(files, Ok(true)) && calls
}

fn restrict_files(spec: &Spec) -> Result<bool, RulesetError> {
    let all = AccessFs::from_all(LANDLOCK);
    let run = AccessFs::from_read(LANDLOCK);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let own = all
        & !(AccessFs::Execute
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::MakeSock
            | AccessFs::IoctlDev);
    let harmless: BitFlags<AccessFs> =
        AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    let (devices, told) = if spec.gpu {
        (gpu_devices(), &GPU_READS[..])
    } else {
        (Vec::new(), &[][..])
    };
    let driven = harmless | AccessFs::ReadDir | AccessFs::IoctlDev;
    let status = Ruleset::default()
        .handle_access(all)?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, run))?
        .add_rules(path_beneath_rules([&spec.program], run))?
        .add_rules(path_beneath_rules(HARMLESS, harmless))?
        .add_rules(path_beneath_rules(&spec.reads, read))?
        .add_rules(path_beneath_rules([&spec.folder], own))?
        .add_rules(path_beneath_rules(devices, driven))?
        .add_rules(path_beneath_rules(told, read))?
        .restrict_self()?;
    // A kernel that knows an older Landlock enforces the file rules and leaves out, say, the
    // scopes; the system call filter covers the network there.
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Refuses sockets other than local ones, and calls that have no business in a media tool.
fn network_filter() -> Option<BpfProgram> {
    let foreign_socket = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Ne,
        u64::try_from(libc::AF_UNIX).ok()?,
    )
    .and_then(|condition| SeccompRule::new(vec![condition]))
    .ok()?;
    let mut rules = BTreeMap::from([(libc::SYS_socket, vec![foreign_socket])]);
    // io_uring would open sockets without `socket`; the rest inspects or changes other
    // processes, mounts and the kernel.
    rules.extend(
        [
            libc::SYS_io_uring_setup,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_userfaultfd,
        ]
        .map(|call| (call, Vec::new())),
    );
    let refuse = SeccompAction::Errno(u32::try_from(libc::EACCES).ok()?);
    let arch = std::env::consts::ARCH.try_into().ok()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)
        .ok()?
        .try_into()
        .ok()
}
