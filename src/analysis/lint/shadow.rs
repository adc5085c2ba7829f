//! Statements that another one forestalls: an Allow by a Deny, and a Deny for a group by an Allow for the account.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::lint::code::Code;
use crate::analysis::lint::cover::covers;
use crate::analysis::lint::directory::{Directory, Held, Holder, Place};
use crate::analysis::lint::subject::{Finding, listed};
use crate::analysis::lint::warning::Warning;
use ram_policy::{Document, Effect, Principal, Statement};

/// In one document, more pairs of statements than this are not compared
const MOST_PAIRS: usize = 10_000;

/// A statement with its number, from 1
type Numbered<'a> = (usize, &'a Statement);

/// Looks for Allows that a Deny of the same document takes away
pub(crate) fn within(document: &Document) -> Vec<Finding> {
    let (allows, denies) = (allows(document), denies(document));
    if allows.len().saturating_mul(denies.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let shadowed = allows.into_iter().filter_map(|(_, allow)| {
        let (number, _) = denies.iter().find(|(_, deny)| covers(deny, allow))?;
        Some(Finding {
            code: Code::ShadowedAllow,
            at: allow.at,
            message: format!("statement {number} denies everything that this statement allows"),
            advice: "take one of the two out, or narrow the Deny".to_owned(),
        })
    });
    shadowed.collect()
}

/// Looks for statements that are forestalled wherever they are held
pub(crate) fn find(directory: &Directory<'_>) -> Vec<Warning> {
    let holders = directory.holders();
    let mut warnings = shadowed_everywhere(directory, &holders);
    warnings.extend(late_denies(&holders));
    warnings
}

/// Where an Allow is held
#[derive(Default)]
struct Placements<'a> {
    holders: Vec<&'a Principal>,
    /// The Deny statements that take it away, by policy and number
    denies: BTreeSet<(&'a str, usize)>,
    is_open: bool,
}

fn shadowed_everywhere<'a>(directory: &Directory<'a>, holders: &[Holder<'a>]) -> Vec<Warning> {
    let control: Vec<(&str, &Document)> = directory
        .control_policies()
        .filter_map(|name| Some((name.as_str(), &*directory.policy(name)?.document)))
        .collect();
    let mut found: BTreeMap<(&str, usize), Placements<'_>> = BTreeMap::new();
    for holder in holders {
        let is_exempt = holder.principal.is_service_linked();
        let above = control.iter().filter(|_| !is_exempt).copied();
        let account = holder.for_account().map(|held| (held.policy, &*held.document));
        let for_all: Vec<(&str, Numbered<'_>)> = with_denies(above.chain(account)).collect();
        for held in &holder.held {
            let beside = holder
                .held
                .iter()
                .filter(|other| other.group == held.group && held.group.is_some());
            let beside = with_denies(beside.map(|other| (other.policy, &*other.document)));
            let denies: Vec<(&str, Numbered<'_>)> = for_all
                .iter()
                .copied()
                .chain(beside)
                .filter(|(policy, _)| *policy != held.policy)
                .collect();
            for (number, allow) in allows(&held.document) {
                let placements = found.entry((held.policy, number)).or_default();
                placements.holders.push(&holder.principal);
                match denies.iter().find(|(_, (_, deny))| covers(deny, allow)) {
                    Some((policy, (number, _))) => {
                        placements.denies.insert((policy, *number));
                    }
                    None => placements.is_open = true,
                }
            }
        }
    }
    let closed = found.into_iter().filter(|(_, placements)| !placements.is_open);
    closed
        .filter_map(|((policy, number), placements)| shadowed(directory, policy, number, &placements))
        .collect()
}

fn shadowed(
    directory: &Directory<'_>,
    policy: &str,
    number: usize,
    placements: &Placements<'_>,
) -> Option<Warning> {
    let held = directory.policy(policy)?;
    // Nobody can change a policy that is built in
    let place = held.place?;
    let statement = held.document.statements.get(number.checked_sub(1)?)?;
    let mut holders: Vec<String> = placements.holders.iter().map(ToString::to_string).collect();
    holders.dedup();
    let denies: Vec<String> = placements
        .denies
        .iter()
        .map(|(policy, number)| format!("{policy}#{number}"))
        .collect();
    let place = Place {
        at: statement.at,
        ..place
    };
    let message = format!(
        "everything that this statement allows is denied by {} for all who hold it, {}",
        listed(denies.iter().map(String::as_str)),
        listed(holders.iter().map(String::as_str)),
    );
    Some(place.warning(
        Code::ShadowedAllow,
        message,
        "take the statement out, or narrow the Deny".to_owned(),
    ))
}

/// Denies for a resource group that never come to be asked, because an Allow for the account ends the matter
fn late_denies(holders: &[Holder<'_>]) -> Vec<Warning> {
    let mut found: BTreeMap<(Place<'_>, usize), (&Held<'_>, String, Vec<&Principal>)> = BTreeMap::new();
    for holder in holders {
        let for_account: Vec<(&str, Numbered<'_>)> = holder
            .for_account()
            .flat_map(|held| {
                allows(&held.document)
                    .into_iter()
                    .map(|allow| (held.policy, allow))
            })
            .collect();
        for held in holder.for_groups() {
            for (number, deny) in denies(&held.document) {
                let early = for_account.iter().find(|(_, (_, allow))| covers(allow, deny));
                if let Some((policy, (allow, _))) = early {
                    let entry = found
                        .entry((held.place, number))
                        .or_insert_with(|| (held, format!("{policy}#{allow}"), Vec::new()));
                    entry.2.push(&holder.principal);
                }
            }
        }
    }
    let late = found.into_iter().map(|((place, number), (held, allow, holders))| {
        let holders: Vec<String> = holders.iter().map(ToString::to_string).collect();
        let message = format!(
            "`{}#{number}` denies nothing to {}, because `{allow}`, held for the whole account, allows it before resource groups are asked",
            held.policy,
            listed(holders.iter().map(String::as_str)),
        );
        let advice = "grant the Deny for the whole account, or the Allow for resource groups";
        place.warning(Code::LateDeny, message, advice.to_owned())
    });
    late.collect()
}

fn with_denies<'a>(
    policies: impl Iterator<Item = (&'a str, &'a Document)>,
) -> impl Iterator<Item = (&'a str, Numbered<'a>)> {
    policies.flat_map(|(name, document)| denies(document).into_iter().map(move |deny| (name, deny)))
}

fn allows(document: &Document) -> Vec<Numbered<'_>> {
    of_effect(document, Effect::Allow)
}

fn denies(document: &Document) -> Vec<Numbered<'_>> {
    of_effect(document, Effect::Deny)
}

fn of_effect(document: &Document, effect: Effect) -> Vec<Numbered<'_>> {
    let numbered = (1..).zip(&document.statements);
    numbered
        .filter(|(_, statement)| statement.effect == effect)
        .collect()
}
