//! One element of a request with the values that are worth trying: an action, a resource, a group, a condition key.
//!
//! Values that no statement tells apart make one class; a class is tried once, with its first value.

use std::collections::{BTreeSet, HashMap};

/// A value to try
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The value; none if the request lacks the element
    pub(crate) value: Option<String>,
    /// How it is told
    pub(crate) told: Told,
}

/// How a value is told
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The element is not there
    Absent,
    /// By itself
    Exactly,
    /// By the patterns that it was made of, which it matches
    Like(Vec<String>),
    /// By a text whose letters may be of either case
    AnyCase(String),
    /// By words, such as `< 4`
    Words(String),
    /// Not at all: it stands for the class that it falls into
    Sample,
    /// Only by what it is not
    Other,
}

impl Candidate {
    pub(crate) fn absent() -> Self {
        Self {
            value: None,
            told: Told::Absent,
        }
    }

    pub(crate) fn exactly(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            told: Told::Exactly,
        }
    }

    pub(crate) fn sample(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            told: Told::Sample,
        }
    }

    pub(crate) fn other(value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            told: Told::Other,
        }
    }

    pub(crate) fn like(value: impl Into<String>, patterns: Vec<String>) -> Self {
        Self {
            value: Some(value.into()),
            told: Told::Like(patterns),
        }
    }

    pub(crate) fn words(value: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            told: Told::Words(words.into()),
        }
    }
}

/// Values that no statement tells apart
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// The best one to try comes first
    pub(crate) members: Vec<Candidate>,
}

impl Class {
    /// The value that stands for the class
    pub(crate) fn value(&self) -> Option<&str> {
        self.members.first().and_then(|member| member.value.as_deref())
    }
}

/// All values of one element, in classes
#[derive(Clone, Debug, Default)]
pub(crate) struct Axis {
    pub(crate) classes: Vec<Class>,
}

impl Axis {
    /// Sorts candidates into classes by what tells them apart; of equal values the first is kept
    pub(crate) fn new<K: std::hash::Hash + Eq>(
        candidates: Vec<Candidate>,
        signature: impl Fn(Option<&str>) -> K,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let mut places: HashMap<K, usize> = HashMap::new();
        let mut classes: Vec<Class> = Vec::new();
        for candidate in candidates {
            if !seen.insert(candidate.value.clone()) {
                continue;
            }
            let next = classes.len();
            let at = *places
                .entry(signature(candidate.value.as_deref()))
                .or_insert(next);
            match classes.get_mut(at) {
                Some(class) => class.members.push(candidate),
                None => classes.push(Class {
                    members: vec![candidate],
                }),
            }
        }
        Self { classes }
    }

    /// The value that stands for a class
    pub(crate) fn value(&self, class: usize) -> Option<&str> {
        self.classes.get(class).and_then(Class::value)
    }

    pub(crate) fn len(&self) -> usize {
        self.classes.len()
    }

    /// Classes that are told apart by a property, each group with its first class first
    pub(crate) fn parts<K: std::hash::Hash + Eq>(
        &self,
        property: impl Fn(usize) -> K,
    ) -> Vec<BTreeSet<usize>> {
        let mut places: HashMap<K, usize> = HashMap::new();
        let mut parts: Vec<BTreeSet<usize>> = Vec::new();
        for class in 0..self.len() {
            let next = parts.len();
            let at = *places.entry(property(class)).or_insert(next);
            match parts.get_mut(at) {
                Some(part) => drop(part.insert(class)),
                None => parts.push(BTreeSet::from([class])),
            }
        }
        parts
    }

    /// The members of some classes, and those of the others
    pub(crate) fn split(&self, classes: &BTreeSet<usize>) -> (Vec<&Candidate>, Vec<&Candidate>) {
        let all = self.classes.iter().zip(0..);
        let (inside, outside): (Vec<_>, Vec<_>) = all.partition(|(_, at)| classes.contains(at));
        let members = |part: Vec<(_, usize)>| {
            part.into_iter()
                .flat_map(|(class, _): (&Class, usize)| &class.members)
                .collect()
        };
        (members(inside), members(outside))
    }

    /// Whether these are all classes
    pub(crate) fn is_whole(&self, classes: &BTreeSet<usize>) -> bool {
        classes.len() == self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_signatures_make_one_class() {
        let candidates = ["b", "bb", "a", "b", "c"].map(Candidate::exactly).to_vec();
        let axis = Axis::new(candidates, |value| value.unwrap().starts_with('b'));
        assert_eq!(
            (axis.value(0), axis.value(1), axis.len()),
            (Some("b"), Some("a"), 2)
        );
        assert_eq!(axis.classes[0].members.len(), 2);
        let (inside, outside) = axis.split(&BTreeSet::from([1]));
        assert_eq!((inside.len(), outside.len()), (2, 2));
        assert_eq!(axis.parts(|class| class > 5), [BTreeSet::from([0, 1])]);
    }
}
