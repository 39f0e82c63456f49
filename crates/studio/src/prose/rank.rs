//! `TextRank`: sentences that share words with many others come first.
//!
//! R. Mihalcea and P. Tarau, "`TextRank`: Bringing Order into Texts", EMNLP 2004: a graph of
//! sentences whose edges weigh the words they share, divided by the logarithms of their lengths,
//! and on it the random walk of `PageRank` with a damping of 0.85.

use std::collections::BTreeMap;

use super::terms;

/// The chance that the walk follows an edge: the paper's value, after Brin and Page.
const DAMPING: f64 = 0.85;

/// Rounds of the walk. The error shrinks by the damping each round: 0.85^60 is below 0.0001.
const ROUNDS: usize = 60;

/// Sentences ranked together; longer texts are ranked in stretches, since time grows with the
/// square of this.
const STRETCH: usize = 1_000;

/// The rank of each sentence, in parts per billion of an average one.
///
/// Whole numbers, so that the last bits of a machine's logarithm never decide.
pub(crate) fn ranks(sentences: &[String]) -> Vec<u64> {
    sentences.chunks(STRETCH).flat_map(stretch).collect()
}

fn stretch(sentences: &[String]) -> Vec<u64> {
    let mut numbers = BTreeMap::new();
    let bags: Vec<Vec<usize>> = sentences
        .iter()
        .map(|sentence| {
            let mut bag: Vec<usize> = terms(sentence)
                .into_iter()
                .map(|term| {
                    let next = numbers.len();
                    *numbers.entry(term).or_insert(next)
                })
                .collect();
            bag.sort_unstable();
            bag.dedup();
            bag
        })
        .collect();
    let edges = edges(&bags);
    let totals: Vec<f64> = edges
        .iter()
        .map(|of| of.iter().map(|(_, weight)| weight).sum())
        .collect();
    let mut scores = vec![1.0_f64; bags.len()];
    for _ in 0..ROUNDS {
        scores = edges
            .iter()
            .map(|of| {
                let flow: f64 = of
                    .iter()
                    .map(|&(j, weight)| weight / totals[j] * scores[j])
                    .sum();
                1.0 - DAMPING + DAMPING * flow
            })
            .collect();
    }
    scores
        .into_iter()
        .map(|score| (score * 1e9).round() as u64)
        .collect()
}

/// For each sentence its neighbours and the weight of the edge to them, both ways.
fn edges(bags: &[Vec<usize>]) -> Vec<Vec<(usize, f64)>> {
    let mut edges = vec![Vec::new(); bags.len()];
    for i in 0..bags.len() {
        for j in i + 1..bags.len() {
            let shared = shared(&bags[i], &bags[j]);
            if shared == 0 {
                continue;
            }
            // One more than each length, so that two sentences of one word divide by no zero.
            let length = |bag: &Vec<usize>| ((bag.len() + 1) as f64).ln();
            let weight = shared as f64 / (length(&bags[i]) + length(&bags[j]));
            edges[i].push((j, weight));
            edges[j].push((i, weight));
        }
    }
    edges
}

/// How many numbers two sorted lists share.
fn shared(a: &[usize], b: &[usize]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, count) = (i + 1, j + 1, count + 1),
        }
    }
    count
}
