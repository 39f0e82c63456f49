//! What a machine has and a job needs, as vectors of whole numbers.

/// Microseconds: instants since 1970 and durations alike, as the store keeps them.
pub type Micros = u64;

/// Micro-US-dollars (1 USD = 1 000 000), as the ledger counts them.
pub type Cost = i64;

/// A second.
pub const SECOND: Micros = 1_000_000;

/// A minute.
pub const MINUTE: Micros = 60 * SECOND;

/// A whole core, GPU or engine: shares of them are counted in thousandths.
pub const WHOLE: u32 = 1000;

/// Something that a machine has a limited amount of, the GPUs' own things excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Resource {
    /// Thousandths of a core.
    Cpu,
    /// MiB of main memory.
    Memory,
    /// Encoder sessions that the driver lets a system open at once.
    NvencSessions,
    /// Jobs on GPUs at once, where a machine limits that.
    GpuJobs,
    /// Jobs that use a core or more at once, where a machine limits that.
    CpuJobs,
    /// Uploads at once.
    Uplink,
}

impl Resource {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Cpu,
        Self::Memory,
        Self::NvencSessions,
        Self::GpuJobs,
        Self::CpuJobs,
        Self::Uplink,
    ];

    /// The name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "memory",
            Self::NvencSessions => "NVENC sessions",
            Self::GpuJobs => "GPU slots",
            Self::CpuJobs => "CPU slots",
            Self::Uplink => "uplink",
        }
    }
}

/// An amount of each [`Resource`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vector(pub [u32; Resource::ALL.len()]);

impl Vector {
    /// The amount of one.
    pub const fn get(&self, of: Resource) -> u32 {
        self.0[of as usize]
    }

    /// Sets the amount of one.
    pub const fn set(&mut self, of: Resource, amount: u32) {
        self.0[of as usize] = amount;
    }

    /// Whether `need` is there.
    pub fn fits(&self, need: &Self) -> bool {
        self.0.iter().zip(&need.0).all(|(have, need)| have >= need)
    }

    /// The first resource of which less than `need` is there.
    pub fn short_of(&self, need: &Self) -> Option<Resource> {
        Resource::ALL
            .into_iter()
            .find(|of| self.get(*of) < need.get(*of))
    }

    /// Takes `need` away. What isn't there can't be taken: callers ask [`Vector::fits`] first.
    pub fn take(&mut self, need: &Self) {
        for (have, need) in self.0.iter_mut().zip(&need.0) {
            debug_assert!(*have >= *need, "taken without asking");
            *have = have.saturating_sub(*need);
        }
    }

    /// Gives `back`.
    pub fn give(&mut self, back: &Self) {
        for (have, back) in self.0.iter_mut().zip(&back.0) {
            *have = have.saturating_add(*back);
        }
    }
}

/// What a job needs of one GPU, or what one has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GpuVector {
    /// Thousandths of its compute units. A model of slow-down, not a reservation: a little more
    /// than [`WHOLE`] may be given away, and then all go slower.
    pub share: u32,
    /// MiB of its memory beside the model's weights.
    pub vram_mib: u32,
    /// Thousandths of one encoder engine.
    pub nvenc: u32,
}

impl GpuVector {
    /// Whether nothing of a GPU is needed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a job needs of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Demand {
    /// Of the machine.
    pub host: Vector,
    /// Of one of its GPUs.
    pub gpu: GpuVector,
    /// The model that must be in that GPU's memory, as a position in the workload's models.
    pub model: Option<u8>,
    /// The provider one of whose slots it occupies, as a position in the workload's providers.
    pub provider: Option<u8>,
}
