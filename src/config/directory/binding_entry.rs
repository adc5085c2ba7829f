//! An entry of the section `bindings`.

use serde::Deserialize;

use crate::config::directory::bindings::{SERVICE_ACCOUNT, Subject};
use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::{self, check_not_empty, shortened};
use crate::config::directory::principal_entry::{self, PrincipalEntry};
use crate::config::directory::user_name_pattern::UserNamePattern;
use ram_policy::source::{Fault, Node, Position};

/// The principal that stands for the RAM user whose name the star of each subject stands for
const NAMED_USERS: &str = "user/*";

/// A binding, with positions
#[derive(Clone, Debug)]
pub(crate) enum BindingEntry {
    /// Subjects that are all the same principal
    Principal(PrincipalEntry, Vec<(Position, Subject)>),
    /// Names with a star, for the RAM user whose name the star stands for
    NamedUsers(Vec<(Position, UserNamePattern)>),
}

impl BindingEntry {
    /// The principal, if it is one
    pub(crate) fn principal(&self) -> Option<&PrincipalEntry> {
        match self {
            Self::Principal(principal, _) => Some(principal),
            Self::NamedUsers(_) => None,
        }
    }

    /// The subjects of the principal
    pub(crate) fn subjects(&self) -> &[(Position, Subject)] {
        match self {
            Self::Principal(_, subjects) => subjects,
            Self::NamedUsers(_) => &[],
        }
    }

    /// The names with a star
    pub(crate) fn patterns(&self) -> &[(Position, UserNamePattern)] {
        match self {
            Self::Principal(_, _) => &[],
            Self::NamedUsers(patterns) => patterns,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    principal: LocatedText,
    subjects: Node,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubjectWire {
    kind: SubjectKind,
    name: LocatedText,
    namespace: Option<LocatedText>,
    api_group: Option<LocatedText>,
}

#[derive(Clone, Copy, Deserialize)]
enum SubjectKind {
    User,
    Group,
    ServiceAccount,
}

/// Reads an entry of `bindings`
///
/// # Errors
/// Every fault of the subjects and of the principal
pub(crate) fn read(node: &Node) -> Result<BindingEntry, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    if wire.principal.as_str() == NAMED_USERS {
        let patterns = faults
            .handle(subjects(&wire.subjects, pattern))
            .unwrap_or_default();
        return faults.finish(BindingEntry::NamedUsers(patterns));
    }
    let subjects = faults
        .handle(subjects(&wire.subjects, subject))
        .unwrap_or_default();
    let principal = principal_entry::read(&wire.principal).map_err(Faults::from);
    match faults.handle(principal) {
        Some(principal) => faults.finish(BindingEntry::Principal(principal, subjects)),
        None => Err(faults),
    }
}

fn subjects<T>(list: &Node, read: impl Fn(&Node) -> Result<T, Faults>) -> Result<Vec<(Position, T)>, Faults> {
    let mut faults = Faults::default();
    let nodes: Vec<Node> = faults.handle(list.read()).unwrap_or_default();
    if nodes.is_empty() {
        faults.push(Fault::new(list.at, "a binding names at least one subject"));
    }
    let subjects = nodes
        .iter()
        .filter_map(|node| Some((node.at, faults.handle(read(node))?)))
        .collect();
    faults.finish(subjects)
}

/// Reads a subject of `user/*`
fn pattern(node: &Node) -> Result<UserNamePattern, Faults> {
    let SubjectWire {
        kind,
        name,
        namespace,
        api_group,
    } = node.read()?;
    let mut faults = Faults::default();
    if let Some(group) = api_group {
        faults.handle(check_api_group(kind, &group));
    }
    if let Some(namespace) = namespace {
        faults.push(namespace.fault("only a ServiceAccount has a namespace, and `user/*` is for users"));
    }
    let pattern = match kind {
        SubjectKind::User => UserNamePattern::read(&name),
        SubjectKind::Group | SubjectKind::ServiceAccount => Err(Fault::new(
            node.at,
            "`user/*` is for users: write {kind: User, name: '*@example.com'}",
        )),
    };
    match faults.handle(pattern.map_err(Faults::from)) {
        Some(pattern) => faults.finish(pattern),
        None => Err(faults),
    }
}

/// Reads a subject
///
/// # Errors
/// Every fault of its names and its namespace
pub(crate) fn subject(node: &Node) -> Result<Subject, Faults> {
    let SubjectWire {
        kind,
        name,
        namespace,
        api_group,
    } = node.read()?;
    let mut faults = Faults::default();
    if let Some(group) = api_group {
        faults.handle(check_api_group(kind, &group));
    }
    faults.handle(check_not_empty(&name, "subject name"));
    let subject = match (kind, namespace) {
        (SubjectKind::Group, None) => Ok(Subject::Group(name.as_str().into())),
        (SubjectKind::User, None) => user(name).map_err(Faults::from),
        (SubjectKind::ServiceAccount, Some(namespace)) => service_account(namespace, name),
        (SubjectKind::ServiceAccount, None) => {
            let message = format!("ServiceAccount `{}` needs its namespace", shortened(&name));
            Err(name.fault(message).into())
        }
        (SubjectKind::User | SubjectKind::Group, Some(namespace)) => {
            Err(namespace.fault("only a ServiceAccount has a namespace").into())
        }
    };
    match faults.handle(subject) {
        Some(subject) => faults.finish(subject),
        None => Err(faults),
    }
}

fn check_api_group(kind: SubjectKind, group: &LocatedText) -> Result<(), Fault> {
    let expected = match kind {
        SubjectKind::User | SubjectKind::Group => "rbac.authorization.k8s.io",
        SubjectKind::ServiceAccount => "",
    };
    if group.as_str() == expected {
        Ok(())
    } else {
        Err(group.fault(format!(
            "the API group of this kind of subject is `{expected}`: leave it out"
        )))
    }
}

fn service_account(namespace: LocatedText, name: LocatedText) -> Result<Subject, Faults> {
    let mut faults = Faults::default();
    faults.handle(name_rules::KUBERNETES.check(&namespace));
    faults.handle(name_rules::KUBERNETES.check(&name));
    faults.finish(Subject::ServiceAccount {
        namespace: namespace.as_str().into(),
        name: name.as_str().into(),
    })
}

fn user(name: LocatedText) -> Result<Subject, Fault> {
    if name.contains('*') {
        return Err(name.fault(format!(
            "`{}` has a star, which goes with principal `{NAMED_USERS}`: a name stands for itself otherwise",
            shortened(&name)
        )));
    }
    let Some(account) = name.strip_prefix(SERVICE_ACCOUNT) else {
        return Ok(Subject::User(name.as_str().into()));
    };
    let is_name = |text: &str| name_rules::KUBERNETES.refusal(text).is_none();
    match account.split_once(':') {
        Some((namespace, account)) if is_name(namespace) && is_name(account) => Ok(Subject::ServiceAccount {
            namespace: namespace.into(),
            name: account.into(),
        }),
        _ => Err(name.fault(format!(
            "`{}` is no service account: write {SERVICE_ACCOUNT}NAMESPACE:NAME",
            shortened(&name)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;
    use ram_policy::Principal;

    #[test]
    fn every_kind_of_subject_is_read() {
        let entry = parsed(
            "principal: role/R
subjects:
- {kind: User, name: alice@example.com, apiGroup: rbac.authorization.k8s.io}
- {kind: Group, name: payments}
- {kind: ServiceAccount, namespace: ci, name: deployer, apiGroup: ''}
- {kind: User, name: 'system:serviceaccount:ci:robot'}",
            read,
        )
        .unwrap();
        assert_eq!(entry.principal().unwrap().principal, Principal::Role("R".into()));
        let names: Vec<String> = entry
            .subjects()
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
    fn names_with_a_star_are_for_users_alone() {
        let entry = parsed(
            "{principal: user/*, subjects: [{kind: User, name: '*@example.com'}, {kind: User, name: 'oidc:*'}]}",
            read,
        );
        let patterns: Vec<String> = entry
            .unwrap()
            .patterns()
            .iter()
            .map(|(_, pattern)| pattern.to_string())
            .collect();
        assert_eq!(patterns, ["*@example.com", "oidc:*"]);
        let faults = parsed(
            "principal: user/*
subjects:
- {kind: User, name: alice}
- {kind: User, name: '*-*'}
- {kind: User, name: 'system:*'}
- {kind: User, name: '*', namespace: a}
- {kind: Group, name: '*'}
- {kind: ServiceAccount, name: '*', namespace: a}",
            read,
        )
        .unwrap_err();
        for expected in [
            "3:22: `alice` has no star",
            "4:22: `*-*` has several stars",
            "5:22: `system:*` stands for identities of Kubernetes itself",
            "6:38: only a ServiceAccount has a namespace",
            "7:3: `user/*` is for users",
            "8:3: `user/*` is for users",
            "8:48: only a ServiceAccount has a namespace",
        ] {
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
        for other in ["user/a", "role/*", "group/*", "account", "user/a*"] {
            let text = format!("{{principal: {other}, subjects: [{{kind: User, name: '*@example.com'}}]}}");
            let faults = parsed(&text, read).unwrap_err();
            assert!(
                faults.contains("`*@example.com` has a star, which goes with"),
                "{faults}"
            );
            let is_one = !other.contains('*');
            assert_eq!(faults.contains("is not one principal"), !is_one, "{faults}");
        }
    }

    #[test]
    fn every_fault_is_found_with_its_position() {
        let faults = parsed(
            "principal: user/
subjects:
- {kind: User, name: ''}
- {kind: User, name: a, namespace: b}
- {kind: ServiceAccount, name: a}
- {kind: Robot, name: a}
- {kind: User, name: 'system:serviceaccount:a'}
- {kind: Group, name: a, apiGroup: v1}",
            read,
        )
        .unwrap_err();
        for expected in [
            "1:12: `user/` is not a principal",
            "3:22: an empty subject name",
            "4:36: only a ServiceAccount has a namespace",
            "5:32: ServiceAccount `a` needs its namespace",
            "6:10: unknown variant `Robot`",
            "7:22: `system:serviceaccount:a` is no service account",
            "8:36: the API group of this kind",
        ] {
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
        assert!(
            parsed("{principal: user/a, subjects: []}", read)
                .unwrap_err()
                .contains("1:31: a binding names at least one")
        );
        let service = parsed(
            "{principal: service/ecs.aliyuncs.com, subjects: [{kind: User, name: a}]}",
            read,
        )
        .unwrap_err();
        assert!(service.contains("is a cloud service"), "{service}");
    }
}
