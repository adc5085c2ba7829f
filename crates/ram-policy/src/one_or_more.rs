//! A list that mostly has one item.

use std::ops::Deref;

/// Items of which one needs no room of its own
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OneOrMore<T> {
    One(T),
    More(Box<[T]>),
}

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self::More(Box::default())
    }
}

impl<T> Deref for OneOrMore<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::More(items) => items,
        }
    }
}

impl<T> FromIterator<T> for OneOrMore<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        match (items.next(), items.next()) {
            (Some(one), None) => Self::One(one),
            (first, second) => Self::More(first.into_iter().chain(second).chain(items).collect()),
        }
    }
}
