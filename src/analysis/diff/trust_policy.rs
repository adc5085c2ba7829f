//! Changed trust policies: the callers who may assume a role.

use std::collections::BTreeSet;

use crate::analysis::diff::effective_policies::EffectiveChange;
use crate::analysis::diff::search_task::CallerPolicies;
use crate::analysis::diff::statement_table::{StatementNumber, StatementTable};
use crate::analysis::role_names::role_resource;
use crate::config::Configuration;
use eci_calls::INSTANCE_ROLE_SERVICE;
use ram_policy::{AttachedPolicy, Principal, Target, TrustedPrincipal};

/// Every caller whom a changed trust policy can trust, with the policies that apply when it assumes the role
pub(crate) fn callers<'a>(
    configurations: [&'a Configuration; 2],
    principals: &[Principal],
    table: &mut StatementTable<'a>,
) -> Vec<CallerPolicies> {
    let roles = principals.iter().filter_map(|principal| match principal {
        Principal::Role(name) => Some(&**name),
        Principal::Account | Principal::User(_) | Principal::Group(_) | Principal::Service(_) => None,
    });
    roles
        .flat_map(|role| callers_of(role, configurations, principals, table))
        .collect()
}

fn callers_of<'a>(
    role: &str,
    configurations: [&'a Configuration; 2],
    principals: &[Principal],
    table: &mut StatementTable<'a>,
) -> Vec<CallerPolicies> {
    let sets = configurations.map(|configuration| &*configuration.policies);
    let trust_policies = sets.map(|set| set.trust_policy(role));
    let numbers = sets.map(|set| Some(table.numbers([set.trust_policy(role)?], set.account())));
    let [before, after] = &numbers;
    if before == after {
        return Vec::new();
    }
    let [_, new] = sets;
    let resource = role_resource(new.account(), role);
    let trusted = trusted_callers(trust_policies, configurations, principals);
    let callers = trusted.into_iter().map(|caller| {
        let EffectiveChange { old, new } = EffectiveChange::of(sets, &caller, table);
        CallerPolicies {
            policies: EffectiveChange {
                old: old.with_trust_policy(about(before.as_deref(), &caller, table)),
                new: new.with_trust_policy(about(after.as_deref(), &caller, table)),
            },
            assumed_role: Some(resource.clone()),
            caller,
        }
    });
    callers.collect()
}

/// The statements of a trust policy that apply to a caller
fn about(
    trust_policy: Option<&[StatementNumber]>,
    caller: &Principal,
    table: &StatementTable<'_>,
) -> Option<Vec<StatementNumber>> {
    let applies = |number: &StatementNumber| table.get(*number).is_some_and(|each| each.applies_to(caller));
    Some(trust_policy?.iter().copied().filter(applies).collect())
}

/// The callers whom one of the trust policies can trust, and the service of instance roles
fn trusted_callers(
    trust_policies: [Option<&AttachedPolicy>; 2],
    configurations: [&Configuration; 2],
    principals: &[Principal],
) -> BTreeSet<Principal> {
    let accounts: BTreeSet<&str> = configurations
        .iter()
        .map(|configuration| configuration.policies.account())
        .collect();
    let statements = trust_policies
        .into_iter()
        .flatten()
        .flat_map(|policy| &policy.document.statements);
    let trusted = statements.flat_map(|statement| match &statement.target {
        Target::Principals(trusted) => &**trusted,
        Target::Resources(_) => &[],
    });
    let callers = trusted.flat_map(|trusted| callers_of_entry(trusted, &accounts, principals));
    let instances = Principal::Service(INSTANCE_ROLE_SERVICE.into());
    callers.chain([instances]).collect()
}

/// The callers whom one entry of a trust policy trusts
fn callers_of_entry(
    trusted: &TrustedPrincipal,
    accounts: &BTreeSet<&str>,
    principals: &[Principal],
) -> Vec<Principal> {
    match trusted {
        TrustedPrincipal::Service(name) | TrustedPrincipal::ServiceOf(_, name) => {
            vec![Principal::Service((**name).into())]
        }
        TrustedPrincipal::Account(account) if accounts.contains(&**account) => {
            principals.iter().cloned().chain([Principal::Account]).collect()
        }
        TrustedPrincipal::User(_, _) | TrustedPrincipal::Role(_, _) => {
            let is_meant = |caller: &&Principal| {
                let mut accounts = accounts.iter();
                accounts.any(|account| trusted.covers(caller, account))
            };
            principals.iter().filter(is_meant).cloned().collect()
        }
        TrustedPrincipal::Account(_) | TrustedPrincipal::Federated(_) => Vec::new(),
    }
}
