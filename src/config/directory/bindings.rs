//! Bindings of Kubernetes subjects to RAM principals, and the lookup of a requester's principal.

use std::collections::HashMap;
use std::fmt;

use ram_policy::Principal;

/// The prefix of a service account's user name, which goes on with `NAMESPACE:NAME`
pub(crate) const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Every binding, by the names of users and groups
///
/// ```text
/// bindings: [{principal: user/p, subjects: [{kind: Group, name: payments}]},
///            {principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]
///
/// principal("alice@example.com", ["payments"])   user/alice
/// principal("bob", ["payments"])                 user/p
/// principal("bob", [])                           None
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    users: HashMap<String, Binding>,
    /// With the rank of the binding among those of groups
    groups: HashMap<String, (usize, Binding)>,
}

/// A RAM principal and the subject that is bound to it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The RAM principal
    pub(crate) principal: Principal,
    /// The subject, for messages and logs
    pub(crate) subject: Subject,
}

/// A Kubernetes subject; a service account that is written as a user is read as a service account
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A user by name
    User(String),
    /// A group by name
    Group(String),
    /// A service account
    ServiceAccount {
        /// Its namespace
        namespace: String,
        /// Its name
        name: String,
    },
}

impl Bindings {
    /// The binding of a requester: that of the user or service account, otherwise the first one of its groups
    pub(crate) fn principal<'g>(
        &self,
        user: &str,
        groups: impl Iterator<Item = &'g str>,
    ) -> Option<&Binding> {
        self.users.get(user).or_else(|| {
            let bound = groups.filter_map(|group| self.groups.get(group));
            bound.min_by_key(|(order, _)| *order).map(|(_, binding)| binding)
        })
    }

    /// All bindings: first those of users and service accounts by name, then those of groups in their order
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Binding> {
        let mut users: Vec<(&String, &Binding)> = self.users.iter().collect();
        users.sort_unstable_by_key(|(name, _)| *name);
        let mut groups: Vec<&(usize, Binding)> = self.groups.values().collect();
        groups.sort_unstable_by_key(|(order, _)| *order);
        let users = users.into_iter().map(|(_, binding)| binding);
        users.chain(groups.into_iter().map(|(_, binding)| binding))
    }

    /// Adds a subject that is not bound yet
    pub(crate) fn add(&mut self, subject: Subject, principal: Principal) {
        let binding = Binding { principal, subject };
        match &binding.subject {
            Subject::Group(name) => {
                let order = self.groups.len();
                self.groups.insert(name.clone(), (order, binding));
            }
            Subject::User(name) => {
                self.users.insert(name.clone(), binding);
            }
            Subject::ServiceAccount { namespace, name } => {
                let user = format!("{SERVICE_ACCOUNT}{namespace}:{name}");
                self.users.insert(user, binding);
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "User {name}"),
            Self::Group(name) => write!(f, "Group {name}"),
            Self::ServiceAccount { namespace, name } => write!(f, "ServiceAccount {namespace}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindings() -> Bindings {
        let mut bindings = Bindings::default();
        let user = |name: &str| Principal::User(name.into());
        bindings.add(Subject::Group("payments".into()), user("p"));
        bindings.add(Subject::User("alice@example.com".into()), user("alice"));
        bindings.add(Subject::Group("all".into()), user("everyone"));
        bindings.add(
            Subject::ServiceAccount {
                namespace: "ci".into(),
                name: "deployer".into(),
            },
            user("ci"),
        );
        bindings
    }

    #[test]
    fn user_beats_group_and_the_first_binding_wins_among_groups() {
        let bindings = bindings();
        let principal = |user: &str, groups: &[&str]| {
            bindings
                .principal(user, groups.iter().copied())
                .map(|binding| binding.principal.to_string())
        };
        assert_eq!(
            principal("alice@example.com", &["payments"]).as_deref(),
            Some("user/alice")
        );
        assert_eq!(principal("bob", &["all", "payments"]).as_deref(), Some("user/p"));
        assert_eq!(principal("bob", &["all"]).as_deref(), Some("user/everyone"));
        assert_eq!(
            principal("system:serviceaccount:ci:deployer", &["all"]).as_deref(),
            Some("user/ci")
        );
        assert_eq!(principal("payments", &["alice@example.com"]), None);
        assert_eq!(bindings.iter().count(), 4);
    }
}
