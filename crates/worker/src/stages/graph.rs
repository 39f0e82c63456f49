//! The jobs that follow from a script, and from a repair.
//!
//! ```text
//! script ─► narrate[i]    ─► compose[i] ─► assemble ─► validate
//!        └► illustrate[i] ─┘            └► thumbnail ──┘
//! ```
//! `compose[i]` also waits for scene `i - 1`, whose last picture it begins over.

use media::encode::Codec;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Needs, NewJob};
use ytempire_core::{JobId, Stage};

use crate::memory::Memory;

/// The arguments of a job about one scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SceneArgs {
    /// Which scene.
    pub(super) scene: usize,
    /// 0, and 1 for a repair: the cache is passed by.
    #[serde(default)]
    pub(super) take: u32,
    /// By what its frames are to be encoded: the same for all scenes of a video.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) encoder: Codec,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_usual(codec: &Codec) -> bool {
    *codec == Codec::default()
}

/// The arguments of a job about the whole video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WholeArgs {
    /// How many scenes.
    pub(super) scenes: usize,
    /// 0, and 1 for a repair.
    #[serde(default)]
    pub(super) take: u32,
    /// The graph, so that a repair can be hooked into it.
    pub(super) jobs: Graph,
}

/// The jobs of a video by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Graph {
    pub(super) script: Option<JobId>,
    pub(super) narrate: Vec<JobId>,
    pub(super) illustrate: Vec<JobId>,
    pub(super) compose: Vec<JobId>,
    pub(super) assemble: Option<JobId>,
    pub(super) thumbnail: Option<JobId>,
    /// By what all segments are to be encoded: chosen once, when the script is there.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub(super) encoder: Codec,
}

/// Makes jobs: fresh ids, and what is known of their needs.
pub(super) struct Maker<'a, F: Fn() -> JobId> {
    pub(super) fresh: F,
    pub(super) memory: &'a Memory,
}

/// Jobs are claimed by rank. Narration comes first of all: it is cheap, and what it can't speak
/// should be known before hours of pictures are drawn.
const RANK_STEP: i64 = 10_000;

fn rank(stage: Stage, scene: usize) -> i64 {
    stage as i64 * RANK_STEP + scene as i64
}

impl<F: Fn() -> JobId> Maker<'_, F> {
    fn job(
        &self,
        (id, stage): (JobId, Stage),
        args: serde_json::Value,
        scene: usize,
        after: Vec<JobId>,
    ) -> NewJob {
        NewJob {
            id,
            stage,
            args,
            rank: rank(stage, scene),
            after,
            needs: self.memory.needs(stage),
        }
    }

    /// All jobs of a video with `scenes` scenes, after its `script`.
    pub(super) fn after_script(&self, script: JobId, scenes: usize, encoder: Codec) -> Vec<NewJob> {
        let many = || (0..scenes).map(|_| (self.fresh)()).collect::<Vec<_>>();
        let graph = Graph {
            script: Some(script),
            narrate: many(),
            illustrate: many(),
            compose: many(),
            assemble: Some((self.fresh)()),
            thumbnail: Some((self.fresh)()),
            encoder,
        };
        let mut jobs = Vec::new();
        for scene in 0..scenes {
            let of = [
                (graph.narrate[scene], Stage::Narrate),
                (graph.illustrate[scene], Stage::Illustrate),
            ];
            for of in of {
                let args = SceneArgs {
                    scene,
                    take: 0,
                    encoder: Codec::default(),
                };
                jobs.push(self.job(of, json!(args), scene, vec![script]));
            }
            jobs.push(self.compose(&graph, scene, 0));
        }
        jobs.extend(self.whole(&graph, 0, true));
        jobs
    }

    /// Inputs: script, narration and picture of the scene, then those of the scene before it.
    fn compose(&self, graph: &Graph, scene: usize, take: u32) -> NewJob {
        let mut after: Vec<JobId> = graph.script.into_iter().collect();
        after.extend([graph.narrate[scene], graph.illustrate[scene]]);
        if let Some(before) = scene.checked_sub(1) {
            after.extend([graph.narrate[before], graph.illustrate[before]]);
        }
        let args = SceneArgs {
            scene,
            take,
            encoder: graph.encoder,
        };
        let of = (graph.compose[scene], Stage::Compose);
        let job = self.job(of, json!(args), scene, after);
        let encoder_sessions = u32::from(graph.encoder.on_gpu());
        NewJob {
            needs: Needs {
                encoder_sessions,
                ..job.needs
            },
            ..job
        }
    }

    /// Assembly, thumbnail where it is to be made, and validation. Inputs of assembly: script, narrations,
    /// segments; of the thumbnail: script, pictures; of validation: script, assembly, thumbnail,
    /// narrations, pictures, segments.
    fn whole(&self, graph: &Graph, take: u32, with_thumbnail: bool) -> Vec<NewJob> {
        let args = || {
            json!(WholeArgs {
                scenes: graph.narrate.len(),
                take,
                jobs: graph.clone()
            })
        };
        let script = || graph.script.into_iter();
        let (Some(assemble), Some(thumbnail)) = (graph.assemble, graph.thumbnail) else {
            return Vec::new();
        };
        let after = script()
            .chain(graph.narrate.clone())
            .chain(graph.compose.clone())
            .collect();
        let mut jobs = vec![self.job((assemble, Stage::Assemble), args(), 0, after)];
        if with_thumbnail {
            let after = script().chain(graph.illustrate.clone()).collect();
            jobs.push(self.job((thumbnail, Stage::Thumbnail), args(), 0, after));
        }
        let after = script()
            .chain([assemble, thumbnail])
            .chain(graph.narrate.clone())
            .chain(graph.illustrate.clone())
            .chain(graph.compose.clone())
            .collect();
        let validate = ((self.fresh)(), Stage::Validate);
        jobs.push(self.job(validate, args(), 0, after));
        jobs
    }

    /// The jobs that make `scenes` again, and the whole video from them.
    pub(super) fn repair(&self, graph: &Graph, scenes: &[usize]) -> Vec<NewJob> {
        self.again(graph.clone(), scenes, 1)
    }

    /// The jobs that encode `scenes` by x264, as the others are already, and make the video from them all.
    pub(super) fn in_one_encoding(
        &self,
        graph: &Graph,
        scenes: &[usize],
        take: u32,
    ) -> Vec<NewJob> {
        let graph = Graph {
            encoder: Codec::default(),
            ..graph.clone()
        };
        self.again(graph, scenes, take)
    }

    fn again(&self, mut graph: Graph, scenes: &[usize], take: u32) -> Vec<NewJob> {
        let mut jobs = Vec::new();
        for &scene in scenes {
            graph.compose[scene] = (self.fresh)();
            jobs.push(self.compose(&graph, scene, take));
        }
        graph.assemble = Some((self.fresh)());
        jobs.extend(self.whole(&graph, take, false));
        jobs
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ytempire_core::{IdSource, Timestamp};

    use super::*;

    fn ids() -> impl Fn() -> JobId {
        let ids = IdSource::seeded([3; 32]);
        move || JobId::fresh(&ids, Timestamp::default())
    }

    /// Jobs after a script, and after a repair, as one would get them.
    fn maker(memory: &Memory) -> Maker<'_, impl Fn() -> JobId> {
        Maker {
            fresh: ids(),
            memory,
        }
    }

    fn find(jobs: &[NewJob], stage: Stage) -> &NewJob {
        jobs.iter().find(|job| job.stage == stage).unwrap()
    }

    #[test]
    fn every_job_waits_only_for_jobs_that_are_there() {
        let memory = Memory::default();
        let make = maker(&memory);
        let script = (make.fresh)();
        let jobs = make.after_script(script, 3, Codec::X264);
        let known: HashSet<JobId> = jobs.iter().map(|job| job.id).chain([script]).collect();
        assert_eq!(known.len(), jobs.len() + 1);
        assert!(
            jobs.iter()
                .all(|job| job.after.iter().all(|id| known.contains(id)))
        );
        // Script, then narration, picture and segment of each scene.
        assert_eq!(find(&jobs, Stage::Validate).after.len(), 3 + 3 * 3);
        let composes: Vec<_> = jobs
            .iter()
            .filter(|job| job.stage == Stage::Compose)
            .collect();
        assert_eq!(
            composes
                .iter()
                .map(|job| job.after.len())
                .collect::<Vec<_>>(),
            [3, 5, 5]
        );
    }

    /// What a job is made from, its own stage included.
    fn sources(jobs: &[NewJob], job: JobId) -> HashSet<Stage> {
        let Some(job) = jobs.iter().find(|other| other.id == job) else {
            return HashSet::from([Stage::Script]);
        };
        let before = job.after.iter().flat_map(|id| sources(jobs, *id));
        before.chain([job.stage]).collect()
    }

    #[test]
    fn stages_follow_each_other_as_their_jobs_do() {
        let memory = Memory::default();
        let make = maker(&memory);
        let jobs = make.after_script((make.fresh)(), 2, Codec::X264);
        for job in &jobs {
            let from = sources(&jobs, job.id);
            for earlier in Stage::ALL {
                let follows = job.stage.follows(earlier);
                assert_eq!(follows, from.contains(&earlier), "{} {earlier}", job.stage);
            }
        }
        assert!(Stage::ALL.iter().all(|stage| stage.follows(*stage)));
    }

    #[test]
    fn a_repair_makes_only_the_scenes_at_fault_again() {
        let memory = Memory::default();
        let make = maker(&memory);
        let jobs = make.after_script((make.fresh)(), 3, Codec::X264);
        let args: WholeArgs =
            serde_json::from_value(find(&jobs, Stage::Validate).args.clone()).unwrap();
        let again = make.repair(&args.jobs, &[1]);
        let stages: Vec<Stage> = again.iter().map(|job| job.stage).collect();
        assert_eq!(stages, [Stage::Compose, Stage::Assemble, Stage::Validate]);
        let old: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
        assert!(
            again.iter().all(|job| !old.contains(&job.id)),
            "finished jobs stay as they are"
        );
        let assemble = find(&again, Stage::Assemble);
        assert!(assemble.after.contains(&again[0].id));
        assert!(
            !assemble.after.contains(&args.jobs.compose[1]),
            "not the segment at fault"
        );
        let take: WholeArgs =
            serde_json::from_value(find(&again, Stage::Validate).args.clone()).unwrap();
        assert_eq!(take.take, 1);
    }

    #[test]
    fn what_is_encoded_on_gpus_takes_sessions_and_can_be_done_without() {
        let memory = Memory::default();
        let make = maker(&memory);
        let jobs = make.after_script((make.fresh)(), 3, Codec::H264Nvenc);
        let sessions = |jobs: &[NewJob]| jobs.iter().map(|job| job.needs.encoder_sessions).sum();
        let asked: u32 = sessions(&jobs);
        assert_eq!(asked, 3, "one for each segment");
        let args: WholeArgs =
            serde_json::from_value(find(&jobs, Stage::Validate).args.clone()).unwrap();
        let repaired: u32 = sessions(&make.repair(&args.jobs, &[1]));
        assert_eq!(repaired, 1, "a repair is encoded as the rest");
        let again = make.in_one_encoding(&args.jobs, &[0, 2], 0);
        let asked: u32 = sessions(&again);
        assert_eq!(
            (again.len(), asked),
            (4, 0),
            "two segments, and no thumbnail"
        );
        let of: WholeArgs = serde_json::from_value(again[3].args.clone()).unwrap();
        assert_eq!((of.take, of.jobs.encoder), (0, Codec::X264));
        assert_eq!(of.jobs.compose[1], args.jobs.compose[1]);
    }
}
