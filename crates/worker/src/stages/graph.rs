//! The jobs that follow from a script, and from a repair.
//!
//! ```text
//! script ─► narrate[i]    ─► compose[i] ─► assemble ─► validate
//!        └► illustrate[i] ─┘            └► thumbnail ──┘
//! ```
//! `compose[i]` also waits for scene `i - 1`, whose last picture it begins over.

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::NewJob;
use ytempire_core::{JobId, Stage};

use crate::dispatch::needs;

/// The arguments of a job about one scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SceneArgs {
    /// Which scene.
    pub(super) scene: usize,
    /// 0, and 1 for a repair: the cache is passed by.
    #[serde(default)]
    pub(super) take: u32,
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
}

/// Jobs are claimed by rank. Narration comes first of all: it is cheap, and what it can't speak
/// should be known before hours of pictures are drawn.
const RANK_STEP: i64 = 10_000;

fn rank(stage: Stage, scene: usize) -> i64 {
    stage as i64 * RANK_STEP + scene as i64
}

fn job(
    id: JobId,
    stage: Stage,
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
        needs: needs(stage),
    }
}

/// All jobs of a video with `scenes` scenes, after its `script`.
pub(super) fn after_script(
    fresh: &impl Fn() -> JobId,
    script: JobId,
    scenes: usize,
) -> Vec<NewJob> {
    let many = || (0..scenes).map(|_| fresh()).collect::<Vec<_>>();
    let graph = Graph {
        script: Some(script),
        narrate: many(),
        illustrate: many(),
        compose: many(),
        assemble: Some(fresh()),
        thumbnail: Some(fresh()),
    };
    let mut jobs = Vec::new();
    for scene in 0..scenes {
        let args = || json!(SceneArgs { scene, take: 0 });
        jobs.push(job(
            graph.narrate[scene],
            Stage::Narrate,
            args(),
            scene,
            vec![script],
        ));
        jobs.push(job(
            graph.illustrate[scene],
            Stage::Illustrate,
            args(),
            scene,
            vec![script],
        ));
        jobs.push(compose(&graph, graph.compose[scene], scene, 0));
    }
    jobs.extend(whole(&graph, fresh(), 0));
    jobs
}

/// Inputs: script, narration and picture of the scene, then those of the scene before it.
fn compose(graph: &Graph, id: JobId, scene: usize, take: u32) -> NewJob {
    let mut after: Vec<JobId> = graph.script.into_iter().collect();
    after.extend([graph.narrate[scene], graph.illustrate[scene]]);
    if let Some(before) = scene.checked_sub(1) {
        after.extend([graph.narrate[before], graph.illustrate[before]]);
    }
    job(
        id,
        Stage::Compose,
        json!(SceneArgs { scene, take }),
        scene,
        after,
    )
}

/// Assembly, thumbnail and validation. Inputs of assembly: script, narrations, segments; of the
/// thumbnail: script, pictures; of validation: script, assembly, thumbnail, narrations,
/// pictures, segments.
fn whole(graph: &Graph, validate: JobId, take: u32) -> Vec<NewJob> {
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
    let mut jobs = vec![job(assemble, Stage::Assemble, args(), 0, after)];
    if take == 0 {
        let after = script().chain(graph.illustrate.clone()).collect();
        jobs.push(job(thumbnail, Stage::Thumbnail, args(), 0, after));
    }
    let after = script()
        .chain([assemble, thumbnail])
        .chain(graph.narrate.clone())
        .chain(graph.illustrate.clone())
        .chain(graph.compose.clone())
        .collect();
    jobs.push(job(validate, Stage::Validate, args(), 0, after));
    jobs
}

/// The jobs that make `scenes` again, and the whole video from them.
pub(super) fn repair(fresh: &impl Fn() -> JobId, graph: &Graph, scenes: &[usize]) -> Vec<NewJob> {
    let mut graph = graph.clone();
    let mut jobs = Vec::new();
    for &scene in scenes {
        graph.compose[scene] = fresh();
        jobs.push(compose(&graph, graph.compose[scene], scene, 1));
    }
    graph.assemble = Some(fresh());
    jobs.extend(whole(&graph, fresh(), 1));
    jobs
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

    fn find(jobs: &[NewJob], stage: Stage) -> &NewJob {
        jobs.iter().find(|job| job.stage == stage).unwrap()
    }

    #[test]
    fn every_job_waits_only_for_jobs_that_are_there() {
        let fresh = ids();
        let script = fresh();
        let jobs = after_script(&fresh, script, 3);
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
        let fresh = ids();
        let jobs = after_script(&fresh, fresh(), 2);
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
        let fresh = ids();
        let jobs = after_script(&fresh, fresh(), 3);
        let args: WholeArgs =
            serde_json::from_value(find(&jobs, Stage::Validate).args.clone()).unwrap();
        let again = repair(&fresh, &args.jobs, &[1]);
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
}
