//! Trust policies that changed: who may assume a role.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::task::Tasks;
use super::universe::{Side, Universe};
use crate::config::directory::Configuration;
use eci_calls::INSTANCE_ROLE_SERVICE;
use ram_policy::{AttachedPolicy, Principal, Target, TrustedPrincipal};

/// Adds a search for every caller whom a changed trust policy may mean
pub(crate) fn add<'a>(
    tasks: &mut Tasks,
    catalogue: &mut Catalogue<'a>,
    sides: [&'a Configuration; 2],
    principals: &[Principal],
) {
    for role in principals {
        let Principal::Role(name) = role else { continue };
        let trusts = sides.map(|side| side.policies.trust_policy(name));
        let mut numbers = sides.iter().zip(trusts).map(|(side, trust)| {
            let trust = trust?;
            Some(catalogue.numbers([trust], side.policies.account()))
        });
        let (before, after) = (numbers.next().flatten(), numbers.next().flatten());
        drop(numbers);
        if before == after {
            continue;
        }
        let [old, new] = sides.map(|side| &side.policies);
        let resource = format!("acs:ram::{}:role/{name}", new.account());
        for caller in callers(&trusts, sides, principals) {
            let own = |trust: &Option<Vec<usize>>, catalogue: &Catalogue<'_>| {
                let means = |number: &usize| catalogue.at(*number).is_some_and(|known| known.means(&caller));
                Some(trust.as_ref()?.iter().copied().filter(means).collect())
            };
            let trust = [own(&before, catalogue), own(&after, catalogue)];
            let [trust_before, trust_after] = trust;
            let universe = Universe {
                old: Side::of(old, &caller, catalogue).trusted(trust_before),
                new: Side::of(new, &caller, catalogue).trusted(trust_after),
            };
            tasks.add(universe, &caller, Some(resource.clone()), catalogue);
        }
    }
}

/// Whom either trust policy may mean
fn callers(
    trusts: &[Option<&AttachedPolicy>; 2],
    sides: [&Configuration; 2],
    principals: &[Principal],
) -> BTreeSet<Principal> {
    let mut callers = BTreeSet::from([Principal::Service(INSTANCE_ROLE_SERVICE.into())]);
    let statements = trusts
        .iter()
        .flatten()
        .flat_map(|trust| &trust.document.statements);
    let named = statements.flat_map(|statement| match &statement.target {
        Target::Principals(trusted) => &**trusted,
        Target::Resources(_) => &[],
    });
    let accounts: BTreeMap<&str, ()> = sides.iter().map(|side| (side.policies.account(), ())).collect();
    for trusted in named {
        match trusted {
            TrustedPrincipal::Service(name) => drop(callers.insert(Principal::Service((**name).into()))),
            TrustedPrincipal::Account(account) if accounts.contains_key(&**account) => {
                callers.insert(Principal::Account);
                callers.extend(principals.iter().cloned());
            }
            TrustedPrincipal::User(_, _) | TrustedPrincipal::Role(_, _) => {
                let means =
                    |caller: &&Principal| accounts.keys().any(|account| trusted.covers(caller, account));
                callers.extend(principals.iter().filter(means).cloned());
            }
            TrustedPrincipal::Account(_) | TrustedPrincipal::Federated(_) => {}
        }
    }
    callers
}
