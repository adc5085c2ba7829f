//! ram:PassRole: who needs it for the role that mapping hands out, and who holds it where it never counts.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::code::Code;
use super::directory::{Directory, Holder, Place};
use super::subject::listed;
use super::warning::Warning;
use crate::config::Configuration;
use eci_calls::PASS_ROLE;
use eci_calls::condition_key::{CURRENT_TIME, SERVICE};
use ram_policy::{Actions, Context, Effect, Outcome, Principal, Request, Statement};

const CREATE: &str = "eci:CreateContainerGroup";

/// Looks at everybody whom the documents bind
pub(crate) fn find(directory: &Directory<'_>, configuration: &Configuration) -> Vec<Warning> {
    let holders = directory.holders();
    let by_name: HashMap<Principal, &Holder<'_>> = holders
        .iter()
        .map(|holder| (folded(&holder.principal), holder))
        .collect();
    let mut seen = HashSet::new();
    let bound = directory.bound().into_iter().filter_map(|(principal, place)| {
        let principal = folded(&principal);
        let holder = by_name.get(&principal)?;
        seen.insert(principal).then_some((*holder, place))
    });
    let bound: Vec<(&Holder<'_>, Place<'_>)> = bound.collect();
    let mut warnings = missing(directory, configuration, &bound);
    warnings.extend(in_groups(&bound));
    warnings
}

/// A principal with its name as RAM compares it: that of a role without case
fn folded(principal: &Principal) -> Principal {
    match principal {
        Principal::Role(name) => Principal::Role(name.to_ascii_lowercase().into()),
        Principal::Account | Principal::User(_) | Principal::Service(_) => principal.clone(),
    }
}

/// What a question about a role knows, but for the time
pub(crate) fn context(configuration: &Configuration) -> Context {
    let mut context = configuration.account.context.clone();
    if let Some(service) = &configuration.account.pass_role_service {
        context.set(SERVICE, service);
    }
    context
}

fn missing(
    directory: &Directory<'_>,
    configuration: &Configuration,
    bound: &[(&Holder<'_>, Place<'_>)],
) -> Vec<Warning> {
    let set = &configuration.policies;
    let Some(role) = directory.mapped_role().filter(|role| set.has_role(role)) else {
        return Vec::new();
    };
    let resource = format!("acs:ram::{}:role/{role}", set.account());
    let context = context(configuration);
    let may_pass = |holder: &Holder<'_>| {
        let request = Request {
            principal: &holder.principal,
            action: PASS_ROLE,
            resource: &resource,
            resource_group: None,
            context: &context,
            session: &[],
        };
        set.decide(&request).outcome == Outcome::Allow
    };
    let without = bound
        .iter()
        .filter(|(holder, _)| may_create(holder) && !may_pass(holder) && !depends_on_time(directory, holder));
    without
        .map(|(holder, place)| {
            let message = format!(
                "mapping gives pods the role `{role}`, which {} may not pass, so their pods are denied",
                holder.principal
            );
            let advice = format!(
                "grant ram:PassRole on `acs:ram:*:{}:role/{role}`, for the whole account",
                set.account()
            );
            place.warning(Code::PassRoleMissing, message, advice)
        })
        .collect()
}

fn may_create(holder: &Holder<'_>) -> bool {
    let mut statements = holder.held.iter().flat_map(|held| &held.document.statements);
    statements.any(|statement| statement.effect == Effect::Allow && statement.covers_action(CREATE))
}

/// Whether the right to pass a role comes and goes
fn depends_on_time(directory: &Directory<'_>, holder: &Holder<'_>) -> bool {
    let control = directory
        .control_policies()
        .filter_map(|name| directory.policy(name))
        .map(|policy| &*policy.document);
    let held = holder.held.iter().map(|held| &*held.document);
    let mut statements = control.chain(held).flat_map(|document| &document.statements);
    statements.any(|statement| {
        statement.covers_action(PASS_ROLE)
            && statement
                .conditions
                .iter()
                .any(|condition| &*condition.key == CURRENT_TIME)
    })
}

/// Grants for a resource group that name ram:PassRole, of holders who have it nowhere else
fn in_groups(bound: &[(&Holder<'_>, Place<'_>)]) -> Vec<Warning> {
    let mut found: BTreeMap<Place<'_>, (&str, &str, Vec<String>)> = BTreeMap::new();
    for (holder, _) in bound {
        let for_account = holder.for_account().flat_map(|held| &held.document.statements);
        let may_pass =
            |statement: &Statement| statement.effect == Effect::Allow && statement.covers_action(PASS_ROLE);
        if for_account.into_iter().any(may_pass) {
            continue;
        }
        for held in holder.for_groups() {
            let Some(group) = held.group else { continue };
            if held.document.statements.iter().any(names_pass_role) {
                let entry = found.entry(held.place);
                let (_, _, holders) = entry.or_insert((held.policy, group, Vec::new()));
                holders.push(holder.principal.to_string());
            }
        }
    }
    let useless = found.into_iter().map(|(place, (policy, group, holders))| {
        let message = format!(
            "`{policy}` is granted to {} for resource group `{group}`, but roles are in no group, so its ram:PassRole never counts",
            listed(holders.iter().map(String::as_str)),
        );
        let advice = "grant it for the whole account, with the roles as its Resource";
        place.warning(Code::PassRoleInGroup, message, advice.to_owned())
    });
    useless.collect()
}

/// Whether a statement grants ram:PassRole by name, not among everything else
pub(crate) fn names_pass_role(statement: &Statement) -> bool {
    let Actions::Listed(patterns) = &statement.actions else {
        return false;
    };
    let is_named = |text: &str| {
        text.split_once(':')
            .is_some_and(|(code, _)| code.eq_ignore_ascii_case("ram"))
    };
    let mut named = patterns.iter().filter(|pattern| is_named(pattern.as_str()));
    statement.effect == Effect::Allow && named.any(|pattern| pattern.matches(PASS_ROLE))
}
