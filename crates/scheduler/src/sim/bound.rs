//! What no policy can beat.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Arrival, Truth};
use crate::chance::Chance;
use crate::graph::Graph;
use crate::hardware::Hardware;
use crate::outline::work;
use crate::resource::Micros;
use crate::workload::{Place, Workload};

/// Lower bounds on the mean latency over the very same videos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// For any policy that buys nothing: GPU work done shortest rest first with free preemption,
    /// after the script and before the shortest way to the end.
    pub local: Micros,
    /// For any policy: the longest way with the fastest backend of each stage.
    pub any: Micros,
}

/// Computes the bounds with the true length of every job, which no policy knows.
pub fn bound(
    workload: &Workload,
    hardware: &Hardware,
    arrivals: &[Arrival],
    seed: u64,
    noise: f64,
) -> Bound {
    let truth = Truth::Drawn(Chance::seeded(seed).of(7), noise);
    let units = (hardware.gpus.len() as u64 * u64::from(hardware.machines)).max(1);
    let mut jobs = Vec::with_capacity(arrivals.len());
    let (mut any, mut path) = (0_u128, 0_u128);
    let mut tails = 0_u128;
    for (id, arrival) in arrivals.iter().enumerate() {
        let one = ways(workload, truth, id as u64, arrival);
        any += u128::from(one.fastest);
        path += u128::from(one.preferred);
        tails += u128::from(one.tail);
        jobs.push((arrival.at + one.head, one.gpu / units));
    }
    let count = arrivals.len().max(1) as u128;
    let ends = shortest_rest_first(&jobs);
    let begun: u128 = arrivals.iter().map(|arrival| u128::from(arrival.at)).sum();
    let gpu = (ends + tails).saturating_sub(begun) / count;
    Bound {
        local: gpu.max(path / count) as Micros,
        any: (any / count) as Micros,
    }
}

struct Ways {
    head: Micros,
    gpu: Micros,
    tail: Micros,
    preferred: Micros,
    fastest: Micros,
}

fn ways(workload: &Workload, truth: Truth, id: u64, arrival: &Arrival) -> Ways {
    let graph = Graph::of(workload, true, |at| arrival.stages >> at & 1 == 1);
    let time = |at: usize, backend: u8| {
        let prior = workload.job_time(backend, true, arrival.length);
        let of = (graph.jobs[at].stage, at as u16, backend);
        truth.time(workload, id, of, prior).unwrap_or(prior)
    };
    let mut ways = Ways {
        head: Micros::MAX,
        gpu: 0,
        tail: Micros::MAX,
        preferred: 0,
        fastest: 0,
    };
    let count = graph.jobs.len();
    let mut head = [vec![0; count], vec![0; count]];
    let mut own = [vec![0; count], vec![0; count]];
    for (at, job) in graph.jobs.iter().enumerate() {
        let backends = &workload.stages[usize::from(job.stage)].backends;
        own[0][at] = time(at, backends[0]);
        own[1][at] = backends.iter().map(|one| time(at, *one)).min().unwrap_or(0);
        for way in 0..2 {
            let begin = job.needs.iter().map(|need| {
                let need = usize::from(*need);
                head[way][need] + own[way][need]
            });
            head[way][at] = begin.max().unwrap_or(0);
        }
        ways.preferred = ways.preferred.max(head[0][at] + own[0][at]);
        ways.fastest = ways.fastest.max(head[1][at] + own[1][at]);
    }
    let mut after = vec![0; count];
    for (at, job) in graph.jobs.iter().enumerate().rev() {
        let rest = job
            .next
            .iter()
            .map(|next| own[0][usize::from(*next)] + after[usize::from(*next)]);
        after[at] = rest.max().unwrap_or(0);
        let backend = workload.stages[usize::from(job.stage)].backends[0];
        if workload.backends[usize::from(backend)].place != Place::Gpu {
            continue;
        }
        let is_side = job.next.iter().all(|next| {
            // What only the upload waits for can be done beside the rendering, so a bound
            // doesn't count it.
            let stage = usize::from(graph.jobs[usize::from(*next)].stage);
            workload.backends[usize::from(workload.stages[stage].backends[0])].place
                == Place::Uplink
        });
        if is_side {
            continue;
        }
        ways.gpu += work(workload, backend, true, own[0][at]).0;
        ways.head = ways.head.min(head[0][at]);
        ways.tail = ways.tail.min(shortest_after(&graph, &own[0], at));
    }
    if ways.gpu == 0 {
        (ways.head, ways.tail) = (0, ways.preferred);
    }
    ways
}

/// The shortest way from the end of a job to the end of the video that its last GPU job can have:
/// whichever follows, one of the jobs after it and the way from there.
fn shortest_after(graph: &Graph, own: &[Micros], at: usize) -> Micros {
    let next = graph.jobs[at].next.iter().map(|next| {
        let next = usize::from(*next);
        own[next] + shortest_after(graph, own, next)
    });
    next.min().unwrap_or(0)
}

/// Sum of the moments at which jobs (release, length) end on one machine that always does the one
/// with the shortest rest: no schedule has a smaller sum (Schrage, 1968).
fn shortest_rest_first(jobs: &[(Micros, Micros)]) -> u128 {
    let mut by_release: Vec<(Micros, Micros)> = jobs.to_vec();
    by_release.sort_unstable();
    let mut ready: BinaryHeap<Reverse<Micros>> = BinaryHeap::new();
    let (mut now, mut sum, mut next) = (0, 0_u128, 0);
    while next < by_release.len() || !ready.is_empty() {
        if ready.is_empty() {
            now = now.max(by_release[next].0);
        }
        while next < by_release.len() && by_release[next].0 <= now {
            ready.push(Reverse(by_release[next].1));
            next += 1;
        }
        let Some(Reverse(rest)) = ready.pop() else {
            continue;
        };
        let until = by_release.get(next).map_or(Micros::MAX, |job| job.0);
        let ran = rest.min(until - now);
        now += ran;
        if ran == rest {
            sum += u128::from(now);
        } else {
            ready.push(Reverse(rest - ran));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_job_interrupts_a_long_one() {
        // 0–2 first, 2–3 the short one, 3–11 the rest of the first.
        assert_eq!(shortest_rest_first(&[(0, 10), (2, 1)]), 3 + 11);
        assert_eq!(shortest_rest_first(&[(5, 1), (0, 2)]), 2 + 6);
    }
}
