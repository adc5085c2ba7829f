//! An entry of the section `bindings`.

use serde::Deserialize;

use crate::config::directory::bindings::{SERVICE_ACCOUNT, Subject};
use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::{self, check_not_empty, shortened};
use crate::config::directory::principal_entry::{self, PrincipalEntry};
use ram_policy::source::{Fault, Node, Position};

/// A binding of subjects to a principal, with positions
#[derive(Clone, Debug)]
pub(crate) struct BindingEntry {
    pub(crate) principal: PrincipalEntry,
    pub(crate) subjects: Vec<(Position, Subject)>,
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
    let subjects = faults.handle(subjects(&wire.subjects)).unwrap_or_default();
    let principal = principal_entry::read(&wire.principal).map_err(Faults::from);
    match faults.handle(principal) {
        Some(principal) => faults.finish(BindingEntry { principal, subjects }),
        None => Err(faults),
    }
}

fn subjects(list: &Node) -> Result<Vec<(Position, Subject)>, Faults> {
    let mut faults = Faults::default();
    let nodes: Vec<Node> = faults.handle(list.read()).unwrap_or_default();
    if nodes.is_empty() {
        faults.push(Fault::new(list.at, "a binding names at least one subject"));
    }
    let subjects = nodes
        .iter()
        .filter_map(|node| Some((node.at, faults.handle(subject(node))?)))
        .collect();
    faults.finish(subjects)
}

fn subject(node: &Node) -> Result<Subject, Faults> {
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
        (SubjectKind::Group, None) => Ok(Subject::Group(name.into())),
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
        namespace: namespace.into(),
        name: name.into(),
    })
}

fn user(name: LocatedText) -> Result<Subject, Fault> {
    let Some(account) = name.strip_prefix(SERVICE_ACCOUNT) else {
        return Ok(Subject::User(name.into()));
    };
    let is_name = |text: &str| name_rules::KUBERNETES.refusal(text).is_none();
    match account.split_once(':') {
        Some((namespace, account)) if is_name(namespace) && is_name(account) => Ok(Subject::ServiceAccount {
            namespace: namespace.to_owned(),
            name: account.to_owned(),
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
