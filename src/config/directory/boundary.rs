//! An entry of the section `boundaries`.

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::label_selector::{self, LabelSelector};
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::principal_entry::{self, PrincipalEntry};
use ram_policy::source::Node;

/// A principal that must be allowed as well in some namespaces
#[derive(Clone, Debug)]
pub(crate) struct BoundaryEntry {
    pub(crate) namespaces: LabelSelector,
    pub(crate) principal: PrincipalEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    namespaces: Node,
    principal: LocatedText,
}

/// Reads an entry of `boundaries`
///
/// # Errors
/// Its selector and its principal, which cannot be the account
pub(crate) fn read(node: &Node) -> Result<BoundaryEntry, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    let namespaces = faults.handle(label_selector::read(&wire.namespaces));
    let principal = faults.handle(principal_entry::read(&wire.principal));
    if wire.principal.as_str() == "account" {
        faults.push(
            wire.principal
                .fault("the account is bound by nothing: a boundary is user/NAME, role/NAME or group/NAME"),
        );
    }
    match (namespaces, principal) {
        (Some(namespaces), Some(principal)) => faults.finish(BoundaryEntry {
            namespaces,
            principal,
        }),
        _ => Err(faults),
    }
}
