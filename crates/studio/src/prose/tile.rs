//! `TextTiling`: where a text without headings changes its subject.
//!
//! M. A. Hearst, "`TextTiling`: Segmenting Text into Multi-paragraph Subtopic Passages",
//! Computational Linguistics 23(1), 1997: neighbouring blocks of text are compared word by word,
//! and a boundary lies where the likeness falls deepest between two hills. Sentences stand in
//! for the paper's sequences of twenty words, so that a cut never falls inside one.

use std::collections::BTreeMap;

use super::terms;

/// Sentences in a block on each side of a gap. The paper's blocks are 6 sequences of 20 words;
/// a written sentence has about that length.
const BLOCK: usize = 6;

/// Sentences between two boundaries at least: the paper asks for three sequences.
const APART: usize = 3;

/// The sentences (by index, ascending, never 0) at which a new subject begins.
///
/// `paragraph_starts` tells which sentences begin a paragraph; where there are several
/// paragraphs, boundaries fall between them only, as in the paper.
pub(crate) fn shifts(sentences: &[String], paragraph_starts: &[bool]) -> Vec<usize> {
    if sentences.len() < 2 * APART {
        return Vec::new();
    }
    let bags: Vec<Vec<String>> = sentences.iter().map(|s| terms(s)).collect();
    let scores: Vec<f64> = (1..bags.len()).map(|gap| likeness(&bags, gap)).collect();
    let depths: Vec<f64> = (0..scores.len()).map(|at| depth(&scores, at)).collect();
    let mean = depths.iter().sum::<f64>() / depths.len() as f64;
    let spread =
        (depths.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / depths.len() as f64).sqrt();
    // The paper's liberal cutoff, rounded as ranks are.
    let cutoff = mean - spread / 2.0;
    let by_paragraph = paragraph_starts.iter().filter(|&&starts| starts).count() > 2;
    let mut gaps: Vec<(i64, usize)> = depths
        .iter()
        .enumerate()
        .map(|(at, depth)| (at + 1, *depth))
        .filter(|&(gap, depth)| {
            depth > cutoff && depth > 0.0 && (!by_paragraph || paragraph_starts[gap])
        })
        .map(|(gap, depth)| (-(depth * 1e9).round() as i64, gap))
        .collect();
    gaps.sort_unstable();
    let mut shifts: Vec<usize> = Vec::new();
    for (_, gap) in gaps {
        let is_apart = shifts.iter().all(|other| other.abs_diff(gap) >= APART);
        if is_apart && gap >= APART && sentences.len() - gap >= APART {
            shifts.push(gap);
        }
    }
    shifts.sort_unstable();
    shifts
}

/// The cosine between the words of the blocks on both sides of a gap.
fn likeness(bags: &[Vec<String>], gap: usize) -> f64 {
    let size = BLOCK.min(gap).min(bags.len() - gap);
    let counts = |bags: &[Vec<String>]| {
        let mut counts = BTreeMap::new();
        for term in bags.iter().flatten() {
            *counts.entry(term.clone()).or_insert(0_u64) += 1;
        }
        counts
    };
    let (left, right) = (
        counts(&bags[gap - size..gap]),
        counts(&bags[gap..gap + size]),
    );
    let dot: u64 = left
        .iter()
        .filter_map(|(term, n)| right.get(term).map(|m| n * m))
        .sum();
    let norm = |counts: &BTreeMap<String, u64>| counts.values().map(|n| n * n).sum::<u64>();
    let norms = (norm(&left) * norm(&right)) as f64;
    if norms == 0.0 {
        0.0
    } else {
        dot as f64 / norms.sqrt()
    }
}

/// How deep a valley is: the climbs to the next hilltops on both sides.
fn depth(scores: &[f64], at: usize) -> f64 {
    let climb = |steps: &mut dyn Iterator<Item = usize>| {
        let mut top = scores[at];
        for i in steps {
            if scores[i] < top {
                break;
            }
            top = scores[i];
        }
        top - scores[at]
    };
    climb(&mut (0..at).rev()) + climb(&mut (at + 1..scores.len()))
}
