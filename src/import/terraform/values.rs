//! The resources in the output of `terraform show -json`, of a state or of a plan.

use std::collections::BTreeMap;

use crate::import::wire;
use ram_policy::source::{Fault, Node, Value};

/// The major version of the format that is read
const MAJOR: &str = "1";

/// A managed resource
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource<'a> {
    pub(crate) kind: &'a str,
    pub(crate) address: &'a str,
    pub(crate) values: &'a Node,
    /// What the plan does not know yet
    unknown: Option<&'a Node>,
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

    /// The first of some attributes that is there, if one is
    ///
    /// # Errors
    /// The plan does not know one of them
    pub(crate) fn optional(&self, names: &[&str]) -> Result<Option<&'a Node>, Fault> {
        let mut found = names.iter().filter_map(|name| wire::field(self.values, name));
        if let Some(found) = found.find(|node| node.value != Value::String(String::new())) {
            return Ok(Some(found));
        }
        for name in names {
            let unknown = self.unknown.and_then(|unknown| wire::field(unknown, name));
            if unknown.is_some_and(is_unknown) {
                let message = format!(
                    "{}: the plan does not know `{name}` before it is applied, so nobody can tell what it allows: write the value out, or apply first what it comes from",
                    self.address
                );
                return Err(Fault::new(self.values.at, message));
            }
        }
        Ok(None)
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
    let unknown = if is_plan { unknown(file)? } else { BTreeMap::new() };
    let mut found = Vec::new();
    // `terraform show -json` of an empty state has no values at all
    if let Some(root) = values.and_then(|values| wire::field(values, "root_module")) {
        modules(root, &unknown, &mut found)?;
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

/// What each resource's change leaves unknown, by address
fn unknown(file: &Node) -> Result<BTreeMap<&str, &Node>, Fault> {
    let mut unknown = BTreeMap::new();
    for change in wire::list(file, "resource_changes")? {
        let after = wire::field(change, "change").and_then(|change| wire::field(change, "after_unknown"));
        if let (Some(address), Some(after)) = (wire::text(change, "address")?, after) {
            unknown.insert(address, after);
        }
    }
    Ok(unknown)
}

/// The parser bounds how deep modules nest
fn modules<'a>(
    module: &'a Node,
    unknown: &BTreeMap<&str, &'a Node>,
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
            unknown: unknown.get(address).copied(),
        });
    }
    for child in wire::list(module, "child_modules")? {
        modules(child, unknown, found)?;
    }
    Ok(())
}
