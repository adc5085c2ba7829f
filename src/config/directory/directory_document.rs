//! A directory document, checked as far as it can be on its own.

use crate::config::directory::account::{self, AccountSection};
use crate::config::directory::advice_settings::{self, AdviceSettings};
use crate::config::directory::binding_entry::{self, BindingEntry};
use crate::config::directory::boundary::{self, BoundaryEntry};
use crate::config::directory::cluster_settings::{self, ClusterSettings};
use crate::config::directory::exception::{self, ExceptionEntry};
use crate::config::directory::faults::Faults;
use crate::config::directory::identities::{self, GroupEntry, RoleEntry, UserEntry};
use crate::config::directory::mapping_rules::{self, MappingRules};
use crate::config::directory::name_rules::shortened;
use crate::config::directory::namespace_mode::{self, NamespaceModeEntry};
use crate::config::directory::resource_group::{self, ResourceGroupEntry};
use crate::yaml;
use ram_policy::PolicyWarning;
use ram_policy::source::{Fault, Key, Node, Position, Value, closest, utf8};

/// The names of the sections, for messages
const SECTIONS: &str = "account, cluster, resourceGroups, users, groups, roles, bindings, boundaries, exceptions, modes, mapping, advice";

/// The sections of a directory document; several documents are merged into a configuration
#[derive(Clone, Debug, Default)]
pub struct DirectoryDocument {
    pub(crate) accounts: Vec<AccountSection>,
    pub(crate) clusters: Vec<(Position, ClusterSettings)>,
    pub(crate) mappings: Vec<(Position, MappingRules)>,
    pub(crate) advice: Vec<(Position, AdviceSettings)>,
    pub(crate) resource_groups: Vec<ResourceGroupEntry>,
    pub(crate) users: Vec<UserEntry>,
    pub(crate) groups: Vec<GroupEntry>,
    pub(crate) roles: Vec<RoleEntry>,
    pub(crate) bindings: Vec<BindingEntry>,
    pub(crate) boundaries: Vec<BoundaryEntry>,
    pub(crate) exceptions: Vec<ExceptionEntry>,
    pub(crate) modes: Vec<NamespaceModeEntry>,
    warnings: Vec<PolicyWarning>,
}

impl DirectoryDocument {
    /// Reads a YAML text
    ///
    /// # Errors
    /// Every fault in the order of the text; only the first if the text is not YAML
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let nodes = utf8(bytes).and_then(yaml::parse).map_err(|fault| vec![fault])?;
        Self::from_nodes(&nodes)
    }

    /// Reads the YAML documents of a text as one directory document
    ///
    /// # Errors
    /// Every fault in the order of the text
    pub(crate) fn from_nodes(nodes: &[Node]) -> Result<Self, Vec<Fault>> {
        let mut document = Self::default();
        let mut faults = Faults::default();
        if nodes.is_empty() {
            let start = Position { line: 1, column: 1 };
            let message = format!("the document is empty: it holds at least one of {SECTIONS}");
            faults.push(Fault::new(start, message));
        }
        for node in nodes {
            let Value::Map(sections) = &node.value else {
                let message = format!("expected an object with any of {SECTIONS}, found {}", node.kind());
                faults.push(Fault::new(node.at, message));
                continue;
            };
            for (key, section) in sections {
                faults.handle(document.add(key, section));
            }
        }
        faults.finish(document).map_err(Faults::sorted)
    }

    /// Contents that are valid but probably not meant
    pub(crate) fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    fn add(&mut self, key: &Key, node: &Node) -> Result<(), Faults> {
        match key.text.as_str() {
            "account" => self.accounts.push(account::read(node)?),
            "cluster" => self.clusters.push((node.at, cluster_settings::read(node)?)),
            "mapping" => self.mappings.push((node.at, mapping_rules::read(node)?)),
            "advice" => self.advice.push((node.at, advice_settings::read(node)?)),
            "resourceGroups" => self.resource_groups.extend(entries(node, resource_group::read)?),
            "users" => self.users.extend(entries(node, identities::read_user)?),
            "groups" => self.groups.extend(entries(node, identities::read_group)?),
            "roles" => {
                for (role, warnings) in entries(node, identities::read_role)? {
                    self.roles.push(role);
                    self.warnings.extend(warnings);
                }
            }
            "bindings" => self.bindings.extend(entries(node, binding_entry::read)?),
            "boundaries" => self.boundaries.extend(entries(node, boundary::read)?),
            "exceptions" => self.exceptions.extend(entries(node, exception::read)?),
            "modes" => self.modes.extend(namespace_mode::read(node)?),
            other => {
                return Err(Fault::new(key.at, unknown_section(other)).into());
            }
        }
        Ok(())
    }
}

/// The message for a section that no document has
///
/// ```text
/// user: …    unknown section `user`: did you mean users?
/// ```
fn unknown_section(name: &str) -> String {
    let shown = shortened(name);
    // These are values of the chart, and close to a section in meaning if not in spelling
    if matches!(name, "mode" | "namespaceMode" | "namespaceModes") {
        return format!(
            "unknown section `{shown}`: did you mean modes? The mode of the cluster is in the chart's values"
        );
    }
    match closest(name, SECTIONS.split(", ")) {
        Some(meant) => format!("unknown section `{shown}`: did you mean {meant}?"),
        None => format!("unknown section `{shown}`, expected one of {SECTIONS}"),
    }
}

/// Reads the entries of a section that is a list
fn entries<T>(list: &Node, read: impl Fn(&Node) -> Result<T, Faults>) -> Result<Vec<T>, Faults> {
    let items = match &list.value {
        Value::List(items) => items.as_slice(),
        // `users:` with nothing under it is an empty list in YAML's way
        Value::Null => &[],
        _ => {
            let message = format!("expected a list, found {}", list.kind());
            return Err(Fault::new(list.at, message).into());
        }
    };
    let mut faults = Faults::default();
    let entries = faults.handle_each(items, read);
    faults.finish(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        let faults = DirectoryDocument::parse(text.as_bytes()).unwrap_err();
        faults.iter().map(|fault| format!("{fault}\n")).collect()
    }

    /// Every section, and most of what each may hold
    const WHOLE: &str = r#"
account: {id: "1234567890123456", region: cn-hangzhou}
cluster: {serverless: false}
resourceGroups:
- {id: rg-default1, name: default, default: true}
- {id: rg-prod1, name: production}
users:
- name: alice
  groups: [developers]
  policies:
  - policy: AliyunECIFullAccess
  - {policy: EciTestOnly, resourceGroup: rg-prod1}
groups:
- {name: developers, policies: [{policy: AliyunECIReadOnlyAccess}]}
roles:
- name: ECIRamRoleTest
  trustPolicy: {Version: "1", Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}
  policies: [{policy: ECIRamRoleTestPolicy}]
bindings:
- principal: user/alice
  subjects: [{kind: User, name: alice@example.com}]
boundaries:
- {namespaces: {matchLabels: {tenant: payments}}, principal: role/ECIRamRoleTest}
mapping:
  tags: [{key: env, from: {namespaceLabel: env}, mode: enforce}]
"#;

    #[test]
    fn every_section_is_read() {
        let document = DirectoryDocument::parse(WHOLE.as_bytes()).unwrap();
        assert_eq!(
            (
                document.accounts.len(),
                document.clusters.len(),
                document.mappings.len()
            ),
            (1, 1, 1)
        );
        assert_eq!(
            (
                document.resource_groups.len(),
                document.users.len(),
                document.groups.len()
            ),
            (2, 1, 1)
        );
        assert_eq!(
            (
                document.roles.len(),
                document.bindings.len(),
                document.boundaries.len()
            ),
            (1, 1, 1)
        );
        assert_eq!(
            document.users[0].policies[1]
                .resource_group
                .as_ref()
                .map(|group| group.as_str()),
            Some("rg-prod1")
        );
    }

    #[test]
    fn json_is_read_as_it_is_and_empty_lists_are_lists() {
        let document =
            DirectoryDocument::parse(br#"{"users": [{"name": "a"}], "groups": [], "roles": null}"#).unwrap();
        assert_eq!(
            (document.users.len(), document.groups.len(), document.roles.len()),
            (1, 0, 0)
        );
    }

    #[test]
    fn every_fault_is_found_in_the_order_of_the_text() {
        let faults = refused(
            "users:
- {name: 'a b', policies: [{polcy: P}]}
- {nam: a}
- {name: ''}
roles:
- name: R
  trustPolicy: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: allow, Principal: {Service: x}}]}
- {name: S}
groups: {name: a}
boundaries:
- {namespaces: {matchLabels: {a: b}}, principal: account}
resourceGroups:
- {id: rg a, name: ''}
people: []
",
        );
        let lines: Vec<&str> = faults.lines().collect();
        let expected = [
            "2:29: unknown field `polcy`",
            "3:4: unknown field `nam`",
            "4:10: `` is no user name",
            "7:",
            "8:3: missing field `trustPolicy`",
            "9:9: expected a list, found an object",
            "11:50: the account is bound by nothing",
            "13:8: `rg a` is no resource group id",
            "13:20: an empty name",
            "14:1: unknown section `people`, expected one of account, cluster,",
        ];
        assert_eq!(lines.len(), expected.len(), "{faults}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(
                line.starts_with(expected),
                "{expected} is not the start of {line}"
            );
        }
    }

    #[test]
    fn a_misnamed_section_names_the_one_that_was_meant() {
        for (section, expected) in [
            (
                "mode",
                "did you mean modes? The mode of the cluster is in the chart's values",
            ),
            (
                "namespaceModes",
                "did you mean modes? The mode of the cluster is in the chart's values",
            ),
            ("user", "did you mean users?"),
            ("Exceptions", "did you mean exceptions?"),
        ] {
            let faults = refused(&format!("{section}: {{}}"));
            assert_eq!(faults, format!("1:1: unknown section `{section}`: {expected}\n"));
        }
        assert!(
            refused("policies: []").contains("unknown section `policies`, expected one of account, cluster,")
        );
    }

    #[test]
    fn a_document_without_content_is_refused() {
        assert!(refused("").starts_with("1:1: the document is empty"));
        assert!(refused("# nothing\n").starts_with("1:1: the document is empty"));
        assert!(refused("- a").starts_with("1:1: expected an object"));
        assert!(refused("a: [").starts_with("1:") || refused("a: [").starts_with("2:"));
        assert!(
            DirectoryDocument::parse(b"a: \xff").unwrap_err()[0]
                .message
                .contains("not UTF-8")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = DirectoryDocument::parse(text.as_bytes());
        }

        #[test]
        fn no_small_change_makes_it_panic(at in 0..WHOLE.len(), byte: u8) {
            let mut bytes = WHOLE.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = DirectoryDocument::parse(&bytes);
        }
    }
}
