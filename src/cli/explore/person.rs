//! The callers that the page lists: users and roles, and whatever else something is bound to.

use std::collections::HashMap;

use crate::analysis::role_names::with_folded_case;
use crate::config::Configuration;
use ram_policy::Principal;

/// A RAM principal, with the Kubernetes subjects that are bound to it
#[derive(Debug)]
pub(super) struct Person {
    pub(super) principal: Principal,
    /// Such as `User alice@example.com`
    pub(super) subjects: Vec<String>,
    /// All of that as it is searched, in lower case
    pub(super) searched: String,
}

/// All callers: users, then roles, then groups and the account if something is bound to them
pub(super) fn people(configuration: &Configuration) -> Vec<Person> {
    let mut subjects: HashMap<Principal, Vec<String>> = HashMap::new();
    let bindings = &configuration.bindings;
    for binding in bindings.iter() {
        let of_principal = subjects.entry(with_folded_case(&binding.principal));
        of_principal.or_default().push(binding.subject.to_string());
    }
    for (id, principal) in bindings.ids() {
        let of_principal = subjects.entry(with_folded_case(principal));
        of_principal.or_default().push(format!("id {id}"));
    }
    let boundaries = configuration.boundaries.iter();
    let boundaries = boundaries.map(|boundary| &boundary.principal);
    let mut others: Vec<Principal> = bindings
        .principals()
        .chain(boundaries)
        .filter(|principal| matches!(principal, Principal::Group(_) | Principal::Account))
        .cloned()
        .collect();
    others.sort();
    others.dedup();
    let principals = configuration.policies.principals().into_iter().chain(others);
    let person = |principal: Principal| {
        let subjects = subjects.remove(&with_folded_case(&principal)).unwrap_or_default();
        let searched = format!("{principal} {}", subjects.join(" ")).to_lowercase();
        Person {
            principal,
            subjects,
            searched,
        }
    };
    principals.map(person).collect()
}
