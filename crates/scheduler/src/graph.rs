//! The jobs of a video and what each waits for.

use crate::resource::WHOLE;
use crate::workload::Workload;

/// The jobs of a video, in an order in which none comes before what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The jobs.
    pub jobs: Vec<GraphJob>,
    /// Whether stages are cut into their chunks.
    pub chunked: bool,
}

/// One job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphJob {
    /// Its stage, as a position in the workload.
    pub stage: u8,
    /// Its number within the stage.
    pub chunk: u8,
    /// Its part of the stage's work over an equal part, in thousandths: a long scene has more.
    pub size: u32,
    /// Jobs that must be done first.
    pub needs: Vec<u16>,
    /// Jobs that wait for it.
    pub next: Vec<u16>,
}

impl Graph {
    /// The graph of a video that has those stages for which `has` says so.
    pub fn of(workload: &Workload, chunked: bool, has: impl Fn(usize) -> bool) -> Self {
        let mut graph = Self {
            jobs: Vec::new(),
            chunked,
        };
        // The jobs of each stage; of a stage that isn't there, the jobs it would wait for.
        let mut of_stage: Vec<Vec<u16>> = Vec::new();
        for (at, stage) in workload.stages.iter().enumerate() {
            let all = |stages: &[usize]| -> Vec<u16> {
                stages.iter().flat_map(|at| of_stage[*at].clone()).collect()
            };
            if !has(at) {
                let mut through = all(&stage.after);
                through.extend(all(&stage.with));
                of_stage.push(through);
                continue;
            }
            let chunks = if chunked { stage.chunks } else { 1 };
            let mut own = Vec::new();
            for chunk in 0..chunks {
                let mut needs = all(&stage.after);
                for with in stage.with.iter().filter(|with| has(**with)) {
                    let jobs = &of_stage[*with];
                    if jobs.len() == usize::from(chunks) {
                        needs.push(jobs[usize::from(chunk)]);
                    } else {
                        needs.extend(jobs);
                    }
                }
                own.push(graph.add(at as u8, chunk, needs));
            }
            of_stage.push(own);
        }
        graph
    }

    fn add(&mut self, stage: u8, chunk: u8, mut needs: Vec<u16>) -> u16 {
        needs.sort_unstable();
        needs.dedup();
        let at = self.jobs.len() as u16;
        for need in &needs {
            self.jobs[usize::from(*need)].next.push(at);
        }
        self.jobs.push(GraphJob {
            stage,
            chunk,
            size: WHOLE,
            needs,
            next: Vec::new(),
        });
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::GENERATED;

    #[test]
    fn chunks_wait_for_their_own_and_stages_for_all() {
        let workload = Workload::read(GENERATED).unwrap();
        let whole = Graph::of(&workload, false, |_| true);
        assert_eq!(whole.jobs.len(), workload.stages.len());
        let graph = Graph::of(&workload, true, |_| true);
        let render = workload.stages.iter().position(|s| s.name == "render");
        let segment = graph
            .jobs
            .iter()
            .find(|job| Some(usize::from(job.stage)) == render && job.chunk == 2)
            .unwrap();
        let names: Vec<_> = segment
            .needs
            .iter()
            .map(|need| &graph.jobs[usize::from(*need)])
            .map(|job| {
                (
                    workload.stages[usize::from(job.stage)].name.as_str(),
                    job.chunk,
                )
            })
            .collect();
        assert_eq!(names, [("align", 0), ("stills", 2), ("clips", 2)]);
    }

    #[test]
    fn what_waits_for_a_missing_stage_waits_for_what_that_would() {
        let workload = Workload::read(GENERATED).unwrap();
        let position = |name| workload.stages.iter().position(|s| s.name == name).unwrap();
        let graph = Graph::of(&workload, false, |at| at != position("align"));
        let (tts, render) = (position("tts") as u8, position("render") as u8);
        let job = |stage| {
            graph
                .jobs
                .iter()
                .position(|job| job.stage == stage)
                .unwrap()
        };
        // `after` of a missing stage leads through it.
        assert!(graph.jobs[job(render)].needs.contains(&(job(tts) as u16)));
    }
}
