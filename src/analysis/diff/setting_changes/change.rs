//! Constructors of a [`SettingChange`], and the text of its values.

use std::fmt::Debug;

use crate::analysis::diff::diff_report::SettingChange;
use crate::config::{LabelOperator, LabelSelector, Requirement};

/// Whether a change can make ramgate admit pods that it did not admit before
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Risk {
    MayAllow,
    AllowsNoMore,
}

impl Risk {
    pub(super) fn may_allow_if(condition: bool) -> Self {
        if condition {
            Self::MayAllow
        } else {
            Self::AllowsNoMore
        }
    }
}

/// The change of an entry; `None` if it is equal before and after
pub(super) fn change(
    section: &'static str,
    entry: impl Into<String>,
    [before, after]: [Option<String>; 2],
    risk: Risk,
) -> Option<SettingChange> {
    (before != after).then(|| SettingChange {
        section,
        entry: entry.into(),
        before,
        after,
        may_allow: risk == Risk::MayAllow,
    })
}

/// One change for each item that only the old or only the new list has
pub(super) fn list_changes<T: PartialEq>(
    section: &'static str,
    entry: &str,
    [old, new]: [&[T]; 2],
    shown: impl Fn(&T) -> String,
    [removed, added]: [Risk; 2],
) -> Vec<SettingChange> {
    let gone = old.iter().filter(|item| !new.contains(item));
    let gone = gone.filter_map(|item| change(section, entry, [Some(shown(item)), None], removed));
    let come = new.iter().filter(|item| !old.contains(item));
    let come = come.filter_map(|item| change(section, entry, [None, Some(shown(item))], added));
    gone.chain(come).collect()
}

/// A value as text
pub(super) fn shown<T: Debug>(value: &T) -> Option<String> {
    Some(format!("{value:?}"))
}

/// A selector as kubectl writes it: `env in (a,b),!team`
pub(super) fn shown_selector(selector: &LabelSelector) -> String {
    let requirement = |each: &Requirement| match &each.operator {
        LabelOperator::In(values) if values.len() == 1 => format!("{}={}", each.key, values.concat()),
        LabelOperator::In(values) => format!("{} in ({})", each.key, values.join(",")),
        LabelOperator::NotIn(values) => format!("{} notin ({})", each.key, values.join(",")),
        LabelOperator::Exists => each.key.clone(),
        LabelOperator::DoesNotExist => format!("!{}", each.key),
    };
    let all: Vec<String> = selector.requirements().iter().map(requirement).collect();
    if all.is_empty() {
        "everything".to_owned()
    } else {
        all.join(",")
    }
}
