//! The requests that the rules of a webhook entry match.

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;

use crate::kubernetes::routing_policy::RESOURCE_POLICIES;

/// A kind of request that a rule may match
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestKind<'a> {
    pub(crate) operation: &'a str,
    pub(crate) group: &'a str,
    /// With its subresource, such as `pods/exec`
    pub(crate) resource: &'a str,
}

/// Whether one of the rules matches such requests
///
/// ```text
/// rule {operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: ["pods/*"]}
///   CREATE pods/exec -> true
///   CREATE pods      -> false
/// ```
pub(crate) fn rules_match(rules: &[RuleWithOperations], request: RequestKind<'_>) -> bool {
    rules.iter().any(|rule| {
        let has = |list: &Option<Vec<String>>, wanted: &str| {
            list.iter().flatten().any(|one| one == wanted || one == "*")
        };
        let mut resources = rule.resources.iter().flatten();
        let scope = rule.scope.as_deref().unwrap_or("*");
        let is_cluster_wide = request.resource == "imagecaches";
        has(&rule.operations, request.operation)
            && has(&rule.api_groups, request.group)
            && has(&rule.api_versions, "v1")
            && resources.any(|one| matches_resource(one, request.resource))
            && (scope == "*" || (scope == "Cluster") == is_cluster_wide)
    })
}

/// Whether rules are about requests that an outage must not block: removals, and repairs of the configuration
pub(crate) fn may_fail_open(rules: &[RuleWithOperations]) -> bool {
    let matches = |operation, group, resource| {
        let request = RequestKind {
            operation,
            group,
            resource,
        };
        rules_match(rules, request)
    };
    matches("DELETE", "", "pods")
        || matches("CREATE", "", "pods/eviction")
        || matches("DELETE", "eci.alibabacloud.com", "imagecaches")
        || matches("UPDATE", "", "configmaps")
        || matches("UPDATE", RESOURCE_POLICIES.0, RESOURCE_POLICIES.1)
}

/// Whether rules are only about objects that are in no namespace
pub(crate) fn are_about_no_namespace(rules: &[RuleWithOperations]) -> bool {
    rules.iter().all(|rule| rule.scope.as_deref() == Some("Cluster"))
}

/// Whether a rule's resource covers this one; `*` covers no subresource
fn matches_resource(rule: &str, resource: &str) -> bool {
    match (rule, resource.split_once('/')) {
        ("*/*", _) => true,
        ("*", None) => true,
        (rule, Some((parent, subresource))) => {
            rule == resource
                || rule.strip_suffix("/*") == Some(parent)
                || rule.strip_prefix("*/") == Some(subresource)
        }
        (rule, None) => rule == resource,
    }
}
