//! What rules of RBAC let somebody do with pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::PolicyRule;

use crate::analysis::survey::access::pod_act::{PodAct, PodRequest, REQUESTS, RequestName};

/// Stands for every verb, group or resource
const ALL: &str = "*";

/// The pods that a right is about
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PodNames {
    /// All pods
    Any,
    /// Those of these names
    Only(BTreeSet<String>),
}

/// What somebody may do with pods, and with which
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grants(BTreeMap<PodAct, PodNames>);

impl Grants {
    /// What rules allow together
    ///
    /// ```text
    /// {apiGroups: [""], resources: ["pods", "pods/exec"], verbs: ["delete", "create"], resourceNames: ["db-0"]}
    ///   -> Delete: db-0, Exec: db-0
    /// ```
    pub(super) fn of_rules<'r>(rules: impl IntoIterator<Item = &'r PolicyRule>) -> Self {
        let mut grants = Self::default();
        for rule in rules {
            let allowed = REQUESTS.iter().filter(|request| covers(rule, request));
            for request in allowed {
                if let Some(names) = names(rule, request.name) {
                    grants.allow(request.act, names);
                }
            }
        }
        grants
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (act, names) in &other.0 {
            self.allow(*act, names.clone());
        }
    }

    fn allow(&mut self, act: PodAct, names: PodNames) {
        let known = self
            .0
            .entry(act)
            .or_insert_with(|| PodNames::Only(BTreeSet::new()));
        match (known, names) {
            (known, PodNames::Any) => *known = PodNames::Any,
            (PodNames::Only(known), PodNames::Only(names)) => known.extend(names),
            (PodNames::Any, PodNames::Only(_)) => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What these allow and others do not
    pub(crate) fn without(&self, others: &Self) -> Self {
        let new = self.0.iter().filter_map(|(act, names)| {
            let names = match (names, others.0.get(act)) {
                (_, Some(PodNames::Any)) => return None,
                (PodNames::Only(names), Some(PodNames::Only(known))) => {
                    PodNames::Only(names.difference(known).cloned().collect())
                }
                (names, _) => names.clone(),
            };
            let is_empty = matches!(&names, PodNames::Only(names) if names.is_empty());
            (!is_empty).then_some((*act, names))
        });
        Self(new.collect())
    }

    /// The acts for each set of pods: those with all pods first
    pub(crate) fn by_names(&self) -> BTreeMap<&PodNames, Vec<PodAct>> {
        let mut by_names: BTreeMap<&PodNames, Vec<PodAct>> = BTreeMap::new();
        for (act, names) in &self.0 {
            by_names.entry(names).or_default().push(*act);
        }
        by_names
    }
}

/// Whether a rule is about such requests, whatever pods they name
fn covers(rule: &PolicyRule, request: &PodRequest) -> bool {
    let has = |listed: Option<&Vec<String>>, wanted: &str| {
        listed.is_some_and(|listed| listed.iter().any(|one| one == ALL || one == wanted))
    };
    has(rule.api_groups.as_ref(), "")
        && request.verbs.iter().any(|verb| has(Some(&rule.verbs), verb))
        && rule
            .resources
            .iter()
            .flatten()
            .any(|resource| is_resource(resource, request))
}

/// Whether a resource of a rule stands for that of a request, as in the API server's own comparison
///
/// ```text
/// pods/exec  *       yes
/// pods/exec  */exec  yes
/// pods/exec  pods/*  no: RBAC knows no such form
/// ```
fn is_resource(listed: &str, request: &PodRequest) -> bool {
    if request.subresource.is_empty() {
        return listed == ALL || listed == request.resource;
    }
    let parts = listed.split_once('/');
    listed == ALL
        || parts.is_some_and(|(resource, subresource)| {
            subresource == request.subresource && (resource == ALL || resource == request.resource)
        })
}

/// The pods of a rule's `resourceNames`; `None` if it allows no request without a name
fn names(rule: &PolicyRule, name: RequestName) -> Option<PodNames> {
    let listed = rule.resource_names.iter().flatten();
    let listed: BTreeSet<String> = listed.cloned().collect();
    // The empty name is that of a request without one
    let allows_nameless = listed.is_empty() || listed.contains("");
    match name {
        RequestName::Absent => allows_nameless.then_some(PodNames::Any),
        RequestName::Selected if allows_nameless => Some(PodNames::Any),
        RequestName::Given if listed.is_empty() => Some(PodNames::Any),
        RequestName::Given | RequestName::Selected => {
            let named: BTreeSet<String> = listed.into_iter().filter(|name| !name.is_empty()).collect();
            (!named.is_empty()).then_some(PodNames::Only(named))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn grants(rules: Value) -> Vec<(PodAct, PodNames)> {
        let rules: Vec<PolicyRule> = serde_json::from_value(rules).unwrap();
        Grants::of_rules(&rules).0.into_iter().collect()
    }

    fn acts(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Vec<&'static str> {
        let found = grants(json!([{"apiGroups": groups, "resources": resources, "verbs": verbs}]));
        assert!(found.iter().all(|(_, names)| *names == PodNames::Any));
        found.into_iter().map(|(act, _)| act.name()).collect()
    }

    fn named(resources: &[&str], verbs: &[&str], names: &[&str]) -> Vec<(PodAct, PodNames)> {
        grants(json!([{"apiGroups": [""], "resources": resources, "verbs": verbs, "resourceNames": names}]))
    }

    fn only(names: &[&str]) -> PodNames {
        PodNames::Only(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn every_act_has_its_requests() {
        let all = ["create", "delete", "evict", "bind", "status", "exec"];
        assert_eq!(acts(&["*"], &["*"], &["*"]), all);
        assert_eq!(acts(&[""], &["pods"], &["*"]), ["create", "delete"]);
        assert_eq!(acts(&[""], &["pods"], &["deletecollection"]), ["delete"]);
        assert_eq!(acts(&[""], &["pods/eviction"], &["create"]), ["evict"]);
        assert_eq!(acts(&[""], &["pods/binding"], &["create"]), ["bind"]);
        assert_eq!(acts(&[""], &["bindings"], &["create"]), ["bind"]);
        assert_eq!(acts(&[""], &["pods/status"], &["patch"]), ["status"]);
        for (resource, verb) in [
            ("pods/exec", "create"),
            ("pods/exec", "get"),
            ("pods/attach", "get"),
            ("pods/portforward", "create"),
            ("pods/proxy", "delete"),
            ("*/exec", "create"),
        ] {
            assert_eq!(acts(&[""], &[resource], &[verb]), ["exec"], "{resource}");
        }
    }

    #[test]
    fn rules_about_other_things_give_nothing() {
        for (group, resource, verb) in [
            ("", "pods", "get"),
            ("", "pods", "patch"),
            ("", "pods/*", "*"),
            ("", "*/*", "*"),
            ("", "pods/log", "get"),
            ("", "podtemplates", "*"),
            ("apps", "*", "*"),
            // An eviction's body is of this group, its path is not
            ("policy", "pods/eviction", "create"),
            ("custom.metrics.k8s.io", "*", "*"),
        ] {
            assert_eq!(
                acts(&[group], &[resource], &[verb]),
                [""; 0],
                "{group} {resource} {verb}"
            );
        }
        assert_eq!(grants(json!([{"nonResourceURLs": ["*"], "verbs": ["*"]}])), []);
    }

    #[test]
    fn names_limit_what_names_a_pod_and_allow_nothing_else() {
        let db = only(&["db-0"]);
        assert_eq!(named(&["pods"], &["create"], &["db-0"]), []);
        assert_eq!(named(&["bindings"], &["create"], &["db-0"]), []);
        let delete = [(PodAct::Delete, db.clone())];
        assert_eq!(named(&["pods"], &["delete"], &["db-0"]), delete);
        assert_eq!(named(&["pods"], &["deletecollection"], &["db-0"]), delete);
        assert_eq!(named(&["pods/exec"], &["get"], &["db-0"]), [(PodAct::Exec, db)]);
        // The empty name stands for none
        assert_eq!(
            named(&["pods"], &["create"], &[""]),
            [(PodAct::Create, PodNames::Any)]
        );
        assert_eq!(named(&["pods"], &["delete"], &[""]), []);
    }

    #[test]
    fn rights_add_up_and_can_be_subtracted() {
        let rules = |name: &str| {
            let rule = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"], "resourceNames": [name]}]);
            let rules: Vec<PolicyRule> = serde_json::from_value(rule).unwrap();
            Grants::of_rules(&rules)
        };
        let mut both = rules("a");
        both.add(&rules("b"));
        assert_eq!(both.0[&PodAct::Delete], only(&["a", "b"]));
        assert_eq!(both.without(&rules("a")), rules("b"));
        let any: Vec<PolicyRule> =
            serde_json::from_value(json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]))
                .unwrap();
        let any = Grants::of_rules(&any);
        assert!(both.without(&any).is_empty());
        assert_eq!(any.without(&both), any);
        both.add(&any);
        assert_eq!(both, any);
        any.without(&any).by_names().is_empty().then_some(()).unwrap();
    }
}
