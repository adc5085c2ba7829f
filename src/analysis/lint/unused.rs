//! What nothing refers to.

use std::collections::BTreeSet;

use super::code::Code;
use super::directory::{Directory, Place};
use super::warning::Warning;
use eci_calls::PASS_ROLE;
use ram_policy::{Effect, Pattern, Principal, Target, TrustedPrincipal};

/// Looks for policies, users, groups and roles that nothing refers to
///
/// Without a single binding the directory is not there for pods, and nobody is missed among the bindings.
pub(crate) fn find(directory: &Directory<'_>) -> Vec<Warning> {
    let mut warnings = policies(directory);
    warnings.extend(groups(directory));
    if directory.each(|part| &part.bindings).next().is_some() {
        let named = Named::of(directory);
        warnings.extend(users(directory, &named));
        warnings.extend(roles(directory, &named));
    }
    warnings
}

/// Users and roles that are named where somebody is let in; role names in small letters
struct Named {
    users: BTreeSet<String>,
    roles: BTreeSet<String>,
    /// The account itself is bound, and may pass every role
    account: bool,
}

impl Named {
    fn of(directory: &Directory<'_>) -> Self {
        let bound = directory.bound();
        let mut named = Self {
            users: BTreeSet::new(),
            roles: BTreeSet::new(),
            account: bound
                .iter()
                .any(|(principal, _)| *principal == Principal::Account),
        };
        for (principal, _) in bound {
            match principal {
                Principal::User(name) => named.users.insert(name.to_string()),
                Principal::Role(name) => named.roles.insert(name.to_ascii_lowercase()),
                Principal::Account | Principal::Service(_) => continue,
            };
        }
        named
            .roles
            .extend(directory.mapped_role().map(str::to_ascii_lowercase));
        let statements = directory.roles().flat_map(|(_, role)| &role.trust.statements);
        for statement in statements {
            let Target::Principals(trusted) = &statement.target else {
                continue;
            };
            for entry in trusted {
                match entry {
                    TrustedPrincipal::User(_, name) => named.users.insert(name.to_string()),
                    TrustedPrincipal::Role(_, name) => named.roles.insert(name.to_ascii_lowercase()),
                    TrustedPrincipal::Account(_)
                    | TrustedPrincipal::Service(_)
                    | TrustedPrincipal::Federated(_) => continue,
                };
            }
        }
        named
    }
}

fn policies(directory: &Directory<'_>) -> Vec<Warning> {
    let users = directory
        .each(|part| &part.users)
        .flat_map(|(_, user)| &user.policies);
    let groups = directory
        .each(|part| &part.groups)
        .flat_map(|(_, group)| &group.policies);
    let roles = directory.roles().flat_map(|(_, role)| &role.policies);
    let granted = users
        .chain(groups)
        .chain(roles)
        .map(|grant| grant.policy.as_str());
    let control = directory.control_policies().map(|name| name.as_str());
    let used: BTreeSet<&str> = granted.chain(control).collect();
    let unused = directory.policies().filter(|(name, _)| !used.contains(name));
    unused
        .filter_map(|(name, policy)| {
            let message = format!("nobody holds policy `{name}`");
            let advice = "grant it to a user, group or role, or take the document out";
            Some(
                policy
                    .place?
                    .warning(Code::UnusedPolicy, message, advice.to_owned()),
            )
        })
        .collect()
}

fn groups(directory: &Directory<'_>) -> Vec<Warning> {
    let members = directory
        .each(|part| &part.users)
        .flat_map(|(_, user)| &user.groups);
    let used: BTreeSet<&str> = members.map(|name| name.as_str()).collect();
    let groups = directory.each(|part| &part.groups);
    groups
        .filter(|(_, group)| !used.contains(group.name.as_str()))
        .map(|(document, group)| {
            let at = group.name.at;
            let message = format!("no user is in group `{}`", &*group.name);
            let advice = "list it under `groups` of a user, or take it out";
            Place { document, at }.warning(Code::UnusedGroup, message, advice.to_owned())
        })
        .collect()
}

fn users(directory: &Directory<'_>, named: &Named) -> Vec<Warning> {
    let users = directory.each(|part| &part.users);
    users
        .filter(|(_, user)| !named.users.contains(user.name.as_str()))
        .map(|(document, user)| {
            let at = user.name.at;
            let message = format!(
                "no binding, boundary or trust policy names user `{}`",
                &*user.name
            );
            let advice = "bind a Kubernetes subject to it, or take it out";
            Place { document, at }.warning(Code::UnusedUser, message, advice.to_owned())
        })
        .collect()
}

fn roles(directory: &Directory<'_>, named: &Named) -> Vec<Warning> {
    let passable = passable(directory);
    let is_used = |name: &str| {
        let name = name.to_ascii_lowercase();
        named.account
            || named.roles.contains(&name)
            || passable
                .iter()
                .any(|pattern| Pattern::new(pattern).matches(&name))
    };
    let roles = directory.roles();
    roles
        .filter(|(_, role)| !is_used(&role.name))
        .map(|(document, role)| {
            let at = role.name.at;
            let message = format!(
                "nothing binds or names role `{}`, and nobody may pass it",
                &*role.name
            );
            let advice = "bind a Kubernetes subject to it, grant ram:PassRole on it, or take it out";
            Place { document, at }.warning(Code::UnusedRole, message, advice.to_owned())
        })
        .collect()
}

/// Patterns, in small letters, of the names of roles that somebody may pass
fn passable(directory: &Directory<'_>) -> BTreeSet<String> {
    let holders = directory.holders();
    let statements = holders
        .iter()
        .flat_map(|holder| &holder.held)
        .flat_map(|held| &held.document.statements)
        .filter(|statement| statement.effect == Effect::Allow && statement.covers_action(PASS_ROLE));
    let mut passable = BTreeSet::new();
    for statement in statements {
        let Target::Resources(patterns) = &statement.target else {
            continue;
        };
        for pattern in patterns {
            match pattern.segments() {
                None => passable.insert("*".to_owned()),
                Some(segments) => match segments.relative.strip_prefix("role/") {
                    Some(name) => passable.insert(name.to_ascii_lowercase()),
                    // A wildcard may stand in the word itself
                    None => passable.insert("*".to_owned()),
                },
            };
        }
    }
    passable
}
