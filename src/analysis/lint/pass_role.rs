//! `ram:PassRole`: principals that need it for the role that mapping gives their pods, and grants without effect.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::lint::code::Code;
use crate::analysis::lint::document_index::{DocumentIndex, DocumentPosition, Grant, Grantee};
use crate::analysis::lint::warning::{Warning, name_list};
use crate::analysis::role_names::{role_resource, with_folded_case};
use crate::config::Configuration;
use eci_calls::PASS_ROLE;
use eci_calls::condition_key::{CURRENT_TIME, SERVICE};
use ram_policy::{Actions, Context, Effect, Outcome, Principal, Request, Statement};

const CREATE: &str = "eci:CreateContainerGroup";

/// A principal that is bound, with the position of its first binding
type Bound<'g, 'a> = (&'g Grantee<'a>, DocumentPosition<'a>);

/// Checks every user and role that a binding or boundary names
pub(crate) fn find(index: &DocumentIndex<'_>, configuration: &Configuration) -> Vec<Warning> {
    let grantees = index.grantees();
    let by_principal: HashMap<Principal, &Grantee<'_>> = grantees
        .iter()
        .map(|grantee| (with_folded_case(&grantee.principal), grantee))
        .collect();
    let mut seen = HashSet::new();
    let bound = index
        .bound_principals()
        .into_iter()
        .filter_map(|(principal, position)| {
            let principal = with_folded_case(&principal);
            let grantee = by_principal.get(&principal)?;
            seen.insert(principal).then_some((*grantee, position))
        });
    let bound: Vec<Bound<'_, '_>> = bound.collect();
    let mut warnings = missing(index, configuration, &bound);
    warnings.extend(in_resource_groups(&bound));
    warnings
}

/// The condition keys of a request about a role, but for the time
pub(crate) fn context(configuration: &Configuration) -> Context {
    let mut context = configuration.account.context.clone();
    if let Some(service) = &configuration.account.pass_role_service {
        context.set(SERVICE, service);
    }
    context
}

/// Principals that may create pods, but may not pass the role that mapping gives these pods
///
/// A right that depends on the time gives no warning.
fn missing(
    index: &DocumentIndex<'_>,
    configuration: &Configuration,
    bound: &[Bound<'_, '_>],
) -> Vec<Warning> {
    let policies = &configuration.policies;
    let Some(role) = index.mapped_role().filter(|role| policies.has_role(role)) else {
        return Vec::new();
    };
    let without = bound.iter().filter(|(grantee, _)| {
        may_create(grantee)
            && !may_pass(role, &grantee.principal, configuration)
            && !depends_on_time(index, grantee)
    });
    without
        .map(|(grantee, position)| {
            let message = format!(
                "mapping gives pods the role `{role}`, which {} may not pass, so their pods are denied",
                grantee.principal
            );
            let advice = format!(
                "grant ram:PassRole on `acs:ram:*:{}:role/{role}`, for the whole account",
                policies.account()
            );
            position.warning(Code::PassRoleMissing, message, advice)
        })
        .collect()
}

fn may_create(grantee: &Grantee<'_>) -> bool {
    let mut statements = grantee.grants.iter().flat_map(|grant| &grant.document.statements);
    statements.any(|statement| statement.effect == Effect::Allow && statement.covers_action(CREATE))
}

fn may_pass(role: &str, principal: &Principal, configuration: &Configuration) -> bool {
    let policies = &configuration.policies;
    let request = Request {
        principal,
        action: PASS_ROLE,
        resource: &role_resource(policies.account(), role),
        resource_group: None,
        context: &context(configuration),
        session: &[],
    };
    policies.decide(&request).outcome == Outcome::Allow
}

/// Whether a statement about `ram:PassRole` has a condition on the time
fn depends_on_time(index: &DocumentIndex<'_>, grantee: &Grantee<'_>) -> bool {
    let control = index
        .control_policies()
        .filter_map(|name| index.policy(name))
        .map(|policy| &*policy.document);
    let granted = grantee.grants.iter().map(|grant| &*grant.document);
    let mut statements = control.chain(granted).flat_map(|document| &document.statements);
    statements.any(|statement| {
        statement.covers_action(PASS_ROLE)
            && statement
                .conditions
                .iter()
                .any(|condition| &*condition.key == CURRENT_TIME)
    })
}

/// Grants for a resource group that name `ram:PassRole`, of principals that have it nowhere else
fn in_resource_groups(bound: &[Bound<'_, '_>]) -> Vec<Warning> {
    let mut found: BTreeMap<DocumentPosition<'_>, (&Grant<'_>, Vec<String>)> = BTreeMap::new();
    for (grantee, _) in bound {
        for grant in useless_grants(grantee) {
            let (_, principals) = found.entry(grant.position).or_insert((grant, Vec::new()));
            principals.push(grantee.principal.to_string());
        }
    }
    let warnings = found.into_iter().map(|(position, (grant, principals))| {
        let message = format!(
            "`{}` is granted to {} for resource group `{}`, but roles are in no group, so its ram:PassRole never counts",
            grant.policy,
            name_list(&principals),
            grant.resource_group.unwrap_or_default(),
        );
        let advice = "grant it for the whole account, with the roles as its Resource";
        position.warning(Code::PassRoleInGroup, message, advice)
    });
    warnings.collect()
}

/// The principal's grants for a resource group that name `ram:PassRole`; none if a grant for the account has it
fn useless_grants<'g, 'a>(grantee: &'g Grantee<'a>) -> Vec<&'g Grant<'a>> {
    let mut for_account = grantee
        .account_grants()
        .flat_map(|grant| &grant.document.statements);
    let may_pass =
        |statement: &Statement| statement.effect == Effect::Allow && statement.covers_action(PASS_ROLE);
    if for_account.any(may_pass) {
        return Vec::new();
    }
    let grants = grantee.group_grants();
    grants
        .filter(|grant| grant.document.statements.iter().any(names_pass_role))
        .collect()
}

/// Whether a statement allows `ram:PassRole` by its name, not only as a part of `*`
pub(crate) fn names_pass_role(statement: &Statement) -> bool {
    let Actions::Listed(patterns) = &statement.actions else {
        return false;
    };
    let is_of_ram = |text: &str| {
        text.split_once(':')
            .is_some_and(|(code, _)| code.eq_ignore_ascii_case("ram"))
    };
    let mut of_ram = patterns.iter().filter(|pattern| is_of_ram(pattern.as_str()));
    statement.effect == Effect::Allow && of_ram.any(|pattern| pattern.matches(PASS_ROLE))
}
