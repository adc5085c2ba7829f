//! The data of a ControllerRevision, read as the one whole pod template that its controller makes of it, or refused.
//!
//! A revision is a patch. The controllers of StatefulSets and DaemonSets merge it onto the live object by the rules of
//! strategic merge patch and decode the result with Go's `encoding/json`, for which `Image` is `image`, and which fills
//! the elements of a list that it has read before. So the text at `data.spec.template` says what the pods will be only
//! if nothing is merged and nothing is read differently: the template replaces the live one, stands alone, and every
//! name in it is exactly the name of a field.
//!
//! ```text
//! data -> entries (data, spec: one field each) -> tree (no name twice, no directive) -> typed (only fields there are)
//! ```

pub(crate) mod foreign;
pub(crate) mod path;
pub(crate) mod problem;
pub(crate) mod quantity;
pub(crate) mod tree;
pub(crate) mod typed;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::kubernetes::controller_revision::path::Path;
pub use crate::kubernetes::controller_revision::problem::Problem;

/// The largest data that is read, in bytes; honest templates have a few kilobytes, and etcd takes 1.5 MiB
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// How a patch says that it replaces, and does not merge
const PATCH: &str = "$patch";
const REPLACE: &str = "replace";

/// The pod template in a revision's data, as JSON text within it
///
/// What is accepted replaces the whole template of a StatefulSet or DaemonSet and leaves the rest of it alone. The text
/// has `$patch` as its one field that no pod template has.
///
/// # Errors
///
/// The data is anything but exactly one whole template.
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

/// The value of the only field that an object may have
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

#[cfg(test)]
mod tests;
