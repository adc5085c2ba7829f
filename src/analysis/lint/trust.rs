//! Roles that are meant for instances, but do not trust the service that assumes them there.

use std::collections::HashSet;

use super::code::Code;
use super::directory::{Directory, Holder, Place};
use super::never::is_about_eci;
use super::passing::{self, names_pass_role};
use super::warning::Warning;
use crate::config::{Configuration, RoleEntry};
use eci_calls::condition_key::{CURRENT_TIME, SERVICE};
use eci_calls::{ASSUME_ROLE, INSTANCE_ROLE_SERVICE};
use ram_policy::{Condition, Context, Effect, Outcome, Pattern, Principal, Request, Statement, Target};

/// Looks at every role that mapping hands out, or that somebody may pass by its name
pub(crate) fn find(directory: &Directory<'_>, configuration: &Configuration) -> Vec<Warning> {
    let holders = directory.holders();
    let context = passing::context(configuration);
    let passed = passed(&holders, &context);
    let mapped = directory.mapped_role();
    let mut warnings = Vec::new();
    for (document, role) in directory.roles() {
        if is_trusting(role, configuration, &context) {
            continue;
        }
        let name = role.name.to_ascii_lowercase();
        let reason = if mapped.is_some_and(|name| name.eq_ignore_ascii_case(&role.name)) {
            "mapping gives it to pods".to_owned()
        } else {
            match passed.iter().find(|passed| passed.names(&name)) {
                Some(Passed { policy, holder, .. }) => {
                    format!("`{policy}` lets {holder} pass it to instances")
                }
                None => continue,
            }
        };
        let place = Place {
            document,
            at: role.name.at,
        };
        let message = format!(
            "role `{}` does not let {INSTANCE_ROLE_SERVICE} assume it, but {reason}, so pods with it are denied",
            &*role.name
        );
        let advice = format!("add {INSTANCE_ROLE_SERVICE} to the services that its trust policy names");
        warnings.push(place.warning(Code::TrustLacksEcs, message, advice));
    }
    warnings
}

/// Whether instances may assume the role, or might at some time
fn is_trusting(role: &RoleEntry, configuration: &Configuration, context: &Context) -> bool {
    let set = &configuration.policies;
    let decision = set.decide_assume_role(&Request {
        principal: &Principal::Service(INSTANCE_ROLE_SERVICE.into()),
        action: ASSUME_ROLE,
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

/// A statement that lets somebody pass roles to instances
struct Passed<'a> {
    /// Patterns of the roles' names in small letters, but for those of all roles
    names: Vec<String>,
    policy: &'a str,
    holder: &'a Principal,
}

/// Each such statement, with the first who holds it
fn passed<'a>(holders: &'a [Holder<'a>], context: &Context) -> Vec<Passed<'a>> {
    let mut seen = HashSet::new();
    let mut passed = Vec::new();
    for holder in holders {
        for held in holder.for_account().filter(|held| seen.insert(held.policy)) {
            let statements = held.document.statements.iter();
            let passing =
                statements.filter(|statement| names_pass_role(statement) && is_for_eci(statement, context));
            passed.extend(passing.map(|statement| Passed {
                names: named(statement),
                policy: held.policy,
                holder: &holder.principal,
            }));
        }
    }
    passed
}

impl Passed<'_> {
    fn names(&self, role: &str) -> bool {
        self.names
            .iter()
            .any(|pattern| Pattern::new(pattern).matches(role))
    }
}

/// Patterns of role names among the resources of a statement, in small letters, but for those of all roles
fn named(statement: &Statement) -> Vec<String> {
    let Target::Resources(patterns) = &statement.target else {
        return Vec::new();
    };
    let names = patterns.iter().filter_map(|pattern| {
        let name = pattern.segments()?.relative.strip_prefix("role/")?;
        let is_some_role = name.contains(|letter| !matches!(letter, '*' | '?'));
        is_some_role.then(|| name.to_ascii_lowercase())
    });
    names.collect()
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
