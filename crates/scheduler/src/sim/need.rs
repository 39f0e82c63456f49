//! What a video needs of each resource, and how many that makes a day. No simulation: division.

use super::arrivals::DAY;
use crate::hardware::{Hardware, UNLIMITED};
use crate::outline::work;
use crate::resource::{MINUTE, Micros, Resource, WHOLE};
use crate::workload::{Place, Workload};

/// What a mean video needs of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// The resource.
    pub resource: String,
    /// What `amount` counts: `GPU-seconds`.
    pub unit: &'static str,
    /// How much a mean video needs by preferred backends, in seconds of one unit.
    pub amount: f64,
    /// Units that there are.
    pub capacity: f64,
    /// Videos a day that would use all of it.
    pub per_day: f64,
    /// Whether more of it can be had by buying: another backend of the same stages is remote.
    pub can_buy: bool,
}

impl Need {
    /// Part of the resource that so many videos a day use. Above 1 they can't all be made.
    pub fn load(&self, videos_per_day: f64) -> f64 {
        videos_per_day / self.per_day
    }

    /// Videos a day at 70 % of the resource: above it queues grow faster than the load.
    pub fn sustainable(&self) -> f64 {
        self.per_day * 0.7
    }

    /// Videos whose need fits ten minutes: what a batch may hold.
    pub fn in_ten_minutes(&self) -> f64 {
        self.per_day * (10 * MINUTE) as f64 / DAY as f64
    }
}

/// The needs of a workload on some hardware, the scarcest resource first.
pub fn needs(workload: &Workload, hardware: &Hardware) -> Vec<Need> {
    let machines = f64::from(hardware.machines);
    let gpus = hardware.gpus.len() as f64 * machines;
    let engines = hardware
        .gpus
        .iter()
        .map(|card| card.nvenc_engines)
        .sum::<u32>();
    let host = |of: Resource| f64::from(hardware.host.get(of)) * machines;
    let mut rows = vec![
        row("GPU", "GPU-seconds", gpus),
        row(
            "CPU",
            "core-seconds",
            host(Resource::Cpu) / f64::from(WHOLE),
        ),
        row("NVENC", "engine-seconds", f64::from(engines) * machines),
        row("GPU slots", "slot-seconds", host(Resource::GpuJobs)),
        row("CPU slots", "slot-seconds", host(Resource::CpuJobs)),
        row("uplink", "slot-seconds", host(Resource::Uplink)),
    ];
    let fixed = rows.len();
    for (name, slots) in &workload.providers {
        rows.push(row(
            &format!("provider {name}"),
            "slot-seconds",
            f64::from(*slots),
        ));
    }
    for stage in &workload.stages {
        let Some(&first) = stage.backends.first() else {
            continue;
        };
        let backend = &workload.backends[usize::from(first)];
        let time = backend.time;
        let part = f64::from(stage.share) / f64::from(WHOLE);
        let seconds = |time: Micros| time as f64 / 1e6 * part;
        let (gpu, cpu) = work(workload, first, true, time);
        let engine = time * Micros::from(backend.demand.gpu.nvenc) / Micros::from(WHOLE);
        let slots = |of: Resource| seconds(time * Micros::from(backend.demand.host.get(of)));
        let remote = |other: &u8| workload.backends[usize::from(*other)].place == Place::Remote;
        let can_buy = stage.backends.iter().any(remote);
        let amounts = [
            seconds(gpu),
            seconds(cpu),
            seconds(engine),
            slots(Resource::GpuJobs),
            slots(Resource::CpuJobs),
            slots(Resource::Uplink),
        ];
        for (row, amount) in rows.iter_mut().zip(amounts) {
            row.amount += amount;
            row.can_buy |= amount > 0.0 && can_buy;
        }
        if let Some(provider) = backend.demand.provider {
            rows[fixed + usize::from(provider)].amount += seconds(time);
        }
    }
    for row in &mut rows {
        row.per_day = row.capacity * DAY as f64 / 1e6 / row.amount;
    }
    rows.retain(|row| {
        row.amount > 0.0 && row.capacity > 0.0 && row.capacity < f64::from(UNLIMITED)
    });
    rows.sort_by(|a, b| a.per_day.total_cmp(&b.per_day));
    rows
}

fn row(resource: &str, unit: &'static str, capacity: f64) -> Need {
    Need {
        resource: resource.to_owned(),
        unit,
        amount: 0.0,
        capacity,
        per_day: f64::INFINITY,
        can_buy: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::{RTX_5090, TWO_CORES};
    use crate::workload::{DRAWN, GENERATED};

    fn of(hardware: &str, workload: &str) -> Vec<Need> {
        let hardware = Hardware::read(hardware).unwrap();
        let workload = Workload::read(workload).unwrap().on(&hardware).unwrap();
        needs(&workload, &hardware)
    }

    #[test]
    fn the_gpu_is_what_the_seeds_box_runs_out_of_first() {
        let all = of(RTX_5090, GENERATED);
        assert_eq!(all[0].resource, "GPU");
        assert!((all[0].amount - 76.5).abs() < 1.0 && all[0].can_buy);
        assert!((all[0].sustainable() - 790.0).abs() < 20.0);
        assert!((all[0].load(500.0) - 0.44).abs() < 0.02);
    }

    #[test]
    fn without_a_gpu_cores_are() {
        let all = of(TWO_CORES, DRAWN);
        assert_eq!(all[0].resource, "CPU");
        assert!(!all[0].can_buy);
        assert!(
            all.iter()
                .all(|need| need.resource != "GPU" && need.resource != "NVENC")
        );
    }
}
