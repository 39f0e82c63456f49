use std::collections::HashSet;

use scheduler::resource::Resource;
use store::{EndedVideo, Machine, NodeStatus, OpenJob, OpenVideo};
use ytempire_core::{AccountId, IdSource, JobState};

use super::*;

const S: Duration = Duration::from_secs(1);

/// A line that is built by hand.
struct Line {
    ids: IdSource,
    now: Timestamp,
    view: LineView,
}

impl Line {
    fn of_nodes(slots: &[u32]) -> Self {
        let mut line = Self {
            ids: IdSource::seeded([5; 32]),
            now: Timestamp::from_micros(1_800_000_000_000_000),
            view: LineView::default(),
        };
        for slots in slots {
            let machine = Machine {
                kind: "a box".to_owned(),
                slots: *slots,
                memory_mib: 16_000,
                ..Machine::default()
            };
            line.view.nodes.push(NodeStatus {
                id: NodeId::fresh(&line.ids, line.now),
                name: String::new(),
                joined_at: line.now,
                seen_at: line.now,
                draining: false,
                jobs: 0,
                machine,
            });
        }
        line
    }

    /// A video of so many words whose script is not written yet.
    fn video(&mut self, priority: u8, words: u32) -> &mut OpenVideo {
        let script = OpenJob {
            id: JobId::fresh(&self.ids, self.now),
            stage: Stage::Script,
            state: JobState::Available,
            scheduled_at: None,
            encoder_sessions: 0,
            running: None,
            after: Vec::new(),
        };
        self.view.videos.push(OpenVideo {
            id: VideoId::fresh(&self.ids, self.now),
            account: AccountId::LOCAL,
            channel: None,
            priority,
            created_at: self.now,
            due_at: None,
            start_at: None,
            words,
            scenes: 0,
            promised_at: None,
            served: Duration::ZERO,
            jobs: vec![script],
        });
        self.view.videos.last_mut().unwrap()
    }

    fn node(&self, at: usize) -> NodeId {
        self.view.nodes[at].id
    }

    fn chosen(&self, at: usize, max: u32) -> Vec<JobId> {
        self.chosen_within(&Limits::default(), at, max)
    }

    fn chosen_within(&self, limits: &Limits, at: usize, max: u32) -> Vec<JobId> {
        let asked = Asker {
            node: self.node(at),
            max,
            sessions: None,
        };
        Dispatch::of("a box", &[]).choose(self.now, &self.view, limits, &asked)
    }

    fn script(&self, video: usize) -> JobId {
        self.view.videos[video].jobs[0].id
    }

    fn foretold(&self, video: usize) -> Option<Promise> {
        foretell(self.now, &self.view, self.view.videos[video].id, &[])
    }
}

#[test]
fn stages_and_needs_are_those_of_this_program() {
    let model = Model::of("", &[]);
    for stage in Stage::ALL {
        let at = usize::from(model.stage(stage));
        assert_eq!(model.workload.stages[at].name, stage.as_str());
        let backend = model.workload.stages[at].backends[0];
        let host = model.workload.job_demand(backend, true).host;
        assert_eq!(host.get(Resource::Cpu), needs(stage).cpu_milli, "{stage}");
        let memory = host.get(Resource::Memory);
        assert!(
            memory.abs_diff(needs(stage).memory_mib) < 15,
            "{stage}: {memory}"
        );
    }
}

#[test]
fn the_shorter_video_goes_first_where_nothing_is_due() {
    let mut line = Line::of_nodes(&[1]);
    line.video(5, 3_000);
    line.video(5, 100);
    assert_eq!(line.chosen(0, 1), [line.script(1)]);
}

#[test]
fn the_higher_priority_goes_first_however_long_it_is() {
    let mut line = Line::of_nodes(&[1]);
    line.video(5, 100);
    line.video(6, 3_000);
    assert_eq!(line.chosen(0, 1), [line.script(1)]);
}

#[test]
fn what_is_due_goes_before_what_is_short() {
    let mut line = Line::of_nodes(&[1]);
    let due = line.now.after(300 * S);
    line.video(5, 1_200).due_at = Some(due);
    line.video(5, 100);
    assert_eq!(line.chosen(0, 1), [line.script(0)]);
}

#[test]
fn a_node_takes_no_more_than_it_has_room_for() {
    let mut line = Line::of_nodes(&[2]);
    for _ in 0..5 {
        line.video(5, 500);
    }
    assert_eq!(line.chosen(0, 9).len(), 2, "two slots");
    assert_eq!(line.chosen(0, 1).len(), 1, "one is free");
    let id = line.node(0);
    line.view.videos[0].jobs[0].state = JobState::Running;
    line.view.videos[0].jobs[0].running = Some((id, line.now));
    let chosen = line.chosen(0, 9);
    assert_eq!(chosen.len(), 1);
    assert_ne!(chosen[0], line.script(0));
}

#[test]
fn nodes_that_ask_at_once_choose_different_jobs() {
    let mut line = Line::of_nodes(&[2, 1, 2]);
    for words in [100, 200, 300, 400, 500, 600] {
        line.video(5, words);
    }
    let all: Vec<JobId> = (0..3).flat_map(|node| line.chosen(node, 2)).collect();
    assert_eq!(all.len(), 5);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 5);
    // Where there is too little for all, the last may ask for the same as the first.
    line.view.videos.truncate(1);
    assert_eq!(line.chosen(2, 2), [line.script(0)]);
}

#[test]
fn who_was_not_heard_of_or_leaves_gets_nothing() {
    let mut line = Line::of_nodes(&[1, 1]);
    line.video(5, 100);
    line.view.nodes[0].draining = true;
    assert!(line.chosen(0, 1).is_empty());
    line.view.nodes[0].draining = false;
    line.now = line.now.after(31 * S);
    line.view.nodes[1].seen_at = line.now;
    assert!(line.chosen(0, 1).is_empty());
    assert_eq!(line.chosen(1, 1), [line.script(0)]);
}

#[test]
fn what_has_reached_its_limit_leaves_room_for_others() {
    let mut line = Line::of_nodes(&[3]);
    line.video(9, 100);
    line.video(9, 100);
    line.video(5, 100);
    let id = line.node(0);
    line.view.videos[0].jobs[0].state = JobState::Running;
    line.view.videos[0].jobs[0].running = Some((id, line.now));
    line.view.videos[2].jobs[0].stage = Stage::Narrate;
    let limits = Limits {
        stages: [(Stage::Script, 1)].into(),
        ..Limits::default()
    };
    assert_eq!(line.chosen_within(&limits, 0, 2), [line.script(2)]);
    assert_eq!(line.chosen(0, 2).len(), 2);
}

#[test]
fn what_may_not_begin_yet_is_passed_over() {
    let mut line = Line::of_nodes(&[2]);
    let later = line.now.after(60 * S);
    line.video(10, 100).start_at = Some(later);
    line.video(1, 100);
    let retried = &mut line.video(5, 100).jobs[0];
    (retried.state, retried.scheduled_at) = (JobState::Scheduled, Some(later));
    assert_eq!(line.chosen(0, 2), [line.script(1)]);
    // Nobody else makes it available once its time has come.
    line.view.videos[2].jobs[0].scheduled_at = Some(line.now);
    assert_eq!(line.chosen(0, 2), [line.script(2), line.script(1)]);
    assert_eq!(line.foretold(0), None);
}

#[test]
fn an_end_is_foretold_by_what_is_ahead_and_how_fast_it_goes() {
    let mut line = Line::of_nodes(&[1]);
    line.video(5, 1_200);
    let promise = line.foretold(0).unwrap();
    let took = promise.likely_at.since(line.now);
    // 254 core-seconds of an eight-minute video on one slot.
    assert!(took > 240 * S && took < 275 * S, "{took:?}");
    assert!(promise.promised_at > promise.likely_at);

    line.video(9, 100);
    line.video(5, 1_200);
    let behind = line.foretold(2).unwrap().likely_at.since(line.now);
    assert!(behind > 500 * S && behind < 580 * S, "{behind:?}");
    line.view.nodes[0].machine.slots = 4;
    let quicker = line.foretold(2).unwrap().likely_at.since(line.now);
    assert!(quicker < behind / 2, "{quicker:?}");
    line.view.nodes.clear();
    assert_eq!(line.foretold(2), None, "nobody works");
}

#[test]
fn who_was_served_least_lately_goes_first_where_nothing_is_due() {
    let mut line = Line::of_nodes(&[1]);
    let other = AccountId::fresh(&line.ids, line.now);
    line.video(3, 100);
    line.video(3, 3_000).account = other;
    assert_eq!(line.chosen(0, 1), [line.script(0)], "the shorter");
    line.view.served = vec![(AccountId::LOCAL, 119 * S)];
    assert_eq!(line.chosen(0, 1), [line.script(0)], "not two minutes ahead");
    line.view.served = vec![(AccountId::LOCAL, 121 * S)];
    assert_eq!(line.chosen(0, 1), [line.script(1)]);
}

#[test]
fn what_has_begun_is_foretold_by_what_is_left_of_it() {
    let mut line = Line::of_nodes(&[1]);
    line.video(5, 1_200);
    let whole = line.foretold(0).unwrap().likely_at.since(line.now);
    // Its script is written; of two scenes one is composed, and the other is being composed.
    let (ids, now, node) = (IdSource::seeded([6; 32]), line.now, line.node(0));
    let job = |stage, state, after: &[JobId]| OpenJob {
        id: JobId::fresh(&ids, now),
        stage,
        state,
        scheduled_at: None,
        encoder_sessions: 0,
        running: (state == JobState::Running).then_some((node, now)),
        after: after.to_vec(),
    };
    let compose = job(Stage::Compose, JobState::Running, &[]);
    let assemble = job(Stage::Assemble, JobState::Waiting, &[compose.id]);
    let validate = job(Stage::Validate, JobState::Waiting, &[assemble.id]);
    let video = &mut line.view.videos[0];
    (video.scenes, video.jobs) = (2, vec![compose, assemble, validate]);
    let left = line.foretold(0).unwrap().likely_at.since(line.now);
    // 88 of composing, 31 of assembling, 30 of checking.
    assert!(left > 140 * S && left < 160 * S && left < whole, "{left:?}");
    // It doesn't run for ever where its node is gone.
    line.view.videos[0].jobs[0].running = Some((NodeId::fresh(&ids, now), now));
    assert!(line.foretold(0).is_some());
}

#[test]
fn promises_grow_where_ends_were_later_than_foretold() {
    let mut line = Line::of_nodes(&[1]);
    line.video(5, 1_200);
    let promised = |line: &Line| line.foretold(0).unwrap().promised_at.since(line.now);
    let before = promised(&line);
    let ended = EndedVideo {
        priority: 5,
        began_at: line.now,
        likely_at: line.now.after(100 * S),
        ended_at: line.now.after(300 * S),
    };
    line.view.ended = vec![ended; 40];
    let after = promised(&line);
    assert!(after > before && after > 700 * S, "{before:?} {after:?}");
}

#[test]
fn a_machine_that_takes_twice_as_long_is_believed_and_remembered() {
    let dispatch = Dispatch::of("slow box", &[]);
    assert!(dispatch.news().is_empty());
    let amount = Amount {
        words: 1_200,
        scenes: 8,
    };
    // 177 s in 8 pieces are 22 s each.
    for _ in 0..60 {
        dispatch.observe(Stage::Compose, amount, 44 * S);
    }
    let rows = dispatch.news();
    assert_eq!(rows.len(), 1);
    assert!(dispatch.news().is_empty(), "it is told once");
    let mut line = Line::of_nodes(&[1]);
    line.video(5, 1_200);
    let usual = line.foretold(0).unwrap().likely_at.since(line.now);
    let id = line.view.videos[0].id;
    let slow = foretell(line.now, &line.view, id, &rows).unwrap();
    let slow = slow.likely_at.since(line.now);
    assert!(
        slow > usual + 100 * S && slow < usual + 200 * S,
        "{usual:?} {slow:?}"
    );
}

#[test]
fn the_same_view_is_the_same_choice() {
    let mut line = Line::of_nodes(&[2, 2]);
    for words in [900, 50, 400, 400, 700] {
        line.video(5, words);
    }
    assert_eq!(line.chosen(1, 2), line.chosen(1, 2));
}

#[test]
fn no_more_is_begun_on_a_gpu_than_it_has_sessions_and_others_take_the_slots() {
    let mut line = Line::of_nodes(&[3]);
    for words in [100, 200, 300] {
        line.video(5, words).jobs[0].encoder_sessions = 1;
    }
    for words in [400, 500] {
        line.video(5, words);
    }
    let chosen = |sessions| {
        let asked = Asker {
            node: line.node(0),
            max: 3,
            sessions,
        };
        Dispatch::of("a box", &[]).choose(line.now, &line.view, &Limits::default(), &asked)
    };
    let scripts = |videos: [usize; 3]| videos.map(|video| line.script(video));
    assert_eq!(chosen(Some(1)), scripts([0, 3, 4]));
    assert_eq!(chosen(Some(2)), scripts([0, 1, 3]));
    assert_eq!(chosen(None), scripts([0, 1, 2]));
    assert_eq!(chosen(Some(0)).len(), 2);
}

#[test]
fn a_node_whose_gpu_rests_does_not_count_as_one_that_encodes() {
    let mut line = Line::of_nodes(&[1, 1]);
    assert!(!some_encode(line.now, &line.view.nodes));
    line.view.nodes[1].machine.encoders = vec![store::EncoderState {
        name: "h264_nvenc".to_owned(),
        sessions_max: 8,
        trouble: String::new(),
    }];
    assert!(some_encode(line.now, &line.view.nodes));
    line.view.nodes[1].draining = true;
    assert!(!some_encode(line.now, &line.view.nodes));
    line.view.nodes[1].draining = false;
    line.view.nodes[1].machine.encoders[0].sessions_max = 0;
    assert!(!some_encode(line.now, &line.view.nodes));
}
