//! English function words, and the commonest verbs and adjectives: they tie sentences together
//! and say nothing about their subject.

/// Sorted for a binary search; contractions stand with both apostrophes' plain form.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "a", "able", "about", "above", "across", "after", "again", "against", "ago", "all", "almost",
    "alone", "along", "already", "also", "although", "always", "among", "an", "and", "another",
    "any", "anybody", "anyone", "anything", "are", "aren't", "around", "as", "ask", "asked",
    "asking", "at", "away", "back", "bad", "be", "became", "because", "become", "been", "before",
    "began", "begin", "behind", "being", "below", "beside", "best", "better", "between", "big",
    "bigger", "billion", "billions", "bit", "both", "bring", "brings", "brought", "build", "builds",
    "built", "but", "by", "call", "called", "calls", "came", "can", "can't", "cannot", "carried",
    "carry", "chose", "chosen", "close", "come", "could", "couldn't", "did", "didn't", "different",
    "do", "does", "doesn't", "doing", "don't", "done", "down", "during", "each", "early", "easy",
    "eight", "eighty", "either", "eleven", "else", "end", "ended", "enough", "even", "ever",
    "every", "everybody", "everyone", "everything", "exactly", "expected", "fall", "falls", "far",
    "fast", "faster", "feel", "fell", "felt", "few", "fifty", "find", "first", "five", "for",
    "forty", "four", "from", "full", "further", "gave", "get", "gets", "give", "given", "go",
    "goes", "going", "gone", "good", "got", "great", "greater", "grew", "grow", "grows", "had",
    "hadn't", "half", "hard", "has", "hasn't", "have", "haven't", "having", "he", "held", "her",
    "here", "hers", "herself", "high", "higher", "him", "himself", "his", "hold", "holds", "how",
    "however", "hundred", "hundreds", "i", "if", "in", "inside", "instead", "into", "is", "isn't",
    "it", "it's", "its", "itself", "just", "keep", "kept", "knew", "know", "known", "knows",
    "large", "larger", "last", "late", "later", "least", "leave", "leaves", "left", "less", "let",
    "like", "little", "long", "look", "looked", "looking", "looks", "lost", "lot", "lots", "low",
    "lower", "made", "make", "makes", "many", "may", "maybe", "me", "mean", "means", "meant",
    "might", "million", "millions", "mine", "more", "most", "move", "moved", "moves", "much",
    "must", "my", "myself", "near", "nearly", "need", "needed", "needs", "neither", "never", "new",
    "next", "nine", "ninety", "no", "nobody", "none", "nor", "not", "nothing", "now", "of", "off",
    "often", "old", "on", "once", "one", "only", "onto", "or", "other", "others", "our", "ours",
    "ourselves", "out", "outside", "over", "own", "perhaps", "put", "quarter", "quite", "ran",
    "rather", "reach", "reached", "really", "run", "running", "runs", "said", "same", "saw", "say",
    "says", "see", "seem", "seemed", "seems", "seen", "set", "seven", "seventy", "several", "shall",
    "she", "should", "shouldn't", "show", "showed", "shown", "shows", "since", "sit", "sits", "six",
    "sixty", "slow", "slower", "small", "smaller", "so", "some", "somebody", "someone", "something",
    "soon", "stand", "stands", "start", "started", "still", "stood", "stop", "stopped", "such",
    "take", "taken", "takes", "tell", "ten", "than", "that", "that's", "the", "their", "theirs",
    "them", "themselves", "then", "there", "there's", "therefore", "these", "they", "thing",
    "things", "think", "thinks", "third", "thirty", "this", "those", "though", "thought",
    "thousand", "thousands", "three", "through", "thus", "to", "today", "together", "told", "too",
    "took", "toward", "towards", "tried", "try", "turn", "turned", "turns", "twelve", "twenty",
    "two", "under", "until", "up", "upon", "us", "use", "used", "uses", "very", "want", "wanted",
    "was", "wasn't", "way", "we", "well", "went", "were", "weren't", "what", "whatever", "when",
    "where", "whether", "which", "while", "who", "whole", "whom", "whose", "why", "will", "with",
    "within", "without", "won't", "word", "words", "work", "worked", "works", "worse", "worst",
    "would", "wouldn't", "year", "years", "yes", "yet", "you", "your", "yours", "yourself",
];

/// Tells whether a lower-case word is a function word.
pub(crate) fn is_stop(word: &str) -> bool {
    if word.contains('’') {
        return WORDS
            .binary_search(&word.replace('’', "'").as_str())
            .is_ok();
    }
    WORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_as_its_search_needs() {
        assert!(WORDS.is_sorted());
        assert!(is_stop("don’t") && is_stop("the") && !is_stop("clock"));
    }
}
