//! English function words: they tie sentences together and say nothing about their subject.

/// Sorted for a binary search; contractions stand with both apostrophes' plain form.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "a", "about", "above", "across", "after", "again", "against", "all", "almost", "alone", "along",
    "already", "also", "although", "always", "among", "an", "and", "another", "any", "anybody",
    "anyone", "anything", "are", "aren't", "around", "as", "ask", "asked", "at", "away", "back",
    "be", "became", "because", "become", "been", "before", "began", "begin", "behind", "being",
    "below", "beside", "best", "better", "between", "billion", "billions", "both", "but", "by",
    "came", "can", "can't", "cannot", "come", "could", "couldn't", "did", "didn't", "do", "does",
    "doesn't", "doing", "don't", "done", "down", "during", "each", "eight", "either", "eleven",
    "else", "enough", "even", "ever", "every", "everybody", "everyone", "everything", "exactly",
    "few", "find", "first", "five", "for", "four", "from", "further", "gave", "get", "gets", "give",
    "given", "go", "goes", "going", "gone", "good", "got", "had", "hadn't", "half", "has", "hasn't",
    "have", "haven't", "having", "he", "her", "here", "hers", "herself", "him", "himself", "his",
    "how", "however", "hundred", "hundreds", "i", "if", "in", "inside", "instead", "into", "is",
    "isn't", "it", "it's", "its", "itself", "just", "keep", "kept", "knew", "know", "known",
    "knows", "last", "least", "less", "let", "like", "little", "long", "made", "make", "makes",
    "many", "may", "maybe", "me", "mean", "means", "meant", "might", "million", "millions", "mine",
    "more", "most", "much", "must", "my", "myself", "near", "nearly", "need", "needs", "neither",
    "never", "new", "next", "nine", "no", "nobody", "none", "nor", "not", "nothing", "now", "of",
    "off", "often", "old", "on", "once", "one", "only", "onto", "or", "other", "others", "our",
    "ours", "ourselves", "out", "outside", "over", "own", "perhaps", "put", "quarter", "quite",
    "rather", "really", "said", "same", "saw", "say", "says", "see", "seen", "set", "seven",
    "several", "shall", "she", "should", "shouldn't", "since", "six", "so", "some", "somebody",
    "someone", "something", "soon", "still", "such", "take", "taken", "takes", "tell", "ten",
    "than", "that", "that's", "the", "their", "theirs", "them", "themselves", "then", "there",
    "there's", "therefore", "these", "they", "thing", "things", "third", "this", "those", "though",
    "thousand", "thousands", "three", "through", "thus", "to", "together", "told", "too", "took",
    "toward", "towards", "twelve", "twenty", "two", "under", "until", "up", "upon", "us", "use",
    "used", "uses", "very", "want", "was", "wasn't", "way", "we", "well", "went", "were", "weren't",
    "what", "whatever", "when", "where", "whether", "which", "while", "who", "whole", "whom",
    "whose", "why", "will", "with", "within", "without", "won't", "would", "wouldn't", "year",
    "years", "yes", "yet", "you", "your", "yours", "yourself",
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
