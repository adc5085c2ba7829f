//! A subject of RBAC.

use std::fmt;

use k8s_openapi::api::rbac::v1::Subject;

use crate::config::SERVICE_ACCOUNT;
use crate::wording::clipped;

/// Longer than the namespace and name of any service account; other names may be of any length
const LONGEST: usize = 320;

/// A subject of a binding; a service account that is written as a user is read as a service account
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RbacSubject {
    /// A service account
    ServiceAccount {
        /// Its namespace
        namespace: String,
        /// Its name
        name: String,
    },
    /// A user
    User(String),
    /// A group
    Group(String),
}

impl RbacSubject {
    /// The subject of a binding in this namespace; `None` if it stands for nobody
    pub(super) fn of(subject: Subject, binding_namespace: &str) -> Option<Self> {
        match subject.kind.as_str() {
            "ServiceAccount" => {
                let namespace = subject.namespace.unwrap_or_default();
                let namespace = match namespace.as_str() {
                    "" => binding_namespace.to_owned(),
                    _ => namespace,
                };
                (!namespace.is_empty()).then_some(Self::ServiceAccount {
                    namespace,
                    name: subject.name,
                })
            }
            "User" => Some(match account(&subject.name) {
                Some((namespace, name)) => Self::ServiceAccount { namespace, name },
                None => Self::User(subject.name),
            }),
            "Group" => Some(Self::Group(subject.name)),
            _ => None,
        }
    }

    /// The kind of the subject
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ServiceAccount { .. } => "ServiceAccount",
            Self::User(_) => "User",
            Self::Group(_) => "Group",
        }
    }

    /// The user name in its requests; `None` for a group
    pub(crate) fn user(&self) -> Option<String> {
        match self {
            Self::ServiceAccount { namespace, name } => Some(format!("{SERVICE_ACCOUNT}{namespace}:{name}")),
            Self::User(name) => Some(name.clone()),
            Self::Group(_) => None,
        }
    }

    /// The groups that the API server gives to whoever it is
    pub(crate) fn groups(&self) -> Vec<String> {
        const ACCOUNTS: &str = "system:serviceaccounts";
        const AUTHENTICATED: &str = "system:authenticated";
        const UNAUTHENTICATED: &str = "system:unauthenticated";
        let groups: &[&str] = match self {
            Self::ServiceAccount { namespace, .. } => {
                return vec![
                    format!("{ACCOUNTS}:{namespace}"),
                    ACCOUNTS.to_owned(),
                    AUTHENTICATED.to_owned(),
                ];
            }
            Self::User(name) if name == "system:anonymous" => &[UNAUTHENTICATED],
            Self::User(_) => &[AUTHENTICATED],
            Self::Group(name) if name == UNAUTHENTICATED => &[UNAUTHENTICATED],
            Self::Group(name) if name.starts_with("system:serviceaccounts:") => {
                &[name, ACCOUNTS, AUTHENTICATED]
            }
            Self::Group(name) => &[name, AUTHENTICATED],
        };
        groups.iter().map(|&group| group.to_owned()).collect()
    }
}

/// The namespace and name in the user name of a service account
fn account(user: &str) -> Option<(String, String)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    Some((namespace.to_owned(), name.to_owned()))
}

impl fmt::Display for RbacSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::ServiceAccount { namespace, name } => format!("{namespace}/{name}"),
            Self::User(name) | Self::Group(name) => name.clone(),
        };
        write!(f, "{} {}", self.kind(), clipped(&name, LONGEST))
    }
}
