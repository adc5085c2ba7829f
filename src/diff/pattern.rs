//! Wildcard patterns as texts: whether one matches, and texts that it matches.

/// Whether a text has wildcards
pub(super) fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether the whole of a text fits a pattern
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    // What may still follow in the pattern after each letter of the text
    let wanted: Vec<char> = pattern.chars().collect();
    let mut places = vec![0];
    let open = |mut places: Vec<usize>| {
        let mut at = 0;
        while let Some(place) = places.get(at).copied() {
            if wanted.get(place) == Some(&'*') {
                places.push(place.saturating_add(1));
            }
            at = at.saturating_add(1);
        }
        places.sort_unstable();
        places.dedup();
        places
    };
    places = open(places);
    for letter in text.chars() {
        let moved = places.iter().filter_map(|place| match wanted.get(*place)? {
            '*' => Some(*place),
            '?' => Some(place.saturating_add(1)),
            wanted if *wanted == letter => Some(place.saturating_add(1)),
            _ => None,
        });
        places = open(moved.collect());
    }
    places.contains(&wanted.len())
}

/// Whether an action fits an action pattern
pub(super) fn matches_action(pattern: &str, action: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether a resource name fits a resource pattern, segment by segment
pub(super) fn matches_resource(pattern: &str, resource: &str) -> bool {
    /// `acs`, the service, the region, the account and the rest
    const SEGMENTS: usize = 5;
    let wanted: Vec<&str> = pattern.splitn(SEGMENTS, ':').collect();
    let found: Vec<&str> = resource.splitn(SEGMENTS, ':').collect();
    pattern == "*"
        || wanted.len() == found.len()
            && wanted
                .iter()
                .zip(found)
                .all(|(wanted, found)| matches(wanted, found))
}

/// Two texts that a pattern matches: its runs filled, and its runs empty
pub(super) fn instances(pattern: &str, filler: &str) -> [String; 2] {
    let ones = pattern.replace('?', "x");
    [ones.replace('*', filler), ones.replace('*', "")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_their_instances() {
        for pattern in ["a*", "*", "?", "a?c*", "*x*", "", "abc"] {
            for text in instances(pattern, "any") {
                assert!(matches(pattern, &text), "{pattern} on {text}");
            }
        }
        for (pattern, text) in [("a*", "b"), ("?", ""), ("?", "ab"), ("", "a"), ("*ab", "aba")] {
            assert!(!matches(pattern, text), "{pattern} on {text}");
        }
    }
}
