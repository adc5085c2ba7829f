//! Resources that requests for the statement's actions never name.

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
    let is_mismatch =
        |known: &[KnownAction]| nearest(statement, known).is_some_and(|fit| fit != ResourceFit::Matches);
    let actions = statement.actions_where(is_mismatch);
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
        advice: format!("write `{}`", replacement(fit, statement, first.known())?),
    })
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

/// The resource pattern to write instead
fn replacement(fit: ResourceFit, statement: &LintedStatement<'_>, actions: &[KnownAction]) -> Option<String> {
    let mut patterns = statement.resources().map(|(pattern, _)| pattern);
    match fit {
        ResourceFit::Elsewhere => moved_here(patterns.next()?, statement.facts),
        ResourceFit::Named => patterns.find_map(|pattern| without_name(pattern, actions, statement.facts)),
        ResourceFit::Matches | ResourceFit::OtherType => all_resources(actions, statement.facts),
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
    let Some(segments) = pattern.segments() else {
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

/// A pattern of all resources of the actions
fn all_resources(actions: &[KnownAction], facts: &AccountFacts) -> Option<String> {
    let types = actions.iter().filter_map(|action| action.resource_type());
    let mut types: Vec<(&str, &str)> = types.collect();
    types.dedup();
    let account = facts.id().unwrap_or("*");
    match types.as_slice() {
        [] => None,
        [("ram", resource_type)] => Some(format!("acs:ram:*:{account}:{resource_type}/*")),
        [(code, resource_type)] => Some(format!(
            "acs:{code}:{}:{account}:{resource_type}/*",
            facts.region().unwrap_or("*")
        )),
        _ => Some("*".to_owned()),
    }
}
