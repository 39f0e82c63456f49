//! Workload files.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Backend, Class, Model, Place, Stage, Workload};
use crate::file::{self, FileError, nearest};
use crate::resource::{Cost, Demand, GpuVector, MINUTE, Micros, Resource, SECOND, Vector, WHOLE};

/// Generated pictures: the stage model of the reference.
pub const GENERATED: &str = include_str!("../../workloads/generated.toml");

/// Drawn cards and the embedded voice: what the program makes without any model.
pub const DRAWN: &str = include_str!("../../workloads/drawn.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    about: String,
    length_s: f64,
    length_sigma: f64,
    deadlines: RawDeadlines,
    #[serde(default)]
    models: BTreeMap<String, RawModel>,
    #[serde(default)]
    providers: BTreeMap<String, u32>,
    stage: Vec<RawStage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeadlines {
    express: RawDeadline,
    standard: RawDeadline,
    bulk: RawDeadline,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeadline {
    share: f64,
    minutes: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    vram_gb: f64,
    warm_s: f64,
    cold_s: f64,
    #[serde(default)]
    pinned: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStage {
    name: String,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
    chunks: Option<u8>,
    share: Option<f64>,
    #[serde(default)]
    scales: bool,
    backends: Vec<RawBackend>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBackend {
    name: String,
    on: RawPlace,
    seconds: f64,
    #[serde(default)]
    cores: f64,
    seconds_whole: Option<f64>,
    cores_whole: Option<f64>,
    #[serde(default)]
    memory_gb: f64,
    #[serde(default)]
    share: f64,
    #[serde(default)]
    vram_gb: f64,
    #[serde(default)]
    nvenc: f64,
    model: Option<String>,
    provider: Option<String>,
    cost: Option<String>,
    sigma: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawPlace {
    Gpu,
    Cpu,
    Remote,
    Uplink,
}

impl Workload {
    /// Reads a workload file.
    ///
    /// # Errors
    /// [`FileError`] with the line for broken syntax and unknown keys, and for names that nothing
    /// bears.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let raw: Raw = file::read(text)?;
        if !(1.0..=86_400.0).contains(&raw.length_s) || !(0.0..=0.3).contains(&raw.length_sigma) {
            return Err(FileError::new(
                "length_s must be 1 to 86400 and length_sigma 0 to 0.3",
            ));
        }
        let mut workload = Self {
            name: raw.name,
            about: raw.about,
            length_sigma: raw.length_sigma,
            models: raw.models.iter().map(model).collect(),
            providers: raw.providers.into_iter().collect(),
            stages: Vec::new(),
            backends: Vec::new(),
            classes: classes(&raw.deadlines)?,
        };
        if raw.stage.is_empty() || raw.stage.len() > 64 {
            return Err(FileError::new("a workload has 1 to 64 stages"));
        }
        for stage in &raw.stage {
            workload.add_stage(stage)?;
        }
        Ok(workload)
    }

    fn add_stage(&mut self, raw: &RawStage) -> Result<(), FileError> {
        let names: Vec<&str> = self.stages.iter().map(|s| s.name.as_str()).collect();
        if names.contains(&raw.name.as_str()) {
            return Err(FileError::new(format!(
                "stage {:?} is there twice",
                raw.name
            )));
        }
        let all = |wanted: &[String]| {
            let positions = wanted.iter().map(|name| position("stage", name, &names));
            positions.collect::<Result<Vec<_>, _>>()
        };
        let (after, with) = (all(&raw.after)?, all(&raw.with)?);
        let share = raw.share.unwrap_or(1.0);
        let chunks = raw.chunks.unwrap_or(1);
        if !(0.0..=1.0).contains(&share) || !(1..=32).contains(&chunks) {
            let what = format!("stage {:?}: share is 0 to 1, chunks are 1 to 32", raw.name);
            return Err(FileError::new(what));
        }
        let at = self.stages.len();
        let first = self.backends.len();
        for backend in &raw.backends {
            let backend = self.backend(at, raw.scales, chunks, backend)?;
            self.backends.push(backend);
        }
        if self.backends.len() == first || self.backends.len() > 64 {
            let what = format!(
                "stage {:?}: needs a backend; 64 in all are allowed",
                raw.name
            );
            return Err(FileError::new(what));
        }
        self.stages.push(Stage {
            name: raw.name.clone(),
            chunks,
            after,
            with,
            share: (share * f64::from(WHOLE)) as u32,
            backends: (first as u8..self.backends.len() as u8).collect(),
        });
        Ok(())
    }

    fn backend(
        &self,
        stage: usize,
        scales: bool,
        chunks: u8,
        raw: &RawBackend,
    ) -> Result<Backend, FileError> {
        let bad = |why: &str| FileError::new(format!("backend {:?}: {why}", raw.name));
        if !(0.001..=86_400.0).contains(&raw.seconds) {
            return Err(bad("seconds must be 0.001 to 86400"));
        }
        if [raw.cores, raw.memory_gb, raw.share, raw.vram_gb, raw.nvenc]
            .iter()
            .any(|amount| !(0.0..=4096.0).contains(amount))
        {
            return Err(bad("amounts must be 0 to 4096"));
        }
        let models: Vec<&str> = self.models.iter().map(|m| m.name.as_str()).collect();
        let providers: Vec<&str> = self.providers.iter().map(|p| p.0.as_str()).collect();
        let model = raw
            .model
            .as_deref()
            .map(|name| position("model", name, &models));
        let provider = raw.provider.as_deref();
        let provider = provider.map(|name| position("provider", name, &providers));
        let (model, provider) = (model.transpose()?, provider.transpose()?);
        let (place, sigma) = match raw.on {
            RawPlace::Gpu => (Place::Gpu, 0.12),
            RawPlace::Cpu => (Place::Cpu, 0.15),
            RawPlace::Remote => (Place::Remote, 0.40),
            RawPlace::Uplink => (Place::Uplink, 0.15),
        };
        if (place == Place::Remote) != provider.is_some() || model.is_some() && place != Place::Gpu
        {
            return Err(bad(
                "a remote one names its provider, and only a gpu one a model",
            ));
        }
        let cost = raw.cost.as_deref().map_or(Some(0), micro_dollars);
        let cost = cost.ok_or_else(|| bad("cost is in dollars, like \"0.13\""))?;
        let demand = |cores: f64, nvenc| demand(raw, place, (cores, nvenc), (model, provider));
        // The engine has the same frames to encode, in however much time.
        let nvenc_whole =
            raw.nvenc * raw.seconds / raw.seconds_whole.unwrap_or(raw.seconds).max(0.001);
        Ok(Backend {
            name: raw.name.clone(),
            stage,
            place,
            time: micros(raw.seconds).max(Micros::from(chunks)),
            time_whole: micros(raw.seconds_whole.unwrap_or(raw.seconds)).max(1),
            scales,
            sigma: raw.sigma.unwrap_or(sigma).clamp(0.0, 2.0),
            cost,
            demand: demand(raw.cores, raw.nvenc),
            demand_whole: demand(raw.cores_whole.unwrap_or(raw.cores), nvenc_whole),
        })
    }
}

fn demand(
    raw: &RawBackend,
    place: Place,
    (cores, nvenc): (f64, f64),
    named: (Option<usize>, Option<usize>),
) -> Demand {
    let mut host = Vector::default();
    host.set(Resource::Cpu, thousandths(cores));
    host.set(Resource::Memory, (raw.memory_gb * 1024.0) as u32);
    host.set(Resource::NvencSessions, u32::from(raw.nvenc > 0.0));
    host.set(Resource::GpuJobs, u32::from(place == Place::Gpu));
    host.set(Resource::CpuJobs, u32::from(place == Place::Cpu));
    host.set(Resource::Uplink, u32::from(place == Place::Uplink));
    Demand {
        host,
        gpu: GpuVector {
            share: thousandths(raw.share),
            vram_mib: (raw.vram_gb * 1024.0) as u32,
            nvenc: thousandths(nvenc),
        },
        model: named.0.map(|at| at as u8),
        provider: named.1.map(|at| at as u8),
    }
}

fn model((name, raw): (&String, &RawModel)) -> Model {
    Model {
        name: name.clone(),
        weights_mib: (raw.vram_gb * 1024.0) as u32,
        warm: micros(raw.warm_s),
        cold: micros(raw.cold_s),
        pinned: raw.pinned,
    }
}

fn classes(raw: &RawDeadlines) -> Result<[(f64, Micros); 3], FileError> {
    let each = [&raw.express, &raw.standard, &raw.bulk];
    let sum: f64 = each.iter().map(|class| class.share).sum();
    if (sum - 1.0).abs() > 1e-9
        || each
            .iter()
            .any(|class| !(1.0..=10_080.0).contains(&class.minutes))
    {
        let names = Class::ALL.map(Class::as_str).join(", ");
        return Err(FileError::new(format!(
            "deadlines: the shares of {names} add up to 1, minutes are 1 to 10080"
        )));
    }
    Ok(each.map(|class| (class.share, (class.minutes * MINUTE as f64) as Micros)))
}

fn position(kind: &str, name: &str, known: &[&str]) -> Result<usize, FileError> {
    known.iter().position(|one| *one == name).ok_or_else(|| {
        let help = nearest(name, known).map_or_else(
            || format!("known are {}", known.join(", ")),
            |near| format!("did you mean {near:?}?"),
        );
        FileError::new(format!("no {kind} before it is called {name:?}")).help(help)
    })
}

fn micros(seconds: f64) -> Micros {
    (seconds.clamp(0.0, 86_400.0) * SECOND as f64) as Micros
}

fn thousandths(whole: f64) -> u32 {
    (whole * f64::from(WHOLE) + 0.5) as u32
}

/// Dollars with up to six decimals.
fn micro_dollars(text: &str) -> Option<Cost> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    let micros: Cost = format!("{part:0<6}").parse().ok().filter(|_| digits)?;
    let whole: u32 = whole.parse().ok()?;
    Some(Cost::from(whole) * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_workloads_are_read() {
        let generated = Workload::read(GENERATED).unwrap();
        assert_eq!(
            generated.backends.iter().map(|b| b.cost).max(),
            Some(1_000_000)
        );
        assert!(Workload::read(DRAWN).unwrap().models.is_empty());
    }

    #[test]
    fn names_that_nothing_bears_are_refused() {
        for (was, is, nearest) in [
            ("after = [\"tts\"]", "after = [\"tss\"]", "\"tts\""),
            ("model = \"image\"", "model = \"imgae\"", "\"image\""),
            ("provider = \"llm\"", "provider = \"llms\"", "\"llm\""),
            ("chunks = 4", "chunk = 4", "`chunks`"),
            ("on = \"cpu\"", "on = \"cpus\"", "`cpu`"),
        ] {
            let text = GENERATED.replacen(was, is, 1);
            let e = Workload::read(&text).unwrap_err().to_string();
            assert!(e.contains(&format!("did you mean {nearest}?")), "{e}");
        }
    }

    #[test]
    fn dollars_are_read_exactly() {
        assert_eq!(micro_dollars("0.008"), Some(8000));
        assert_eq!(micro_dollars("2"), Some(2_000_000));
        for bad in ["", "-1", "0.0000001", "1,5", "1.-5"] {
            assert_eq!(micro_dollars(bad), None, "{bad}");
        }
    }
}
