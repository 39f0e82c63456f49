//! What no policy can beat.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Arrival, Truth};
use crate::chance::Chance;
use crate::graph::Graph;
use crate::hardware::Hardware;
use crate::outline::work;
use crate::resource::{Micros, Resource, WHOLE};
use crate::workload::{Place, Workload};

/// Lower bounds on the mean latency over the very same videos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// For any policy that uses preferred backends: the largest of the longest way, and for GPUs and
    /// for cores: all work on them done shortest rest first with free preemption, after the
    /// shortest way to it and before the shortest way from it.
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
    let machines = u64::from(hardware.machines);
    let cores = u64::from(hardware.host.get(Resource::Cpu) / WHOLE);
    let units = [hardware.gpus.len() as u64 * machines, cores * machines].map(|n| n.max(1));
    let ways: Vec<Ways> = arrivals
        .iter()
        .enumerate()
        .map(|(id, arrival)| Ways::of(workload, truth, id as u64, arrival))
        .collect();
    let count = arrivals.len().max(1) as u128;
    let mean =
        |of: fn(&Ways) -> Micros| ways.iter().map(|way| u128::from(of(way))).sum::<u128>() / count;
    let begun: u128 = arrivals.iter().map(|arrival| u128::from(arrival.at)).sum();
    let mut local = mean(|way| way.preferred);
    for (axis, units) in units.into_iter().enumerate() {
        let jobs: Vec<(Micros, Micros)> = arrivals
            .iter()
            .zip(&ways)
            .map(|(arrival, way)| {
                (
                    arrival.at + way.axes[axis].head,
                    way.axes[axis].work / units,
                )
            })
            .collect();
        let tails: u128 = ways.iter().map(|way| u128::from(way.axes[axis].tail)).sum();
        local = local.max((shortest_rest_first(&jobs) + tails).saturating_sub(begun) / count);
    }
    Bound {
        local: local as Micros,
        any: mean(|way| way.fastest) as Micros,
    }
}

/// Work on GPUs or on cores, the shortest way to it and the shortest from it.
#[derive(Clone, Copy)]
struct AxisWay {
    head: Micros,
    work: Micros,
    tail: Micros,
}

struct Ways {
    axes: [AxisWay; 2],
    preferred: Micros,
    fastest: Micros,
}

impl Ways {
    fn of(workload: &Workload, truth: Truth, id: u64, arrival: &Arrival) -> Self {
        let graph = Graph::of(workload, true, |at| arrival.stages >> at & 1 == 1);
        let backends = |at: usize| &workload.stages[usize::from(graph.jobs[at].stage)].backends;
        let time = |at: usize, backend: u8| {
            let prior = workload.job_time(backend, true, arrival.length);
            let of = (graph.jobs[at].stage, at as u16, backend);
            truth.time(workload, id, of, prior).unwrap_or(prior)
        };
        let count = graph.jobs.len();
        let own: Vec<Micros> = (0..count).map(|at| time(at, backends(at)[0])).collect();
        let least = |at: usize| backends(at).iter().map(|one| time(at, *one)).min();
        let fast: Vec<Micros> = (0..count).map(|at| least(at).unwrap_or(0)).collect();
        let (head, preferred) = longest(&graph, &own);
        let mut ways = Self {
            axes: [AxisWay {
                head: Micros::MAX,
                work: 0,
                tail: Micros::MAX,
            }; 2],
            preferred,
            fastest: longest(&graph, &fast).1,
        };
        for at in 0..count {
            let backend = backends(at)[0];
            let (gpu, cpu) = work(workload, backend, true, own[at]);
            // GPU work that only the upload waits for can be done beside the rendering, so the
            // bound doesn't count it.
            let side = graph.jobs[at].next.iter().all(|next| {
                let first = backends(usize::from(*next))[0];
                workload.backends[usize::from(first)].place == Place::Uplink
            });
            let gpu = if side { 0 } else { gpu };
            for (axis, work) in ways.axes.iter_mut().zip([gpu, cpu]) {
                if work > 0 {
                    axis.work += work;
                    axis.head = axis.head.min(head[at]);
                    axis.tail = axis.tail.min(shortest_after(&graph, &own, at));
                }
            }
        }
        for axis in &mut ways.axes {
            if axis.work == 0 {
                (axis.head, axis.tail) = (0, preferred);
            }
        }
        ways
    }
}

/// The longest way to each job, and through all.
fn longest(graph: &Graph, own: &[Micros]) -> (Vec<Micros>, Micros) {
    let mut head: Vec<Micros> = vec![0; own.len()];
    let mut all = 0;
    for (at, job) in graph.jobs.iter().enumerate() {
        let before = job.needs.iter().map(|need| {
            let need = usize::from(*need);
            head[need] + own[need]
        });
        head[at] = before.max().unwrap_or(0);
        all = all.max(head[at] + own[at]);
    }
    (head, all)
}

/// The shortest way from the end of a job to the end of the video: if it is the last of its kind,
/// at least that is still to come.
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
