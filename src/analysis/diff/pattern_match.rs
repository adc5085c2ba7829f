//! Matching of patterns, for each element of a request.

use ram_policy::Pattern;

/// Matches a value of a condition key, or a resource group
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).matches(text)
}

/// Matches an action
pub(super) fn matches_action(pattern: &str, action: &str) -> bool {
    Pattern::new(pattern).matches_ignoring_case(action)
}

/// Matches a resource segment by segment
///
/// The resource may be a pattern itself. So the special rules for names of RAM do not apply, which are for names alone.
pub(super) fn matches_resource(pattern: &str, resource: &str) -> bool {
    /// `acs`, the service, the region, the account and the relative name
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
    fn each_element_has_its_own_matching() {
        assert!(matches_action("eci:create*", "ECI:CreateContainerGroup"));
        assert!(!matches("a*", "AB"));
        assert!(matches_resource("acs:eci:*:*:a/*", "acs:eci:cn:1:a/b:c"));
        assert!(!matches_resource("acs:*:1:a", "acs:eci:cn:1:a"));
        assert!(matches_resource("*", "x"));
    }
}
