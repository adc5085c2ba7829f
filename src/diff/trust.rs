//! Trust policies that changed: who may assume a role.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::universe::{Side, Universe};
use super::Tasks;
use crate::directory::Configuration;
use crate::ram::{Attached, Principal, Target, Trusted};

/// The action that trust policies speak of
pub(super) const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The service that ECI's instance roles must trust, which the gate asks about
const INSTANCE_ROLE_SERVICE: &str = "ecs.aliyuncs.com";

/// Adds a search for every caller whom a changed trust policy may mean
pub(super) fn add<'a>(
    tasks: &mut Tasks,
    catalogue: &mut Catalogue<'a>,
    sides: [&'a Configuration; 2],
    principals: &[Principal],
) {
    for role in principals {
        let Principal::Role(name) = role else { continue };
        let trusts = sides.map(|side| side.policies.trust_policy(name));
        let numbers = {
            let mut of = |at: usize| -> Option<Vec<usize>> {
                let (side, trust) = (sides.get(at)?, trusts.get(at).copied().flatten()?);
                Some(catalogue.numbers([trust], side.policies.account()))
            };
            (of(0), of(1))
        };
        if numbers.0 == numbers.1 {
            continue;
        }
        for caller in callers(&trusts, sides, principals) {
            let [old, new] = sides.map(|side| Side::of(&side.policies, &caller, catalogue));
            let [trust_before, trust_after] = trusts;
            let [before, after] = sides;
            let universe = Universe {
                old: old.trusted(trust_before, &before.policies, catalogue),
                new: new.trusted(trust_after, &after.policies, catalogue),
            };
            let resource = format!("acs:ram::{}:role/{name}", after.policies.account());
            tasks.add(universe, &caller, Some(resource), catalogue);
        }
    }
}

/// Whom either trust policy may mean
fn callers(
    trusts: &[Option<&Attached>; 2],
    sides: [&Configuration; 2],
    principals: &[Principal],
) -> BTreeSet<Principal> {
    let mut callers = BTreeSet::from([Principal::Service(INSTANCE_ROLE_SERVICE.into())]);
    let statements = trusts.iter().flatten().flat_map(|trust| &trust.document.statements);
    let named = statements.flat_map(|statement| match &statement.target {
        Target::Principals(trusted) => &**trusted,
        Target::Resources(_) => &[],
    });
    let accounts: BTreeMap<&str, ()> = sides.iter().map(|side| (side.policies.account(), ())).collect();
    for trusted in named {
        match trusted {
            Trusted::Service(name) => drop(callers.insert(Principal::Service((**name).into()))),
            Trusted::Account(account) if accounts.contains_key(&**account) => {
                callers.insert(Principal::Account);
                callers.extend(principals.iter().cloned());
            }
            Trusted::User(_, _) | Trusted::Role(_, _) => {
                let means = |caller: &&Principal| accounts.keys().any(|account| trusted.covers(caller, account));
                callers.extend(principals.iter().filter(means).cloned());
            }
            Trusted::Account(_) | Trusted::Federated(_) => {}
        }
    }
    callers
}
