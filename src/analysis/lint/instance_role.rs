//! Roles that are meant for instances, but do not trust the service that assumes instance roles.

use std::collections::HashSet;

use crate::analysis::lint::code::Code;
use crate::analysis::lint::document_index::{DocumentIndex, DocumentPosition, Grantee};
use crate::analysis::lint::never_present_key::is_about_eci;
use crate::analysis::lint::pass_role::{self, names_pass_role};
use crate::analysis::lint::warning::Warning;
use crate::analysis::role_names::role_resource;
use crate::config::{Configuration, RoleEntry};
use eci_calls::condition_key::{CURRENT_TIME, SERVICE};
use eci_calls::{ASSUME_ROLE, INSTANCE_ROLE_SERVICE};
use ram_policy::{Condition, Context, Effect, Outcome, Pattern, Principal, Request, Statement, Target};

/// Checks every role that mapping gives to pods, or that a principal may pass by its name
pub(crate) fn find(index: &DocumentIndex<'_>, configuration: &Configuration) -> Vec<Warning> {
    let grantees = index.grantees();
    let context = pass_role::context(configuration);
    let rights = pass_rights(&grantees, &context);
    let mapped = index.mapped_role();
    let roles = index
        .roles()
        .filter(|(_, role)| !trusts_instances(role, configuration, &context));
    roles
        .filter_map(|(document, role)| {
            let at = role.name.at;
            let purpose = instance_purpose(&role.name, mapped, &rights)?;
            let message = format!(
                "role `{}` does not let {INSTANCE_ROLE_SERVICE} assume it, but {purpose}, so pods with it are denied",
                &*role.name
            );
            let advice =
                format!("add {INSTANCE_ROLE_SERVICE} to the services that its trust policy names");
            Some(DocumentPosition { document, at }.warning(Code::TrustLacksEcs, message, advice))
        })
        .collect()
}

/// Why a role is meant for instances, if it is
fn instance_purpose(role: &str, mapped: Option<&str>, rights: &[PassRight<'_>]) -> Option<String> {
    if mapped.is_some_and(|mapped| mapped.eq_ignore_ascii_case(role)) {
        return Some("mapping gives it to pods".to_owned());
    }
    let role = role.to_ascii_lowercase();
    let PassRight {
        policy, principal, ..
    } = rights.iter().find(|right| right.names(&role))?;
    Some(format!("`{policy}` lets {principal} pass it to instances"))
}

/// Whether instances may assume the role, now or perhaps at another time
fn trusts_instances(role: &RoleEntry, configuration: &Configuration, context: &Context) -> bool {
    let policies = &configuration.policies;
    let decision = policies.decide_assume_role(&Request {
        principal: &Principal::Service(INSTANCE_ROLE_SERVICE.into()),
        action: ASSUME_ROLE,
        resource: &role_resource(policies.account(), &role.name),
        resource_group: None,
        context,
        session: &[],
    });
    let mut conditions = role
        .trust
        .statements
        .iter()
        .flat_map(|statement| statement.conditions.iter());
    decision.outcome == Outcome::Allow || conditions.any(|condition| &*condition.key == CURRENT_TIME)
}

/// A statement that lets a principal pass roles to instances
struct PassRight<'a> {
    /// Patterns of role names in lower case, without those that match every role
    names: Vec<String>,
    policy: &'a str,
    principal: &'a Principal,
}

impl PassRight<'_> {
    fn names(&self, role: &str) -> bool {
        self.names
            .iter()
            .any(|pattern| Pattern::new(pattern).matches(role))
    }
}

/// The pass rights of each policy, with the first principal that the policy is granted to
fn pass_rights<'a>(grantees: &'a [Grantee<'_>], context: &Context) -> Vec<PassRight<'a>> {
    let mut seen = HashSet::new();
    let grants = grantees.iter().flat_map(|grantee| {
        let grants = grantee.account_grants();
        grants.map(move |grant| (&grantee.principal, grant))
    });
    let first_grants = grants.filter(|(_, grant)| seen.insert(grant.policy));
    let rights = first_grants.flat_map(|(principal, grant)| {
        let statements = grant.document.statements.iter();
        let passing =
            statements.filter(|statement| names_pass_role(statement) && is_for_eci(statement, context));
        passing.map(move |statement| PassRight {
            names: role_names(statement),
            policy: grant.policy,
            principal,
        })
    });
    rights.collect()
}

/// `acs:ram:*:*:role/App-*` -> `app-*`: the role names among a statement's resources, without those of every role
fn role_names(statement: &Statement) -> Vec<String> {
    let Target::Resources(patterns) = &statement.target else {
        return Vec::new();
    };
    let names = patterns.iter().filter_map(|pattern| {
        let name = pattern.segments()?.relative.strip_prefix("role/")?;
        let is_specific = name.contains(|letter| !matches!(letter, '*' | '?'));
        is_specific.then(|| name.to_ascii_lowercase())
    });
    names.collect()
}

/// Whether the statement's conditions on `acs:Service` admit ECI
fn is_for_eci(statement: &Statement, context: &Context) -> bool {
    let service = context.values(SERVICE);
    let admits_eci = |condition: &Condition| match service {
        [] => is_about_eci(condition),
        values => condition.met(values, Effect::Allow),
    };
    let mut conditions = statement
        .conditions
        .iter()
        .filter(|condition| &*condition.key == SERVICE);
    conditions.all(admits_eci)
}
