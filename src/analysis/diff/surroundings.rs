//! Changes outside of RAM's policies that can change what the gate lets in.
//!
//! No request is tried here: whether an entry can let in more is told by what it is, and taken for likely in doubt.

pub(crate) mod account;
pub(crate) mod cluster;
pub(crate) mod subject;

use std::fmt::Debug;

use crate::analysis::diff::report::OtherChange;
use crate::config::{Configuration, LabelOperator, LabelSelector, Requirement};

/// All such changes, section by section
pub(crate) fn changes(old: &Configuration, new: &Configuration) -> Vec<OtherChange> {
    let mut changes = Changes::default();
    subject::bindings(&mut changes, old, new);
    subject::boundaries(&mut changes, old, new);
    account::account(&mut changes, old, new);
    account::resource_groups(&mut changes, old, new);
    cluster::mapping(&mut changes, &old.mapping, &new.mapping);
    cluster::cluster(&mut changes, &old.cluster, &new.cluster);
    changes.all
}

/// Changes found so far
#[derive(Default)]
pub(crate) struct Changes {
    all: Vec<OtherChange>,
}

impl Changes {
    /// Notes an entry, unless it is the same on both sides
    fn add(
        &mut self,
        section: &'static str,
        entry: impl Into<String>,
        sides: [Option<String>; 2],
        may_allow: bool,
    ) {
        let [before, after] = sides;
        if before != after {
            self.all.push(OtherChange {
                section,
                entry: entry.into(),
                before,
                after,
                may_allow,
            });
        }
    }

    /// Notes what is in one of two lists alone
    fn lists<T: PartialEq>(
        &mut self,
        section: &'static str,
        entry: &str,
        sides: [&[T]; 2],
        told: impl Fn(&T) -> String,
        may_allow: [bool; 2],
    ) {
        let [old, new] = sides;
        let [gone, come] = may_allow;
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.add(section, entry, [Some(told(item)), None], gone);
        }
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.add(section, entry, [None, Some(told(item))], come);
        }
    }
}

/// A value that is there, as text
fn shown<T: Debug>(value: &T) -> Option<String> {
    Some(format!("{value:?}"))
}

/// A selector in the words of Kubernetes
fn selector(selector: &LabelSelector) -> String {
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
