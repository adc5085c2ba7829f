//! Users of `--as` and `--namespace-as` whom the directory knows by another name than Kubernetes does.

use std::collections::BTreeSet;

use crate::analysis::survey::AssumedOwners;
use crate::config::{Configuration, SYSTEM, Subject};
use crate::kubernetes::requester::Requester;
use crate::kubernetes::user_extra::UserExtra;
use ram_policy::Principal;
use ram_policy::source::closest;

/// The notes on owners of workloads who are bound to nobody, each once
pub(super) fn misnamed_owners(owners: &AssumedOwners, configuration: &Configuration) -> Vec<String> {
    let owners = owners.everywhere.iter().chain(owners.namespaces.values());
    let unbound = owners.filter(|owner| {
        let requester = Requester {
            user: &owner.user,
            groups: owner.groups.iter().map(String::as_str),
            extra: UserExtra::NONE,
        };
        requester.principal(configuration).is_none()
    });
    let notes: BTreeSet<String> = unbound
        .filter_map(|owner| misnamed_user(&owner.user, configuration))
        .collect();
    notes.into_iter().collect()
}

/// What was probably meant by a user who is bound to nobody; `None` if nothing is near
///
/// ```text
/// alice               RAM user `alice` with an id         ask with --as ID
/// alice               RAM user `alice`, bound by a name   ask with --as alice@example.com
/// alise@example.com   one letter from a bound name        did you mean alice@example.com?
/// ```
pub(super) fn misnamed_user(user: &str, configuration: &Configuration) -> Option<String> {
    let named = [Principal::User(user.into()), Principal::Role(user.into())];
    let mut known = named
        .iter()
        .filter(|principal| configuration.policies.has_principal(principal));
    match known.next() {
        Some(principal) => Some(name_of_ram(user, principal, configuration)),
        None => misspelt(user, configuration),
    }
}

/// The note on a name of RAM, which Kubernetes does not know
fn name_of_ram(user: &str, principal: &Principal, configuration: &Configuration) -> String {
    let kind = match principal {
        Principal::Role(_) => "role",
        _ => "user",
    };
    let start = format!("`{user}` is the name of a RAM {kind}, and --as wants the name in Kubernetes");
    let ids = configuration.bindings.ids();
    let id = ids.iter().find(|(_, of)| *of == principal).map(|(id, _)| *id);
    let mut bound = configuration
        .bindings
        .iter()
        .filter(|binding| binding.principal == *principal);
    let bound = bound.find_map(|binding| match &binding.subject {
        Subject::User(name) => Some(&**name),
        Subject::Group(_) | Subject::ServiceAccount { .. } => None,
    });
    match id.or(bound) {
        Some(name) => format!("{start}: --as {name}"),
        None => format!(
            "{start}: bind that name to {principal}, or write the `id` of the RAM {kind} into the directory"
        ),
    }
}

fn misspelt(user: &str, configuration: &Configuration) -> Option<String> {
    if user.starts_with(SYSTEM) {
        return None;
    }
    let bound = configuration
        .bindings
        .iter()
        .filter_map(|binding| match &binding.subject {
            Subject::User(name) => Some(&**name),
            Subject::Group(_) | Subject::ServiceAccount { .. } => None,
        });
    let meant = closest(user, bound)?;
    Some(format!("nobody is called `{user}`: did you mean --as {meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::survey::AssumedOwner;
    use crate::config::{ParsedDocument, merge};

    #[test]
    fn a_name_of_ram_and_a_slip_of_the_pen_say_what_was_meant() {
        let directory = r#"
account: {id: "123", region: cn-hangzhou}
users: [{name: alice, id: "2012"}, {name: bob}, {name: carol}]
bindings:
  - {principal: user/bob, subjects: [{kind: Group, name: bobs}, {kind: User, name: bob@example.com}]}
"#;
        let document = ParsedDocument::directory(directory.as_bytes());
        let configuration = merge([("d", &document)]).unwrap();
        let note = |user: &str| misnamed_user(user, &configuration).unwrap_or_default();
        let wants = "is the name of a RAM user, and --as wants the name in Kubernetes: ";
        assert_eq!(note("alice"), format!("`alice` {wants}--as 2012"));
        assert_eq!(note("bob"), format!("`bob` {wants}--as bob@example.com"));
        assert!(note("carol").starts_with(&format!("`carol` {wants}bind that name to user/carol")));
        assert_eq!(
            note("bob@exmaple.com"),
            "nobody is called `bob@exmaple.com`: did you mean --as bob@example.com?"
        );
        assert_eq!(note("system:serviceaccount:a:b"), "");
        assert_eq!(note("zoe@elsewhere.example"), "");
        // Owners: only those who are bound to nobody, each once
        let owner = |user: &str| AssumedOwner {
            user: user.to_owned(),
            groups: Vec::new(),
        };
        let namespaces = [
            ("a", "alice"),
            ("b", "alice"),
            ("c", "bob@example.com"),
            ("d", "2012"),
        ];
        let owners = AssumedOwners {
            everywhere: Some(owner("bob")),
            namespaces: namespaces
                .map(|(namespace, user)| (namespace.to_owned(), owner(user)))
                .into(),
        };
        assert_eq!(
            misnamed_owners(&owners, &configuration),
            [note("alice"), note("bob")]
        );
    }
}
