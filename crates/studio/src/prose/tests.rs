//! Sentences, ranks, shifts and keywords on texts whose answer is plain to see.

use super::*;

#[test]
fn abbreviations_numbers_and_quotes_do_not_end_a_sentence() {
    let text = "Dr. Smith paid $3.50 to J. R. Moore at 5 p.m. on Monday. \"Why?\" he asked. \
                See e.g. Fig. 2. It was cold… and dark! The end";
    assert_eq!(
        sentences(text),
        [
            "Dr. Smith paid $3.50 to J. R. Moore at 5 p.m. on Monday.",
            "\"Why?\" he asked.",
            "See e.g. Fig. 2.",
            "It was cold… and dark!",
            "The end",
        ]
    );
    assert_eq!(
        sentences("你好。「再见！」好。"),
        ["你好。", "「再见！」", "好。"]
    );
    assert_eq!(sentences(" \n "), Vec::<String>::new());
}

#[test]
fn the_sentence_that_others_speak_of_ranks_first() {
    let text = "A pendulum clock keeps time by a swinging weight. The weight of the clock swings. \
                Bread is baked in the morning. The pendulum swings in the same time.";
    let sentences = sentences(text);
    let ranks = ranks(&sentences);
    let worst = ranks
        .iter()
        .enumerate()
        .min_by_key(|(_, rank)| **rank)
        .unwrap()
        .0;
    let best = ranks
        .iter()
        .enumerate()
        .max_by_key(|(_, rank)| **rank)
        .unwrap()
        .0;
    assert_eq!((best, worst), (0, 2));
    assert!(super::ranks(&[]).is_empty());
}

#[test]
fn a_change_of_subject_is_found_where_it_is() {
    let whales = "Whales dive deep. A whale breathes air. Whales sing in deep water. \
                  The whale dives for squid. Deep water hides squid and whales.";
    let bread = "Flour makes bread. Bread needs yeast and flour. Bakers knead flour and yeast. \
                 The yeast makes bread rise. Warm bread needs bakers.";
    let mut all = sentences(whales);
    all.extend(sentences(bread));
    let starts = vec![false; all.len()];
    assert_eq!(shifts(&all, &starts), [5]);
}

#[test]
fn keywords_are_the_subject_as_written() {
    let text = "The deep sea is dark. In the deep sea live whales. Whales hunt giant squid. \
                A giant squid fights whales, and the deep sea keeps its dead.";
    let found = keywords(text, 3);
    assert!(found.contains(&"deep sea".to_owned()), "{found:?}");
    assert!(
        found.iter().any(|k| k.to_lowercase().contains("whales")),
        "{found:?}"
    );
    assert_eq!(keywords("", 5), Vec::<String>::new());
}
