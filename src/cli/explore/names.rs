//! Suggestions while somebody types a name.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::explore::reply::Complaint;
use crate::cli::explore::search::Search;
use crate::cli::explore::snapshot::{Loaded, SideName, Snapshot};
use crate::config::{SERVICE_ACCOUNT, Subject};
use ram_policy::Principal;

/// The suggestions of one answer: whoever does not see the name types on
const MOST: usize = 20;

/// What is typed, and where
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamesRequest {
    side: SideName,
    kind: Kind,
    #[serde(default)]
    search: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// RAM principals
    Principal,
    /// Names of RAM roles
    Role,
    /// Ids of resource groups
    Group,
    /// Kubernetes users that are bound
    User,
}

/// The first names that fit
///
/// # Errors
///
/// There is no such configuration.
pub(super) fn names(request: &NamesRequest, snapshot: &Snapshot) -> Result<Value, Complaint> {
    let loaded = snapshot.side(request.side)?;
    let search = Search::new(&request.search);
    let fits = |(value, label): &(String, String)| {
        search.finds(&value.to_lowercase()) || search.finds(&label.to_lowercase())
    };
    let fitting = all(request.kind, loaded).filter(fits).take(MOST);
    let names = fitting.map(|(value, label)| json!({"value": value, "label": label}));
    Ok(json!({"names": names.collect::<Vec<_>>()}))
}

/// All names of a kind, each with what it is besides
fn all(kind: Kind, loaded: &Loaded) -> Box<dyn Iterator<Item = (String, String)> + '_> {
    let people = loaded.people.iter();
    match kind {
        Kind::Principal => {
            Box::new(people.map(|person| (person.principal.to_string(), person.subjects.join(", "))))
        }
        Kind::Role => Box::new(people.filter_map(|person| match &person.principal {
            Principal::Role(name) => Some((name.to_string(), String::new())),
            _ => None,
        })),
        Kind::Group => {
            let groups = loaded.configuration.account.resource_groups.iter();
            Box::new(groups.map(|group| (group.id.clone(), group.name.clone().unwrap_or_default())))
        }
        Kind::User => {
            let bindings = loaded.configuration.bindings.iter();
            Box::new(bindings.filter_map(|binding| {
                let user = match &binding.subject {
                    Subject::User(name) => name.to_string(),
                    Subject::ServiceAccount { namespace, name } => {
                        format!("{SERVICE_ACCOUNT}{namespace}:{name}")
                    }
                    Subject::Group(_) => return None,
                };
                Some((user, binding.principal.to_string()))
            }))
        }
    }
}
