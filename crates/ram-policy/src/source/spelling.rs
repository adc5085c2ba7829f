//! Suggestions for misspelled words.

/// The known word that a misspelled word most likely means; `None` if none is close enough.
///
/// ```
/// use ram_policy::source::closest;
///
/// assert_eq!(closest("StringEqual", ["StringEquals", "StringLike"]), Some("StringEquals"));
/// assert_eq!(closest("Principal", ["StringEquals", "StringLike"]), None);
/// ```
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the word may be wrong: enough for a typing error, too little to guess a different word.
    let near = (word.chars().count() / 3).max(1);
    let lower = word.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
