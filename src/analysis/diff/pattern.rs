//! Wildcard patterns as texts: whether one matches, and texts that it matches.

/// Whether a text has wildcards
pub(crate) fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether the whole of a text fits a pattern
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    fits(pattern, text, |wanted, found| wanted == found)
}

fn fits(pattern: &str, text: &str, same: fn(&char, &char) -> bool) -> bool {
    let (mut wanted, mut found) = (pattern.chars(), text.chars());
    // What follows the latest `*`, and where its run ends so far; an earlier one never has to be tried again
    let mut retry = None;
    loop {
        let fits = match wanted.next() {
            Some('*') => {
                retry = Some((wanted.clone(), found.clone()));
                true
            }
            Some('?') => found.next().is_some(),
            Some(letter) => found.next().is_some_and(|other| same(&letter, &other)),
            None if found.as_str().is_empty() => return true,
            None => false,
        };
        if fits {
            continue;
        }
        let Some((after, end)) = &mut retry else {
            return false;
        };
        if end.next().is_none() {
            return false;
        }
        (wanted, found) = (after.clone(), end.clone());
    }
}

/// Whether an action fits an action pattern
pub(crate) fn matches_action(pattern: &str, action: &str) -> bool {
    fits(pattern, action, char::eq_ignore_ascii_case)
}

/// Whether a resource name fits a resource pattern, segment by segment
pub(crate) fn matches_resource(pattern: &str, resource: &str) -> bool {
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
pub(crate) fn instances(pattern: &str, filler: &str) -> [String; 2] {
    let ones = pattern.replace('?', "x");
    [ones.replace('*', filler), ones.replace('*', "")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_compare_in_their_own_way() {
        assert!(matches_action("eci:create*", "ECI:CreateContainerGroup"));
        assert!(!matches("a*", "AB"));
        assert!(matches_resource("acs:eci:*:*:a/*", "acs:eci:cn:1:a/b:c"));
        assert!(!matches_resource("acs:*:1:a", "acs:eci:cn:1:a"));
        assert!(matches_resource("*", "x"));
    }

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
