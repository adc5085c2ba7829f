//! Reads the data of a revision as exactly one whole pod template.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::kubernetes::controller_revision::patch::{MAX_BYTES, PATCH, REPLACE};
use crate::kubernetes::controller_revision::path::Path;
use crate::kubernetes::controller_revision::problem::Problem;
use crate::kubernetes::controller_revision::{tree, typed};

/// The pod template in the data of a revision, as a slice of the text
///
/// An accepted revision replaces the whole template of a StatefulSet or DaemonSet and changes nothing else. The slice has
/// the field `$patch`, which no pod template has.
///
/// ```text
/// {"spec":{"template":{"$patch":"replace","metadata":{...},"spec":{...}}}}
///   -> {"$patch":"replace","metadata":{...},"spec":{...}}
/// {"spec":{"template":{"metadata":{...}}}}
///   -> Problem::Patch: the controller would merge it
/// ```
///
/// # Errors
///
/// The data is too large, is not JSON, has anything beside the template, or has a template that does not replace the
/// live one or has a field that pod templates do not have.
pub fn template(data: &str) -> Result<&str, Problem> {
    if data.len() > MAX_BYTES {
        return Err(Problem::TooLarge(data.len()));
    }
    let root = Path::Root("data");
    let spec = only(data, "spec", &root)?;
    let spec_path = Path::Field(&root, "spec");
    let text = only(spec, "template", &spec_path)?;
    let path = Path::Field(&spec_path, "template");
    let mut tree = tree::parse(text, &path)?;
    let fields = tree
        .as_object_mut()
        .ok_or_else(|| Problem::not_object(&path, text))?;
    match fields.remove(PATCH) {
        Some(Value::String(found)) if found == REPLACE => {}
        found => return Err(Problem::Patch(found.map(|value| value.to_string()))),
    }
    typed::check(&tree, &path)?;
    Ok(text)
}

/// The value of the only field of an object
fn only<'a>(text: &'a str, wanted: &'static str, path: &Path<'_>) -> Result<&'a str, Problem> {
    let mut found: Option<&'a RawValue> = None;
    for (name, value) in tree::entries(text, path)? {
        if name != wanted {
            return Err(Problem::Beside {
                at: path.to_string(),
                found: name,
                wanted,
            });
        }
        if found.replace(value).is_some() {
            return Err(Problem::twice(path, wanted));
        }
    }
    found.map(RawValue::get).ok_or_else(|| Problem::Missing {
        at: path.to_string(),
        wanted,
    })
}
