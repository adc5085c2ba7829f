//! Regions of the request space: boxes over its dimensions.
//!
//! The search finds many small regions with the same decisions. Merging them is logic minimisation with values that are
//! sets, as in the Quine-McCluskey method and in espresso, where a region is called a cube: two cubes that differ in one
//! variable become one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::diff::decision_pair::DecisionPair;
use crate::analysis::diff::dimension::{Dimension, DimensionId};
use crate::analysis::diff::request_space::RequestSpace;
use crate::analysis::diff::search_input::SampleRequest;

/// The classes that are chosen in each dimension; a dimension without a choice may have any value
pub(crate) type Choices = BTreeMap<DimensionId, BTreeSet<usize>>;

/// A box of requests that the two configurations decide differently, all by the same statements
#[derive(Clone, Debug)]
pub(crate) struct RequestRegion {
    pub(crate) choices: Choices,
    pub(crate) decisions: DecisionPair,
    /// One of the requests
    pub(crate) sample: SampleRequest,
}

/// Adds the choice of some classes of a dimension; all classes are no choice
pub(crate) fn narrowed(
    choices: &Choices,
    id: DimensionId,
    dimension: &Dimension,
    classes: BTreeSet<usize>,
) -> Choices {
    let mut choices = choices.clone();
    if !dimension.is_full(&classes) {
        choices.insert(id, classes);
    }
    choices
}

/// Merges regions as long as two differ in one dimension alone
///
/// ```text
/// action {0}, group {0}; action {1}, group {0}  ->  action {0, 1}, group {0}
/// ```
pub(crate) fn merged(mut regions: Vec<RequestRegion>, space: &RequestSpace) -> Vec<RequestRegion> {
    loop {
        let before = regions.len();
        let ids: BTreeSet<DimensionId> = regions
            .iter()
            .flat_map(|region| region.choices.keys().copied())
            .collect();
        for id in ids {
            regions = merged_along(regions, id, space);
        }
        if regions.len() == before {
            return regions;
        }
    }
}

fn merged_along(regions: Vec<RequestRegion>, id: DimensionId, space: &RequestSpace) -> Vec<RequestRegion> {
    let mut merged: Vec<RequestRegion> = Vec::new();
    let mut positions = HashMap::new();
    for mut region in regions {
        let Some(own) = region.choices.remove(&id) else {
            merged.push(region);
            continue;
        };
        let next = merged.len();
        let key = (region.decisions.deciding_statements(), region.choices.clone());
        let at = *positions.entry(key).or_insert(next);
        if at == next {
            region.choices.insert(id, own);
            merged.push(region);
        } else if let Some(known) = merged.get_mut(at) {
            known.choices.entry(id).or_default().extend(own);
        }
    }
    let is_full = |classes: &BTreeSet<usize>| {
        let dimension = space.dimension(id);
        dimension.is_some_and(|dimension| dimension.is_full(classes))
    };
    for region in &mut merged {
        if region.choices.get(&id).is_some_and(is_full) {
            region.choices.remove(&id);
        }
    }
    merged
}
