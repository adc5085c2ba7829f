//! Bindings of Kubernetes subjects to RAM principals.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::config::directory::ram_id::{RamId, id_of};
use crate::config::directory::user_name_pattern::UserNamePattern;
use ram_policy::Principal;

/// The prefix of a service account's user name, which goes on with `NAMESPACE:NAME`
pub(crate) const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Everything that says which RAM principal a Kubernetes identity is; [`Requester`](crate::kubernetes::requester)
/// chooses among it
///
/// ```text
/// users: [{name: carol, id: "2012"}]
/// bindings: [{principal: user/p, subjects: [{kind: Group, name: payments}]},
///            {principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]
///
/// of_user("alice@example.com")     user/alice
/// of_id("2012-1676970192")         user/carol
/// of_groups(["payments"])          user/p
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    users: HashMap<Arc<str>, Binding>,
    /// With the rank of the binding among those of groups
    groups: HashMap<Arc<str>, (usize, Binding)>,
    ids: HashMap<Box<str>, Principal>,
    patterns: Vec<UserNamePattern>,
    /// Keys of a requester's extra information whose values name their RAM user or role
    trusted_extra: Vec<String>,
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
    User(Arc<str>),
    /// A group by name
    Group(Arc<str>),
    /// A service account
    ServiceAccount {
        /// Its namespace
        namespace: Box<str>,
        /// Its name
        name: Box<str>,
    },
}

impl Bindings {
    /// The principal of a user or service account by name
    pub(crate) fn of_user(&self, user: &str) -> Option<&Principal> {
        self.users.get(user).map(|binding| &binding.principal)
    }

    /// The RAM user or role whose id is in the name of a user
    pub(crate) fn of_id(&self, user: &str) -> Option<&Principal> {
        self.ids.get(id_of(user)?)
    }

    /// The principal of the first binding of one of these groups
    pub(crate) fn of_groups<'g>(&self, groups: impl Iterator<Item = &'g str>) -> Option<&Principal> {
        let bound = groups.filter_map(|group| self.groups.get(group));
        let first = bound.min_by_key(|(order, _)| *order);
        first.map(|(_, binding)| &binding.principal)
    }

    /// The names with a star that are bound to `user/*`
    pub(crate) fn patterns(&self) -> &[UserNamePattern] {
        &self.patterns
    }

    /// The ids of RAM users and roles, in order
    pub(crate) fn ids(&self) -> Vec<(&str, &Principal)> {
        let mut ids: Vec<_> = self
            .ids
            .iter()
            .map(|(id, principal)| (&**id, principal))
            .collect();
        ids.sort_unstable();
        ids
    }

    /// The trusted keys of a requester's extra information
    pub(crate) fn trusted_extra(&self) -> &[String] {
        &self.trusted_extra
    }

    /// All bindings: first those of users and service accounts by name, then those of groups in their order
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Binding> {
        let mut users: Vec<(&Arc<str>, &Binding)> = self.users.iter().collect();
        users.sort_unstable_by_key(|(name, _)| *name);
        let mut groups: Vec<&(usize, Binding)> = self.groups.values().collect();
        groups.sort_unstable_by_key(|(order, _)| *order);
        let users = users.into_iter().map(|(_, binding)| binding);
        users.chain(groups.into_iter().map(|(_, binding)| binding))
    }

    /// The number of bound subjects, those with a star included
    pub(crate) fn len(&self) -> usize {
        [self.users.len(), self.groups.len(), self.patterns.len()]
            .into_iter()
            .sum()
    }

    /// The principals that something is bound to
    pub(crate) fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.iter().map(|binding| &binding.principal)
    }

    /// Adds the id of a RAM user or role
    pub(crate) fn add_id(&mut self, id: &RamId, principal: Principal) {
        self.ids.insert(id.as_str().into(), principal);
    }

    /// Adds a name with a star
    pub(crate) fn add_pattern(&mut self, pattern: UserNamePattern) {
        self.patterns.push(pattern);
    }

    /// Trusts these keys of a requester's extra information
    pub(crate) fn trust_extra(&mut self, keys: &[String]) {
        self.trusted_extra = keys.to_vec();
    }

    /// Adds a subject that is not bound yet
    pub(crate) fn add(&mut self, subject: Subject, principal: Principal) {
        let binding = Binding { principal, subject };
        match &binding.subject {
            Subject::Group(name) => {
                let order = self.groups.len();
                self.groups.insert(Arc::clone(name), (order, binding));
            }
            Subject::User(name) => {
                self.users.insert(Arc::clone(name), binding);
            }
            Subject::ServiceAccount { namespace, name } => {
                let user = format!("{SERVICE_ACCOUNT}{namespace}:{name}");
                self.users.insert(user.into(), binding);
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

    #[test]
    fn the_first_binding_wins_among_groups() {
        let mut bindings = Bindings::default();
        let user = |name: &str| Principal::User(name.into());
        bindings.add(Subject::Group("payments".into()), user("p"));
        bindings.add(Subject::User("alice@example.com".into()), user("alice"));
        bindings.add(Subject::Group("all".into()), user("everyone"));
        let ci = Subject::ServiceAccount {
            namespace: "ci".into(),
            name: "deployer".into(),
        };
        bindings.add(ci, user("ci"));
        assert_eq!(bindings.of_user("alice@example.com"), Some(&user("alice")));
        assert_eq!(
            bindings.of_user("system:serviceaccount:ci:deployer"),
            Some(&user("ci"))
        );
        assert_eq!(bindings.of_user("payments"), None);
        let of = |groups: &[&str]| bindings.of_groups(groups.iter().copied()).cloned();
        assert_eq!(of(&["all", "payments"]), Some(user("p")));
        assert_eq!(of(&["all"]), Some(user("everyone")));
        assert_eq!(of(&["alice@example.com"]), None);
        assert_eq!(bindings.iter().count(), 4);
    }
}
