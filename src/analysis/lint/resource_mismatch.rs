//! Resources that requests for the statement's actions never name.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::lint::account_facts::AccountFacts;
use crate::analysis::lint::code::Code;
use crate::analysis::lint::known_action::KnownAction;
use crate::analysis::lint::linted_statement::{LintedAction, LintedStatement, action_list};
use crate::analysis::lint::warning::{DocumentWarning, name_list};
use ram_policy::{Pattern, ResourcePattern, Segments};

/// How near a resource pattern comes to the resources of an action, the nearest first
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ResourceFit {
    /// It may match one of them
    Matches,
    /// It would match, but for the region or account
    Elsewhere,
    /// It needs a name, and the action creates its resource, which has no name yet
    Named,
    /// It is of another type
    OtherType,
}

/// Looks for actions that none of the statement's resources fits
pub(crate) fn find(statement: &LintedStatement<'_>) -> Option<DocumentWarning> {
    let actions = statement.actions_where(|action| {
        let fit = nearest(statement, action.known());
        let is_elsewhere = || fit == Some(ResourceFit::OtherType) && action.spans_services();
        fit.is_some_and(|fit| fit != ResourceFit::Matches)
            && !(is_elsewhere() && names_other_services(statement))
    });
    let first = actions.first()?;
    let fits = actions
        .iter()
        .filter_map(|action| nearest(statement, action.known()));
    let fit = fits.min()?;
    let (code, problem) = problem(fit, statement, &actions)?;
    let (_, first_resource_at) = statement.resources().next()?;
    let is_whole = statement.are_all(&actions);
    Some(DocumentWarning {
        code,
        at: if is_whole { first_resource_at } else { first.at },
        message: format!("{problem}, so {}", statement.no_effect(&actions)),
        advice: advice(fit, statement, &actions)?,
    })
}

/// Looks for actions on instances that are named, while admission asks before it knows names
///
/// In the cloud such a statement matches, so that it is no mismatch.
pub(crate) fn find_names(statement: &LintedStatement<'_>) -> Option<DocumentWarning> {
    let actions = statement.actions_where(|action| {
        let creates = |known: &KnownAction| known.creates_resource();
        !action.known().iter().all(creates)
            && nearest(statement, action.known()) == Some(ResourceFit::Matches)
            && !action
                .known()
                .iter()
                .any(|known| matches_unnamed(statement, *known))
    });
    let first = actions.first()?;
    let mut patterns = statement.resources().map(|(pattern, _)| pattern);
    let named = patterns.find(|pattern| pattern.segments().is_some())?;
    Some(DocumentWarning {
        code: Code::NameUnknown,
        at: first.at,
        message: format!(
            "admission asks {} before it knows the name of an instance, and `{}` fits names alone, so the statement \
             decides nothing about pods",
            action_list(&actions),
            named.as_str()
        ),
        advice: "for pods, use a condition on tags or `acs:ResourceGroupId`".to_owned(),
    })
}

/// Whether one of the resources matches what admission asks an action on; roles have names there
fn matches_unnamed(statement: &LintedStatement<'_>, action: KnownAction) -> bool {
    let KnownAction::Call(_) = action else { return true };
    let unnamed = action
        .resource_type()
        .map(|(code, resource_type)| (code, format!("{resource_type}/*")));
    let mut patterns = statement.resources().map(|(pattern, _)| pattern);
    // A pattern that matches nothing has a warning of its own.
    patterns.any(|pattern| match pattern.segments() {
        _ if pattern.matches_nothing().is_some() => true,
        None => pattern.is_any(),
        Some(segments) => unnamed.as_ref().is_some_and(|(code, relative)| {
            matches(segments.code, code) && matches(segments.relative, relative)
        }),
    })
}

/// Whether each resource belongs to a service that the linter does not know, so that the statement is about that service
fn names_other_services(statement: &LintedStatement<'_>) -> bool {
    let is_other = |pattern: &ResourcePattern| {
        let segments = pattern.segments();
        segments.is_some_and(|segments| segments.code != "eci" && segments.code != "ram")
    };
    statement.resources().all(|(pattern, _)| is_other(pattern))
}

/// The code of a mismatch, and the first half of its message
fn problem(
    fit: ResourceFit,
    statement: &LintedStatement<'_>,
    actions: &[&LintedAction<'_>],
) -> Option<(Code, String)> {
    let patterns = statement.resources().map(|(pattern, _)| pattern.as_str());
    let resources = name_list(&patterns.collect::<Vec<_>>());
    let actions = action_list(actions);
    match fit {
        ResourceFit::Matches => None,
        ResourceFit::Elsewhere => Some((
            Code::ResourceElsewhere,
            format!("{resources} is not in the region and account that {actions} is asked in"),
        )),
        ResourceFit::Named => Some((
            Code::NameOnCreate,
            format!("{actions} is asked before there is a name, and {resources} fits names alone"),
        )),
        ResourceFit::OtherType => Some((
            Code::ResourceOfAnotherKind,
            format!("{resources} is no resource that {actions} is asked on"),
        )),
    }
}

/// What to write instead, which never allows more than the author meant
fn advice(
    fit: ResourceFit,
    statement: &LintedStatement<'_>,
    actions: &[&LintedAction<'_>],
) -> Option<String> {
    let known: Vec<KnownAction> = actions
        .iter()
        .flat_map(|action| action.known())
        .copied()
        .collect();
    let mut patterns = statement.resources().map(|(pattern, _)| pattern);
    match fit {
        ResourceFit::Elsewhere if actions.iter().any(|action| action.spans_services()) => {
            Some("give ECI a statement of its own, in the region and account of the directory".to_owned())
        }
        ResourceFit::Elsewhere => Some(format!(
            "write `{}`",
            moved_here(patterns.next()?, statement.facts)?
        )),
        ResourceFit::Named => {
            let unnamed = patterns.find_map(|pattern| without_name(pattern, &known, statement.facts))?;
            let keys = if known.contains(&KnownAction::CreateServiceLinkedRole) {
                "`ram:ServiceName`"
            } else {
                "tags or `acs:ResourceGroupId`"
            };
            Some(format!(
                "say what may be created by a condition on {keys}: the resource is `{unnamed}`"
            ))
        }
        ResourceFit::Matches | ResourceFit::OtherType => {
            let prefixes = resource_prefixes(&known, statement.facts);
            Some(format!(
                "name the resources that are meant: those of these actions begin with {}",
                name_list(&prefixes)
            ))
        }
    }
}

/// How near the resources come to those of the actions; `None` if the actions have no resource
fn nearest(statement: &LintedStatement<'_>, actions: &[KnownAction]) -> Option<ResourceFit> {
    let nearest = |action: &KnownAction| {
        action.resource_type()?;
        let resources = statement.resources();
        resources
            .map(|(pattern, _)| fit(pattern, *action, statement.facts))
            .min()
    };
    actions.iter().filter_map(nearest).min()
}

/// ```text
/// acs:eci:*:*:imagecache/*           CreateContainerGroup -> OtherType
/// acs:eci:*:*:containergroup/eci-1   CreateContainerGroup -> Named
/// acs:eci:*:7:containergroup/*       CreateContainerGroup -> Elsewhere, in account 1
/// ```
fn fit(pattern: &ResourcePattern, action: KnownAction, facts: &AccountFacts) -> ResourceFit {
    // A pattern that matches nothing has a warning of its own.
    let Some(segments) = pattern.segments().filter(|_| pattern.matches_nothing().is_none()) else {
        return ResourceFit::Matches;
    };
    let Some((code, resource_type)) = action.resource_type() else {
        return ResourceFit::Matches;
    };
    let unnamed = format!("{resource_type}/*");
    let relative = Pattern::new(segments.relative);
    if !matches(segments.code, code) || !relative.overlaps(Pattern::new(&unnamed)) {
        return ResourceFit::OtherType;
    }
    if action.creates_resource() && !relative.matches(&unnamed) {
        return ResourceFit::Named;
    }
    // A passed role may be another account's, and names of RAM have no region.
    let is_here = match action {
        KnownAction::Call(_) => {
            may_match(segments.region, facts.region()) && may_match(segments.account, facts.id())
        }
        KnownAction::PassRole => true,
        KnownAction::CreateServiceLinkedRole => may_match(segments.account, facts.id()),
    };
    if is_here {
        ResourceFit::Matches
    } else {
        ResourceFit::Elsewhere
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).matches(text)
}

/// Whether a pattern matches a value, which may be unknown
fn may_match(pattern: &str, value: Option<&str>) -> bool {
    value.is_none_or(|value| matches(pattern, value))
}

/// The pattern with the region and account of the directory
fn moved_here(pattern: &ResourcePattern, facts: &AccountFacts) -> Option<String> {
    let Segments { code, relative, .. } = pattern.segments()?;
    let region = if code == "ram" { "*" } else { facts.region()? };
    Some(format!("acs:{code}:{region}:{}:{relative}", facts.id()?))
}

/// The pattern without the resource's name, if the name is what keeps it from fitting an action
fn without_name(pattern: &ResourcePattern, actions: &[KnownAction], facts: &AccountFacts) -> Option<String> {
    let is_named = |action: &&KnownAction| fit(pattern, **action, facts) == ResourceFit::Named;
    let (_, resource_type) = actions.iter().find(is_named)?.resource_type()?;
    let Segments {
        code,
        region,
        account,
        ..
    } = pattern.segments()?;
    Some(format!("acs:{code}:{region}:{account}:{resource_type}/*"))
}

/// How the resources of the actions begin: one text for the only type of a service, or for all of its types
fn resource_prefixes(actions: &[KnownAction], facts: &AccountFacts) -> Vec<String> {
    let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (code, resource_type) in actions.iter().filter_map(|action| action.resource_type()) {
        types.entry(code).or_default().insert(resource_type);
    }
    let account = facts.id().unwrap_or("*");
    let prefix = |(code, types): (&str, BTreeSet<&str>)| {
        let region = if code == "ram" {
            "*"
        } else {
            facts.region().unwrap_or("*")
        };
        let only = types.first().filter(|_| types.len() == 1);
        let resource_type = only.map_or_else(String::new, |only| format!("{only}/"));
        format!("acs:{code}:{region}:{account}:{resource_type}")
    };
    types.into_iter().map(prefix).collect()
}
