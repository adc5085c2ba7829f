//! Whether a value fits a pattern, for each element of a request.

use ram_policy::Pattern;

/// Whether a value of a condition key fits a pattern
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).matches(text)
}

/// Whether an action fits an action pattern
pub(super) fn matches_action(pattern: &str, action: &str) -> bool {
    Pattern::new(pattern).matches_ignoring_case(action)
}

/// Whether a resource name fits a resource pattern, segment by segment
///
/// A name may be a pattern itself here. So the rules for RAM's own names do not count, which are for names alone.
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
}
