//! Shadowed statements, which another statement leaves without effect.
//!
//! A Deny shadows an Allow. An Allow for the account shadows a Deny for a resource group, because RAM decides the
//! account first.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::lint::code::Code;
use crate::analysis::lint::document_index::{DocumentIndex, DocumentPosition, Grant, Grantee};
use crate::analysis::lint::subsumption::subsumes;
use crate::analysis::lint::warning::{DocumentWarning, Warning, name_list};
use ram_policy::{Document, Effect, Principal, Statement};

/// In one document, more pairs of statements than this are not compared
const MOST_PAIRS: usize = 10_000;

/// A statement with the name of its policy and its number there, from 1
#[derive(Clone, Copy)]
struct PolicyStatement<'a> {
    policy: &'a str,
    number: usize,
    statement: &'a Statement,
}

/// Looks for Allow statements that a Deny of the same document shadows
pub(crate) fn within(document: &Document) -> Vec<DocumentWarning> {
    let allows = statements("", document, Effect::Allow);
    let denies = statements("", document, Effect::Deny);
    if allows.len().saturating_mul(denies.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let shadowed = allows.into_iter().filter_map(|allow| {
        let deny = denies
            .iter()
            .find(|deny| subsumes(deny.statement, allow.statement))?;
        Some(DocumentWarning {
            code: Code::ShadowedAllow,
            at: allow.statement.at,
            message: format!(
                "statement {} denies everything that this statement allows",
                deny.number
            ),
            advice: "keep only the statement that is meant".to_owned(),
        })
    });
    shadowed.collect()
}

/// Looks for statements that are shadowed for every principal that has them
pub(crate) fn find(index: &DocumentIndex<'_>) -> Vec<Warning> {
    let grantees = index.grantees();
    let mut warnings = shadowed_allows(index, &grantees);
    warnings.extend(late_denies(&grantees));
    warnings
}

/// The grants of one Allow statement, taken together
#[derive(Default)]
struct AllowUse<'a> {
    grantees: Vec<&'a Principal>,
    /// The Deny statements that shadow it, by policy and number
    denies: BTreeSet<(&'a str, usize)>,
    /// Whether some grant is not shadowed
    has_effect: bool,
}

fn shadowed_allows<'a>(index: &DocumentIndex<'a>, grantees: &[Grantee<'a>]) -> Vec<Warning> {
    let control: Vec<(&str, &Document)> = index
        .control_policies()
        .filter_map(|name| Some((name.as_str(), &*index.policy(name)?.document)))
        .collect();
    let mut uses: BTreeMap<(&str, usize), AllowUse<'_>> = BTreeMap::new();
    for grantee in grantees {
        for (allow, deny) in allows_with_denies(&control, grantee) {
            let found = uses.entry((allow.policy, allow.number)).or_default();
            found.grantees.push(&grantee.principal);
            match deny {
                Some(deny) => drop(found.denies.insert((deny.policy, deny.number))),
                None => found.has_effect = true,
            }
        }
    }
    let shadowed = uses.into_iter().filter(|(_, found)| !found.has_effect);
    shadowed
        .filter_map(|((policy, number), found)| shadowed_allow(index, policy, number, &found))
        .collect()
}

/// Every Allow that a principal is granted, with the first Deny of another policy that shadows it
fn allows_with_denies<'a>(
    control: &[(&'a str, &'a Document)],
    grantee: &'a Grantee<'_>,
) -> Vec<(PolicyStatement<'a>, Option<PolicyStatement<'a>>)> {
    let is_exempt = grantee.principal.is_service_linked();
    let control = control.iter().filter(|_| !is_exempt);
    let control = control.flat_map(|(name, document)| statements(name, document, Effect::Deny));
    let granted = |grant: &'a Grant<'_>, effect| statements(grant.policy, &grant.document, effect);
    let account = grantee
        .account_grants()
        .flat_map(|grant| granted(grant, Effect::Deny));
    let for_account: Vec<PolicyStatement<'a>> = control.chain(account).collect();
    let shadowed = grantee.grants.iter().flat_map(|grant| {
        let same_group = grantee
            .group_grants()
            .filter(|other| other.resource_group == grant.resource_group)
            .flat_map(|other| granted(other, Effect::Deny));
        let denies = for_account.iter().copied().chain(same_group);
        let denies: Vec<PolicyStatement<'a>> = denies.filter(|deny| deny.policy != grant.policy).collect();
        granted(grant, Effect::Allow).into_iter().map(move |allow| {
            let shadows = |deny: &&PolicyStatement<'_>| subsumes(deny.statement, allow.statement);
            (allow, denies.iter().find(shadows).copied())
        })
    });
    shadowed.collect()
}

fn shadowed_allow(
    index: &DocumentIndex<'_>,
    policy: &str,
    number: usize,
    found: &AllowUse<'_>,
) -> Option<Warning> {
    let indexed = index.policy(policy)?;
    // Nobody can change a system policy, which has no position.
    let position = indexed.position?;
    let statement = indexed.document.statements.get(number.checked_sub(1)?)?;
    let mut grantees: Vec<String> = found.grantees.iter().map(ToString::to_string).collect();
    grantees.dedup();
    let denies = found.denies.iter();
    let denies: Vec<String> = denies
        .map(|(policy, number)| format!("{policy}#{number}"))
        .collect();
    let position = DocumentPosition {
        at: statement.at,
        ..position
    };
    let message = format!(
        "everything that this statement allows is denied by {} for all who hold it, {}",
        name_list(&denies),
        name_list(&grantees),
    );
    let advice = "keep only the statement that is meant";
    Some(position.warning(Code::ShadowedAllow, message, advice))
}

/// A Deny for a resource group, with the Allow for the account that shadows it
struct LateDeny<'a> {
    deny: PolicyStatement<'a>,
    allow: PolicyStatement<'a>,
    grantees: Vec<String>,
}

/// Deny statements for a resource group that have no effect, because an Allow for the account already decides
fn late_denies(grantees: &[Grantee<'_>]) -> Vec<Warning> {
    let mut found: BTreeMap<(DocumentPosition<'_>, usize), LateDeny<'_>> = BTreeMap::new();
    for grantee in grantees {
        for (position, deny, allow) in denies_after_allows(grantee) {
            let late = found.entry((position, deny.number)).or_insert(LateDeny {
                deny,
                allow,
                grantees: Vec::new(),
            });
            late.grantees.push(grantee.principal.to_string());
        }
    }
    let warnings = found.into_iter().map(|((position, _), late)| {
        let message = format!(
            "`{}#{}` denies nothing to {}, because `{}#{}`, held for the whole account, allows it before resource groups are asked",
            late.deny.policy,
            late.deny.number,
            name_list(&late.grantees),
            late.allow.policy,
            late.allow.number,
        );
        let advice = "grant the Deny for the whole account, or the Allow for resource groups";
        position.warning(Code::LateDeny, message, advice)
    });
    warnings.collect()
}

/// Every Deny that a principal is granted for a resource group, with the first Allow for the account that subsumes it
fn denies_after_allows<'a>(
    grantee: &'a Grantee<'_>,
) -> Vec<(DocumentPosition<'a>, PolicyStatement<'a>, PolicyStatement<'a>)> {
    let allows: Vec<PolicyStatement<'a>> = grantee
        .account_grants()
        .flat_map(|grant| statements(grant.policy, &grant.document, Effect::Allow))
        .collect();
    let denies = grantee.group_grants().flat_map(|grant| {
        let denies = statements(grant.policy, &grant.document, Effect::Deny);
        denies.into_iter().map(|deny| (grant.position, deny))
    });
    let late = denies.filter_map(|(position, deny)| {
        let shadows = |allow: &&PolicyStatement<'_>| subsumes(allow.statement, deny.statement);
        Some((position, deny, *allows.iter().find(shadows)?))
    });
    late.collect()
}

fn statements<'a>(policy: &'a str, document: &'a Document, effect: Effect) -> Vec<PolicyStatement<'a>> {
    let numbered = (1..).zip(&document.statements);
    numbered
        .filter(|(_, statement)| statement.effect == effect)
        .map(|(number, statement)| PolicyStatement {
            policy,
            number,
            statement,
        })
        .collect()
}
