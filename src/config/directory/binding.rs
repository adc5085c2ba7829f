//! Bindings of Kubernetes subjects to RAM principals: the entries as written, and the lookup made of them.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use crate::config::directory::name;
use crate::config::directory::name::shortened;
use crate::config::directory::text::Text;
use ram_policy::Principal;
use ram_policy::source::{Fault, Node, Position};

/// How Kubernetes writes a service account as a user: prefix, namespace, colon, name
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Whom the bindings make of a Kubernetes identity
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    users: HashMap<String, Binding>,
    groups: HashMap<String, (usize, Binding)>,
}

/// A RAM principal and the subject that it was bound to
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The RAM principal
    pub principal: Principal,
    /// The subject as the directory names it, for messages and logs
    pub subject: Subject,
}

/// A Kubernetes subject; a service account written as a user is the service account
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
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
    /// The binding of an identity: of the user or service account itself, else of the group whose binding stands first
    pub fn principal<'g>(&self, user: &str, groups: impl Iterator<Item = &'g str>) -> Option<&Binding> {
        self.users.get(user).or_else(|| {
            let bound = groups.filter_map(|group| self.groups.get(group));
            bound.min_by_key(|(order, _)| *order).map(|(_, binding)| binding)
        })
    }

    /// All bindings: those of users and service accounts by name, then those of groups in the order in which they count
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        let mut users: Vec<(&String, &Binding)> = self.users.iter().collect();
        users.sort_unstable_by_key(|(name, _)| *name);
        let mut groups: Vec<&(usize, Binding)> = self.groups.values().collect();
        groups.sort_unstable_by_key(|(order, _)| *order);
        let users = users.into_iter().map(|(_, binding)| binding);
        users.chain(groups.into_iter().map(|(_, binding)| binding))
    }

    /// How many subjects are bound
    pub fn len(&self) -> usize {
        self.users.len().saturating_add(self.groups.len())
    }

    /// Whether nobody is bound
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a subject that is not bound yet
    pub(crate) fn add(&mut self, subject: Subject, principal: Principal) {
        let binding = Binding { principal, subject };
        match &binding.subject {
            Subject::Group(name) => {
                let order = self.groups.len();
                self.groups.insert(name.clone(), (order, binding));
            }
            user => {
                self.users.insert(user.user_name(), binding);
            }
        }
    }
}

impl Subject {
    /// The name by which the API server knows the subject
    fn user_name(&self) -> String {
        match self {
            Self::User(name) | Self::Group(name) => name.clone(),
            Self::ServiceAccount { namespace, name } => format!("{SERVICE_ACCOUNT}{namespace}:{name}"),
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

/// A binding as a document wrote it
#[derive(Clone, Debug)]
pub(crate) struct BindingEntry {
    pub(crate) principal: PrincipalEntry,
    pub(crate) subjects: Vec<(Position, Subject)>,
}

/// A principal as a document wrote it
#[derive(Clone, Debug)]
pub(crate) struct PrincipalEntry {
    pub(crate) at: Position,
    pub(crate) principal: Principal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    principal: Text,
    subjects: Node,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubjectWire {
    kind: Kind,
    name: Text,
    namespace: Option<Text>,
    api_group: Option<Text>,
}

#[derive(Clone, Copy, Deserialize)]
enum Kind {
    User,
    Group,
    ServiceAccount,
}

/// Reads one entry of `bindings`
pub(crate) fn read(node: &Node, faults: &mut Vec<Fault>) -> Option<BindingEntry> {
    let wire: Wire = node.read().map_err(|fault| faults.push(fault)).ok()?;
    let subjects: Vec<Node> = match wire.subjects.read() {
        Ok(subjects) => subjects,
        Err(fault) => {
            faults.push(fault);
            Vec::new()
        }
    };
    if subjects.is_empty() {
        faults.push(Fault::new(
            wire.subjects.at,
            "a binding names at least one subject",
        ));
    }
    let subjects = subjects
        .iter()
        .filter_map(|node| Some((node.at, subject(node, faults)?)))
        .collect();
    let principal = principal(&wire.principal, faults)?;
    Some(BindingEntry { principal, subjects })
}

/// Reads the name of a principal that a Kubernetes identity can be bound to
pub(crate) fn principal(text: &Text, faults: &mut Vec<Fault>) -> Option<PrincipalEntry> {
    match text.parse::<Principal>() {
        Ok(Principal::Service(name)) => {
            let message = format!(
                "`service/{name}` is a cloud service: a Kubernetes identity is user/NAME, role/NAME or account"
            );
            faults.push(text.fault(message));
            None
        }
        Ok(principal) => Some(PrincipalEntry {
            at: text.at,
            principal,
        }),
        Err(error) => {
            faults.push(text.fault(error.to_string()));
            None
        }
    }
}

fn subject(node: &Node, faults: &mut Vec<Fault>) -> Option<Subject> {
    let SubjectWire {
        kind,
        name,
        namespace,
        api_group,
    } = node.read().map_err(|fault| faults.push(fault)).ok()?;
    let wanted_group = match kind {
        Kind::User | Kind::Group => "rbac.authorization.k8s.io",
        Kind::ServiceAccount => "",
    };
    if let Some(group) = api_group.filter(|group| group.as_str() != wanted_group) {
        faults.push(group.fault(format!(
            "the API group of this kind of subject is `{wanted_group}`: leave it out"
        )));
    }
    if name.is_empty() {
        faults.push(name.fault("an empty subject name is not accepted"));
    }
    match (kind, namespace) {
        (Kind::User | Kind::Group, Some(namespace)) => {
            faults.push(namespace.fault("only a ServiceAccount has a namespace"));
            None
        }
        (Kind::Group, None) => Some(Subject::Group(name.as_str().to_owned())),
        (Kind::User, None) => user(&name, faults),
        (Kind::ServiceAccount, Some(namespace)) => {
            name::KUBERNETES.check(&namespace, faults);
            name::KUBERNETES.check(&name, faults);
            Some(Subject::ServiceAccount {
                namespace: namespace.as_str().to_owned(),
                name: name.as_str().to_owned(),
            })
        }
        (Kind::ServiceAccount, None) => {
            faults.push(name.fault(format!(
                "ServiceAccount `{}` needs its namespace",
                shortened(&name)
            )));
            None
        }
    }
}

fn user(name: &Text, faults: &mut Vec<Fault>) -> Option<Subject> {
    let Some(account) = name.strip_prefix(SERVICE_ACCOUNT) else {
        return Some(Subject::User(name.as_str().to_owned()));
    };
    let known = |part: &&str| name::KUBERNETES.refusal(part).is_none();
    match account
        .split_once(':')
        .filter(|(namespace, name)| known(namespace) && known(name))
    {
        Some((namespace, name)) => Some(Subject::ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }),
        None => {
            faults.push(name.fault(format!(
                "`{}` is no service account: write {SERVICE_ACCOUNT}NAMESPACE:NAME",
                shortened(name)
            )));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn entry(text: &str) -> Result<BindingEntry, String> {
        let mut faults = Vec::new();
        let entry = read(&yaml::parse(text).unwrap()[0], &mut faults);
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        entry.filter(|_| told.is_empty()).ok_or(told.join("\n"))
    }

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
    fn every_kind_of_subject_is_read() {
        let entry = entry(
            "principal: role/R
subjects:
- {kind: User, name: alice@example.com, apiGroup: rbac.authorization.k8s.io}
- {kind: Group, name: payments}
- {kind: ServiceAccount, namespace: ci, name: deployer, apiGroup: ''}
- {kind: User, name: 'system:serviceaccount:ci:robot'}",
        )
        .unwrap();
        assert_eq!(entry.principal.principal, Principal::Role("R".into()));
        let names: Vec<String> = entry
            .subjects
            .iter()
            .map(|(_, subject)| subject.to_string())
            .collect();
        assert_eq!(
            names,
            [
                "User alice@example.com",
                "Group payments",
                "ServiceAccount ci/deployer",
                "ServiceAccount ci/robot"
            ]
        );
    }

    #[test]
    fn user_beats_group_and_the_first_binding_wins_among_groups() {
        let bindings = bindings();
        let who = |user: &str, groups: &[&str]| {
            bindings
                .principal(user, groups.iter().copied())
                .map(|binding| binding.principal.to_string())
        };
        assert_eq!(
            who("alice@example.com", &["payments"]).as_deref(),
            Some("user/alice")
        );
        assert_eq!(who("bob", &["all", "payments"]).as_deref(), Some("user/p"));
        assert_eq!(who("bob", &["all"]).as_deref(), Some("user/everyone"));
        assert_eq!(
            who("system:serviceaccount:ci:deployer", &["all"]).as_deref(),
            Some("user/ci")
        );
        assert_eq!(who("payments", &["alice@example.com"]), None);
        assert_eq!(bindings.len(), 4);
    }

    #[test]
    fn faults_are_all_told_with_their_places() {
        let told = entry(
            "principal: user/
subjects:
- {kind: User, name: ''}
- {kind: User, name: a, namespace: b}
- {kind: ServiceAccount, name: a}
- {kind: Robot, name: a}
- {kind: User, name: 'system:serviceaccount:a'}
- {kind: Group, name: a, apiGroup: v1}",
        )
        .unwrap_err();
        for wanted in [
            "1:12: `user/` is not a principal",
            "3:22: an empty subject name",
            "4:36: only a ServiceAccount has a namespace",
            "5:32: ServiceAccount `a` needs its namespace",
            "6:10: unknown variant `Robot`",
            "7:22: `system:serviceaccount:a` is no service account",
            "8:36: the API group of this kind",
        ] {
            assert!(told.contains(wanted), "{wanted} is not among\n{told}");
        }
        assert!(
            entry("{principal: user/a, subjects: []}")
                .unwrap_err()
                .contains("1:31: a binding names at least one")
        );
        let service =
            entry("{principal: service/ecs.aliyuncs.com, subjects: [{kind: User, name: a}]}").unwrap_err();
        assert!(service.contains("is a cloud service"), "{service}");
    }
}
