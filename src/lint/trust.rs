//! Roles that are meant for instances, but do not trust the service that assumes them there.

use super::code::Code;
use super::directory::{Directory, Holder, Place};
use super::glob::{fits, is_wild};
use super::never::is_about_eci;
use super::passing::{self, names_pass_role};
use super::question::{CURRENT_TIME, SERVICE};
use super::resource::Parts;
use super::warning::Warning;
use crate::directory::{Configuration, RoleEntry};
use crate::ram::{Condition, Context, Effect, Outcome, Principal, Request, Statement, Target};

/// Who assumes an instance's role
const INSTANCES: &str = "ecs.aliyuncs.com";

/// Looks at every role that mapping hands out, or that somebody may pass by its name
pub(super) fn find(directory: &Directory<'_>, configuration: &Configuration) -> Vec<Warning> {
    let holders = directory.holders();
    let context = passing::context(configuration);
    let mapped = directory.mapped_role();
    let mut warnings = Vec::new();
    for (document, role) in directory.roles() {
        if is_trusting(role, configuration, &context) {
            continue;
        }
        let reason = if mapped.is_some_and(|name| name.eq_ignore_ascii_case(&role.name)) {
            "mapping gives it to pods".to_owned()
        } else {
            match passer(&holders, &role.name, &context) {
                Some((policy, holder)) => format!("`{policy}` lets {holder} pass it to instances"),
                None => continue,
            }
        };
        let place = Place {
            document,
            at: role.name.at,
        };
        let message = format!(
            "role `{}` does not let {INSTANCES} assume it, but {reason}, so pods with it are denied",
            &*role.name
        );
        let advice = format!("add {INSTANCES} to the services that its trust policy names");
        warnings.push(place.warning(Code::TrustLacksEcs, message, advice));
    }
    warnings
}

/// Whether instances may assume the role, or might at some time
fn is_trusting(role: &RoleEntry, configuration: &Configuration, context: &Context) -> bool {
    let set = &configuration.policies;
    let decision = set.decide_assume_role(&Request {
        principal: &Principal::Service(INSTANCES.into()),
        action: "sts:AssumeRole",
        resource: &format!("acs:ram::{}:role/{}", set.account(), &*role.name),
        resource_group: None,
        context,
        session: &[],
    });
    let mut conditions = role
        .trust
        .statements
        .iter()
        .flat_map(|statement| &statement.conditions);
    decision.outcome == Outcome::Allow || conditions.any(|condition| &*condition.key == CURRENT_TIME)
}

/// Somebody who may pass the role by its name, with the policy that says so
fn passer<'a>(holders: &[Holder<'a>], role: &str, context: &Context) -> Option<(&'a str, Principal)> {
    holders.iter().find_map(|holder| {
        let held = holder.for_account().find(|held| {
            let mut statements = held.document.statements.iter();
            statements.any(|statement| {
                names_pass_role(statement) && is_named(statement, role) && is_for_eci(statement, context)
            })
        })?;
        Some((held.policy, holder.principal.clone()))
    })
}

/// Whether a resource of the statement names the role, not only all roles
fn is_named(statement: &Statement, role: &str) -> bool {
    let Target::Resources(patterns) = &statement.target else {
        return false;
    };
    patterns.iter().any(|pattern| {
        let relative = Parts::of(pattern.as_str()).map(|parts| parts.relative);
        let name = relative.and_then(|relative| relative.strip_prefix("role/"));
        name.is_some_and(|name| {
            let (name, role) = (name.to_ascii_lowercase(), role.to_ascii_lowercase());
            name.split(is_wildcard).any(|part| !part.is_empty()) && fits(&name, &role)
        })
    })
}

fn is_wildcard(letter: char) -> bool {
    is_wild(letter.encode_utf8(&mut [0; 4]))
}

/// Whether what the statement says of acs:Service leaves room for ECI
fn is_for_eci(statement: &Statement, context: &Context) -> bool {
    let service = context.values(SERVICE);
    let leaves_room = |condition: &Condition| match service {
        [] => is_about_eci(condition),
        values => condition.met(values, Effect::Allow),
    };
    let mut conditions = statement
        .conditions
        .iter()
        .filter(|condition| &*condition.key == SERVICE);
    conditions.all(leaves_room)
}
