//! Dimensions of the space of requests: the action, the resource, the resource group, and each condition key.
//!
//! The values of a dimension fall into equivalence classes: no statement distinguishes two values of one class. So the
//! search tries one value of each class.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use crate::analysis::diff::candidates::Candidate;

/// One dimension of a request
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum DimensionId {
    /// A condition key, by its position in the request space
    Key(usize),
    Group,
    Resource,
    Action,
}

/// Values that no statement distinguishes
#[derive(Clone, Debug)]
pub(crate) struct EquivalenceClass {
    /// The best one to try comes first
    pub(crate) members: Vec<Candidate>,
}

impl EquivalenceClass {
    /// The value that stands for the class
    pub(crate) fn representative(&self) -> Option<&str> {
        self.members.first().and_then(|member| member.value.as_deref())
    }
}

/// All values of one dimension, in equivalence classes
#[derive(Clone, Debug, Default)]
pub(crate) struct Dimension {
    pub(crate) classes: Vec<EquivalenceClass>,
}

impl Dimension {
    /// Sorts candidates into classes of equal signature; of equal values the first one stays
    ///
    /// ```text
    /// b, bb, a, b  by first letter  ->  [b, bb], [a]
    /// ```
    pub(crate) fn new<K: Hash + Eq>(
        candidates: Vec<Candidate>,
        signature: impl Fn(Option<&str>) -> K,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let distinct = candidates
            .into_iter()
            .filter(|candidate| seen.insert(candidate.value.clone()));
        let classes = grouped(distinct, |candidate| signature(candidate.value.as_deref()));
        Self {
            classes: classes
                .into_iter()
                .map(|members| EquivalenceClass { members })
                .collect(),
        }
    }

    /// A dimension with one value
    pub(crate) fn single(value: &str) -> Self {
        Self::new(vec![Candidate::exactly(value)], |_| ())
    }

    /// The value that stands for a class
    pub(crate) fn representative(&self, class: usize) -> Option<&str> {
        self.classes.get(class).and_then(EquivalenceClass::representative)
    }

    pub(crate) fn len(&self) -> usize {
        self.classes.len()
    }

    /// The classes in blocks of equal property, ordered by the first class of each block
    pub(crate) fn partition<K: Hash + Eq>(&self, property: impl Fn(usize) -> K) -> Vec<BTreeSet<usize>> {
        let blocks = grouped(0..self.len(), |class| property(*class));
        blocks.into_iter().map(BTreeSet::from_iter).collect()
    }

    /// The members of some classes, and the members of the others
    pub(crate) fn split(&self, classes: &BTreeSet<usize>) -> (Vec<&Candidate>, Vec<&Candidate>) {
        let numbered = self.classes.iter().zip(0..);
        let (inside, outside): (Vec<_>, Vec<_>) = numbered.partition(|(_, at)| classes.contains(at));
        let members = |classes: Vec<(_, usize)>| {
            classes
                .into_iter()
                .flat_map(|(class, _): (&EquivalenceClass, usize)| &class.members)
                .collect()
        };
        (members(inside), members(outside))
    }

    /// Whether these are all classes
    pub(crate) fn is_full(&self, classes: &BTreeSet<usize>) -> bool {
        classes.len() == self.len()
    }
}

/// Items in groups of equal keys, ordered by the first item of each group
fn grouped<T, K: Hash + Eq>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<Vec<T>> {
    let mut positions: HashMap<K, usize> = HashMap::new();
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        let next = groups.len();
        let at = *positions.entry(key(&item)).or_insert(next);
        match groups.get_mut(at) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_signatures_make_one_class() {
        let candidates = ["b", "bb", "a", "b", "c"].map(Candidate::exactly).to_vec();
        let dimension = Dimension::new(candidates, |value| value.unwrap().starts_with('b'));
        assert_eq!(
            (
                dimension.representative(0),
                dimension.representative(1),
                dimension.len()
            ),
            (Some("b"), Some("a"), 2)
        );
        assert_eq!(dimension.classes[0].members.len(), 2);
        let (inside, outside) = dimension.split(&BTreeSet::from([1]));
        assert_eq!((inside.len(), outside.len()), (2, 2));
        assert_eq!(dimension.partition(|class| class > 5), [BTreeSet::from([0, 1])]);
    }
}
