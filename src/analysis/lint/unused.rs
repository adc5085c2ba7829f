//! Policies, users, groups and roles that nothing refers to.

use std::collections::BTreeSet;

use crate::analysis::lint::code::Code;
use crate::analysis::lint::document_index::{DocumentIndex, DocumentPosition};
use crate::analysis::lint::warning::Warning;
use crate::config::LocatedText;
use eci_calls::PASS_ROLE;
use ram_policy::{Effect, Pattern, Principal, ResourcePattern, Target, TrustedPrincipal};

/// Looks for unused entries
///
/// Without a single binding the directory is not made for pods. Then users and roles need none either.
pub(crate) fn find(index: &DocumentIndex<'_>) -> Vec<Warning> {
    let mut warnings = policies(index);
    warnings.extend(groups(index));
    if index.entries(|directory| &directory.bindings).next().is_some() {
        let named = NamedPrincipals::of(index);
        warnings.extend(users(index, &named));
        warnings.extend(roles(index, &named));
    }
    warnings
}

/// The users and roles that a binding, boundary, mapping or trust policy names
struct NamedPrincipals {
    users: BTreeSet<String>,
    /// Role names in lower case
    roles: BTreeSet<String>,
    /// Whether the account itself is bound, which may pass every role
    account: bool,
}

impl NamedPrincipals {
    fn of(index: &DocumentIndex<'_>) -> Self {
        let bound = index.bound_principals();
        let bound_users = bound.iter().filter_map(|(principal, _)| match principal {
            Principal::User(name) => Some(name.to_string()),
            Principal::Account | Principal::Role(_) | Principal::Group(_) | Principal::Service(_) => None,
        });
        let bound_roles = bound.iter().filter_map(|(principal, _)| match principal {
            Principal::Role(name) => Some(name.to_ascii_lowercase()),
            Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
        });
        let trusted = trusted(index);
        let trusted_users = trusted.iter().filter_map(|entry| match entry {
            TrustedPrincipal::User(_, name) => Some(name.to_string()),
            TrustedPrincipal::Role(_, _)
            | TrustedPrincipal::Account(_)
            | TrustedPrincipal::Service(_)
            | TrustedPrincipal::ServiceOf(..)
            | TrustedPrincipal::Federated(_) => None,
        });
        let trusted_roles = trusted.iter().filter_map(|entry| match entry {
            TrustedPrincipal::Role(_, name) => Some(name.to_ascii_lowercase()),
            TrustedPrincipal::User(_, _)
            | TrustedPrincipal::Account(_)
            | TrustedPrincipal::Service(_)
            | TrustedPrincipal::ServiceOf(..)
            | TrustedPrincipal::Federated(_) => None,
        });
        let mapped = index.mapped_role().map(str::to_ascii_lowercase);
        Self {
            users: bound_users.chain(trusted_users).collect(),
            roles: bound_roles.chain(mapped).chain(trusted_roles).collect(),
            account: bound
                .iter()
                .any(|(principal, _)| *principal == Principal::Account),
        }
    }
}

/// The principals that trust policies name
fn trusted<'a>(index: &DocumentIndex<'a>) -> Vec<&'a TrustedPrincipal> {
    let statements = index.roles().flat_map(|(_, role)| &role.trust.statements);
    let trusted = statements.flat_map(|statement| match &statement.target {
        Target::Principals(trusted) => &**trusted,
        Target::Resources(_) => &[],
    });
    trusted.collect()
}

fn policies(index: &DocumentIndex<'_>) -> Vec<Warning> {
    let users = index
        .entries(|directory| &directory.users)
        .flat_map(|(_, user)| &user.policies);
    let groups = index
        .entries(|directory| &directory.groups)
        .flat_map(|(_, group)| &group.policies);
    let roles = index.roles().flat_map(|(_, role)| &role.policies);
    let granted = users
        .chain(groups)
        .chain(roles)
        .map(|grant| grant.policy.as_str());
    let control = index.control_policies().map(|name| name.as_str());
    let used: BTreeSet<&str> = granted.chain(control).collect();
    let unused = index.policies().filter(|(name, _)| !used.contains(name));
    unused
        .filter_map(|(name, policy)| {
            let message = format!("nobody holds policy `{name}`");
            let advice = "grant it to a user, group or role, or take the document out";
            Some(policy.position?.warning(Code::UnusedPolicy, message, advice))
        })
        .collect()
}

fn groups(index: &DocumentIndex<'_>) -> Vec<Warning> {
    let members = index
        .entries(|directory| &directory.users)
        .flat_map(|(_, user)| &user.groups);
    let mut used: BTreeSet<String> = members.map(|name| name.to_string()).collect();
    let bound = index.bound_principals().into_iter();
    used.extend(bound.filter_map(|(principal, _)| match principal {
        Principal::Group(name) => Some(name.to_string()),
        Principal::Account | Principal::User(_) | Principal::Role(_) | Principal::Service(_) => None,
    }));
    let groups = index.entries(|directory| &directory.groups);
    groups
        .filter(|(_, group)| !used.contains(group.name.as_str()))
        .map(|(document, group)| {
            let message = format!("no user is in group `{}`, and nothing binds it", &*group.name);
            let advice = "list it under `groups` of a user, bind a Kubernetes group to it, or take it out";
            unused(document, &group.name, Code::UnusedGroup, message, advice)
        })
        .collect()
}

fn users(index: &DocumentIndex<'_>, named: &NamedPrincipals) -> Vec<Warning> {
    let mut bindings = index.entries(|directory| &directory.bindings);
    if bindings.any(|(_, binding)| !binding.patterns().is_empty()) || trusts_extra(index) {
        // Any user may be one that a star or an authenticator names
        return Vec::new();
    }
    let users = index.entries(|directory| &directory.users);
    users
        .filter(|(_, user)| user.id.is_none() && !named.users.contains(user.name.as_str()))
        .map(|(document, user)| {
            let message = format!(
                "no binding, boundary or trust policy names user `{}`",
                &*user.name
            );
            let advice = "bind a Kubernetes subject to it, give its `id`, or take it out";
            unused(document, &user.name, Code::UnusedUser, message, advice)
        })
        .collect()
}

/// Whether an authenticator may name any user or role
fn trusts_extra(index: &DocumentIndex<'_>) -> bool {
    let mut accounts = index.entries(|directory| &directory.accounts);
    accounts.any(|(_, account)| !account.trusted_extra.is_empty())
}

fn roles(index: &DocumentIndex<'_>, named: &NamedPrincipals) -> Vec<Warning> {
    if trusts_extra(index) {
        return Vec::new();
    }
    let passable = passable_roles(index);
    let is_used = |name: &str| {
        let name = name.to_ascii_lowercase();
        named.account
            || named.roles.contains(&name)
            || passable
                .iter()
                .any(|pattern| Pattern::new(pattern).matches(&name))
    };
    let roles = index.roles();
    roles
        .filter(|(_, role)| role.id.is_none() && !is_used(&role.name))
        .map(|(document, role)| {
            let message = format!(
                "nothing binds or names role `{}`, and nobody may pass it",
                &*role.name
            );
            let advice = "bind a Kubernetes subject to it, grant ram:PassRole on it, or take it out";
            unused(document, &role.name, Code::UnusedRole, message, advice)
        })
        .collect()
}

/// A warning at the name of an entry
fn unused(document: &str, name: &LocatedText, code: Code, message: String, advice: &str) -> Warning {
    let at = name.at;
    DocumentPosition { document, at }.warning(code, message, advice)
}

/// Patterns, in lower case, of the names of roles that some principal may pass
fn passable_roles(index: &DocumentIndex<'_>) -> BTreeSet<String> {
    let grantees = index.grantees();
    let statements = grantees
        .iter()
        .flat_map(|grantee| &grantee.grants)
        .flat_map(|grant| &grant.document.statements)
        .filter(|statement| statement.effect == Effect::Allow && statement.covers_action(PASS_ROLE));
    let patterns = statements.flat_map(|statement| match &statement.target {
        Target::Resources(patterns) => &**patterns,
        Target::Principals(_) => &[],
    });
    patterns.map(role_pattern).collect()
}

/// `acs:ram:*:*:role/App-*` -> `app-*`; `*` if the pattern has no such name, as in `acs:ram:*:*:*`
fn role_pattern(pattern: &ResourcePattern) -> String {
    let name = pattern
        .segments()
        .and_then(|segments| segments.relative.strip_prefix("role/"));
    name.map_or_else(|| "*".to_owned(), str::to_ascii_lowercase)
}
