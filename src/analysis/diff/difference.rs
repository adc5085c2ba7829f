//! From a region of the request space to a [`Difference`] of the report.

use crate::analysis::diff::candidates::Description;
use crate::analysis::diff::diff_report::{Change, Difference, Example};
use crate::analysis::diff::dimension::DimensionId;
use crate::analysis::diff::pattern_match;
use crate::analysis::diff::region::{Choices, RequestRegion};
use crate::analysis::diff::request_space::RequestSpace;
use crate::analysis::diff::search_input::SampleRequest;
use crate::analysis::diff::term::{Term, describe};
use eci_calls::ASSUME_ROLE;
use ram_policy::Principal;

/// Describes the requests of a region, which `principals` may send; `first` is the caller of the example
pub(crate) fn describe_region(
    region: RequestRegion,
    space: &RequestSpace,
    first: &Principal,
    principals: Vec<Principal>,
    assumed_role: Option<&str>,
) -> Difference {
    let RequestRegion {
        choices,
        decisions,
        sample,
    } = region;
    let terms = |id: DimensionId, matches: fn(&str, &str) -> bool| terms(&choices, space, id, matches);
    let conditions = space.keys.iter().zip(0..).filter_map(|((name, _), at)| {
        let terms = terms(DimensionId::Key(at), pattern_match::matches)?;
        Some((name.clone(), terms))
    });
    let (actions, resources) = match assumed_role {
        Some(role) => (Some(exactly(ASSUME_ROLE)), Some(exactly(role))),
        None => (
            terms(DimensionId::Action, pattern_match::matches_action),
            terms(DimensionId::Resource, pattern_match::matches_resource),
        ),
    };
    Difference {
        change: Change::to(&decisions.after),
        principals,
        actions,
        named_actions: named_actions(&choices, space),
        resources,
        resource_groups: terms(DimensionId::Group, pattern_match::matches),
        conditions: conditions.collect(),
        before: decisions.before,
        after: decisions.after,
        example: example(sample, first, assumed_role),
    }
}

fn exactly(name: &str) -> Vec<Term> {
    vec![Term::Exactly(name.to_owned())]
}

/// Describes the classes that are chosen in a dimension; `None` if the dimension may have any value
fn terms(
    choices: &Choices,
    space: &RequestSpace,
    id: DimensionId,
    matches: fn(&str, &str) -> bool,
) -> Option<Vec<Term>> {
    let dimension = space.dimension(id)?;
    let (inside, outside) = dimension.split(choices.get(&id)?);
    Some(describe(&inside, &outside, matches))
}

/// The actions of a region that ECI has or a policy names
fn named_actions(choices: &Choices, space: &RequestSpace) -> Vec<String> {
    let chosen = choices.get(&DimensionId::Action);
    let classes = space.actions.classes.iter().zip(0..);
    let classes = classes.filter(|(_, at)| chosen.is_none_or(|chosen| chosen.contains(at)));
    let members = classes.flat_map(|(class, _)| &class.members);
    let mut named: Vec<String> = members
        .filter(|member| member.description == Description::Exactly)
        .filter_map(|member| member.value.clone())
        .collect();
    named.sort_unstable();
    named
}

fn example(sample: SampleRequest, caller: &Principal, assumed_role: Option<&str>) -> Example {
    Example {
        principal: caller.clone(),
        action: sample.action,
        resource: sample.resource,
        resource_group: sample.resource_group,
        context: sample.context,
        trust: assumed_role.is_some(),
    }
}
