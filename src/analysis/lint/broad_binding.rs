//! Bindings that give a principal to more people than somebody is likely to mean.

use crate::analysis::lint::code::Code;
use crate::analysis::lint::warning::DocumentWarning;
use crate::config::{DirectoryDocument, Subject};
use ram_policy::Principal;
use ram_policy::source::Position;

/// Groups of Kubernetes that everybody or every service account is in
const EVERYBODY: [&str; 4] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:nodes",
];

pub(crate) fn find(directory: &DirectoryDocument) -> Vec<DocumentWarning> {
    let bindings = directory.bindings.iter();
    let subjects = bindings.flat_map(|binding| {
        let principal = binding.principal().map(|entry| &entry.principal);
        binding.subjects().iter().map(move |subject| (principal, subject))
    });
    subjects
        .filter_map(|(principal, (at, subject))| match (principal?, subject) {
            (_, Subject::Group(name)) if EVERYBODY.contains(&&**name) => Some(everybody(name, *at)),
            (Principal::Account, Subject::Group(name)) => Some(account(name, *at)),
            _ => None,
        })
        .collect()
}

fn everybody(name: &str, at: Position) -> DocumentWarning {
    DocumentWarning {
        code: Code::BroadBinding,
        at,
        message: format!("group `{name}` has members whom nobody chose, and all of them are this principal"),
        advice: "bind the groups or users that are meant".to_owned(),
    }
}

fn account(name: &str, at: Position) -> DocumentWarning {
    DocumentWarning {
        code: Code::BroadBinding,
        at,
        message: format!("every member of group `{name}` is the account itself, which no policy restricts"),
        advice: "bind a RAM user, role or group with policies of its own".to_owned(),
    }
}
