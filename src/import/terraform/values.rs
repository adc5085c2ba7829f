//! The resources in the output of `terraform show -json`, of a state or of a plan.

use std::collections::BTreeMap;

use crate::import::wire;
use ram_policy::source::{Fault, Node, Value, json};

/// The major version of the format that is read
const MAJOR: &str = "1";

/// A managed resource
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource<'a> {
    pub(crate) kind: &'a str,
    pub(crate) address: &'a str,
    pub(crate) values: &'a Node,
    /// What the plan does with it; nothing for a state
    change: Option<&'a Node>,
}

impl<'a> Resource<'a> {
    /// The first of some attributes that is there; provider versions name the same one differently
    ///
    /// # Errors
    /// The plan does not know one of them, or it is missing
    pub(crate) fn required(&self, names: &[&str]) -> Result<&'a Node, Fault> {
        match self.optional(names)? {
            Some(node) => Ok(node),
            None => {
                let message = format!("{} has no `{}`", self.address, names.join("` or `"));
                Err(Fault::new(self.values.at, message))
            }
        }
    }

    /// The attribute by one of its names, if one is there
    ///
    /// A provider keeps the old value under the name that the configuration does not use, so that of two values the one that the
    /// plan changes counts.
    ///
    /// # Errors
    /// The plan does not know it, or it has two values
    pub(crate) fn optional(&self, names: &[&str]) -> Result<Option<&'a Node>, Fault> {
        let empty = Value::String(String::new());
        let known = names.iter().filter_map(|name| {
            let node = wire::field(self.values, name)?;
            (node.value != empty).then_some((*name, node))
        });
        let known: Vec<(&str, &Node)> = known.collect();
        // What is made anew has a known value from its configuration, and the other name is filled in by RAM
        if (known.is_empty() || !self.is_created())
            && let Some(name) = names.iter().find(|name| self.is_unknown(name))
        {
            let message = format!(
                "{}: the plan does not know `{name}` before it is applied, so nobody can tell what it allows: write the value out, or apply first what it comes from",
                self.address
            );
            return Err(Fault::new(self.values.at, message));
        }
        let Some((_, first)) = known.first() else {
            return Ok(None);
        };
        if known.iter().all(|(_, node)| is_same(first, node)) {
            return Ok(Some(first));
        }
        let mut changed = known.iter().filter(|(name, _)| self.is_changed(name));
        match (changed.next(), changed.next()) {
            (Some((_, node)), None) => Ok(Some(node)),
            _ => {
                let message = format!(
                    "{}: `{}` differ, so nobody can tell which one counts: write only one of them",
                    self.address,
                    names.join("` and `")
                );
                Err(Fault::new(self.values.at, message))
            }
        }
    }

    /// Checks that a plan changes none of the older attributes from which the provider makes a document
    ///
    /// # Errors
    /// It changes one, and the document in the plan is still the old one
    pub(crate) fn check_sources(&self, names: &[&str]) -> Result<(), Fault> {
        let is_filled = |name: &str| match wire::field(self.values, name).map(|node| &node.value) {
            None => false,
            Some(Value::List(items)) => !items.is_empty(),
            Some(_) => true,
        };
        let is_source = |name: &&&str| {
            self.is_unknown(name) || is_filled(name) && self.before().is_some() && self.is_changed(name)
        };
        match names.iter().find(is_source) {
            None => Ok(()),
            Some(name) => {
                let message = format!(
                    "{}: the plan changes `{name}` and does not show the document that comes of it: write the document instead",
                    self.address
                );
                Err(Fault::new(self.values.at, message))
            }
        }
    }

    fn before(&self) -> Option<&'a Node> {
        wire::field(self.change?, "before")
    }

    fn is_created(&self) -> bool {
        let actions = self.change.and_then(|change| wire::field(change, "actions"));
        let create = Value::String("create".to_owned());
        matches!(actions, Some(Node { value: Value::List(actions), .. }) if actions.iter().any(|one| one.value == create))
    }

    fn is_unknown(&self, name: &str) -> bool {
        let unknown = self
            .change
            .and_then(|change| wire::field(change, "after_unknown"));
        let unknown = unknown.and_then(|unknown| wire::field(unknown, name));
        unknown.is_some_and(is_unknown)
    }

    /// Whether the plan gives an attribute another value
    fn is_changed(&self, name: &str) -> bool {
        let before = self.before().and_then(|before| wire::field(before, name));
        match (before, wire::field(self.values, name)) {
            (Some(before), Some(after)) => !is_same(before, after),
            (before, after) => before.is_some() != after.is_some(),
        }
    }

    /// As [`required`](Self::required), for text
    ///
    /// # Errors
    /// As there, or it has another type
    pub(crate) fn text(&self, names: &[&str]) -> Result<&'a str, Fault> {
        match &self.required(names)?.value {
            Value::String(text) => Ok(text),
            _ => {
                let message = format!("{}: `{}` must be text", self.address, names.join("` or `"));
                Err(Fault::new(self.values.at, message))
            }
        }
    }

    /// A text that may be missing or not yet known, such as the number that a new user gets
    pub(crate) fn known_text(&self, name: &str) -> Option<&'a str> {
        match &wire::field(self.values, name)?.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// Whether two values are the same; a text with JSON in it may be laid out otherwise
fn is_same(one: &Node, other: &Node) -> bool {
    let contents = |node: &Node| match &node.value {
        Value::String(text) => json::parse(text).unwrap_or_else(|_| node.clone()),
        _ => node.clone(),
    };
    one.to_json() == other.to_json() || contents(one).to_json() == contents(other).to_json()
}

/// Whether a value of `after_unknown` has a true in it
fn is_unknown(node: &Node) -> bool {
    match &node.value {
        Value::Bool(unknown) => *unknown,
        Value::List(items) => items.iter().any(is_unknown),
        Value::Map(entries) => entries.iter().any(|(_, value)| is_unknown(value)),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

/// The managed resources of all modules
///
/// # Errors
/// The text is not what `terraform show -json` prints, or the plan has errors or is incomplete
pub(crate) fn resources(file: &Node) -> Result<Vec<Resource<'_>>, Fault> {
    check_format(file)?;
    let (values, is_plan) = match (wire::field(file, "planned_values"), wire::field(file, "values")) {
        (Some(planned), _) => (Some(planned), true),
        (None, values) => (values, false),
    };
    if is_plan && (wire::flag(file, "errored")? == Some(true) || wire::flag(file, "complete")? == Some(false))
    {
        return Err(Fault::new(
            file.at,
            "the plan has errors or is incomplete: plan again",
        ));
    }
    let changes = if is_plan { changes(file)? } else { BTreeMap::new() };
    let mut found = Vec::new();
    // `terraform show -json` of an empty state has no values at all
    if let Some(root) = values.and_then(|values| wire::field(values, "root_module")) {
        modules(root, &changes, &mut found)?;
    }
    Ok(found)
}

fn check_format(file: &Node) -> Result<(), Fault> {
    wire::object(file, "the output of terraform show -json")?;
    let Some(version) = wire::text(file, "format_version")? else {
        let message = match wire::field(file, "terraform_version").is_some() {
            true => "this is Terraform's state file itself: give the output of terraform show -json",
            false => "`format_version` is missing: give the output of terraform show -json",
        };
        return Err(Fault::new(file.at, message));
    };
    match version.split('.').next() {
        Some(MAJOR) => Ok(()),
        _ => Err(Fault::new(
            file.at,
            format!("`format_version` is not {MAJOR}.x, the one that is read"),
        )),
    }
}

/// The change of each resource, by address; an old object that a replacement left over has none
fn changes(file: &Node) -> Result<BTreeMap<&str, &Node>, Fault> {
    let mut changes = BTreeMap::new();
    for resource in wire::list(file, "resource_changes")? {
        if wire::field(resource, "deposed").is_some() {
            continue;
        }
        if let (Some(address), Some(change)) =
            (wire::text(resource, "address")?, wire::field(resource, "change"))
        {
            changes.insert(address, change);
        }
    }
    Ok(changes)
}

/// The parser bounds how deep modules nest
fn modules<'a>(
    module: &'a Node,
    changes: &BTreeMap<&str, &'a Node>,
    found: &mut Vec<Resource<'a>>,
) -> Result<(), Fault> {
    for node in wire::list(module, "resources")? {
        let kind = wire::required_text(node, "type")?;
        if wire::text(node, "mode")? == Some("data") || !kind.starts_with("alicloud_r") {
            continue;
        }
        let address = wire::required_text(node, "address")?;
        let Some(values) = wire::field(node, "values") else {
            return Err(Fault::new(node.at, format!("{address} has no `values`")));
        };
        found.push(Resource {
            kind,
            address,
            values,
            change: changes.get(address).copied(),
        });
    }
    for child in wire::list(module, "child_modules")? {
        modules(child, changes, found)?;
    }
    Ok(())
}
