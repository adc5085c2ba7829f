//! One directory document, checked as far as it can be on its own.

use crate::config::directory::binding::BindingEntry;
use crate::config::directory::mapping::MappingRules;
use crate::config::directory::people::{BoundaryEntry, GroupEntry, ResourceGroupEntry, RoleEntry, UserEntry};
use crate::config::directory::settings::{AccountSection, ClusterSettings};
use crate::config::directory::{binding, mapping, people, settings};
use crate::yaml;
use ram_policy::PolicyWarning;
use ram_policy::source::{Fault, Key, Node, Position, Value, utf8};

/// The sections that a directory document may hold
const SECTIONS: &str =
    "account, cluster, resourceGroups, users, groups, roles, bindings, boundaries, mapping";

/// What one directory document says; several are merged into a configuration
#[derive(Clone, Debug, Default)]
pub struct DirectoryDocument {
    pub(crate) accounts: Vec<AccountSection>,
    pub(crate) clusters: Vec<(Position, ClusterSettings)>,
    pub(crate) mappings: Vec<(Position, MappingRules)>,
    pub(crate) resource_groups: Vec<ResourceGroupEntry>,
    pub(crate) users: Vec<UserEntry>,
    pub(crate) groups: Vec<GroupEntry>,
    pub(crate) roles: Vec<RoleEntry>,
    pub(crate) bindings: Vec<BindingEntry>,
    pub(crate) boundaries: Vec<BoundaryEntry>,
    pub(crate) warnings: Vec<PolicyWarning>,
}

impl DirectoryDocument {
    /// Reads a YAML text; every fault is told, not only the first
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let nodes = utf8(bytes).and_then(yaml::parse).map_err(|fault| vec![fault])?;
        Self::from_nodes(&nodes)
    }

    /// Reads the documents of a text that is parsed already
    pub fn from_nodes(nodes: &[Node]) -> Result<Self, Vec<Fault>> {
        let mut part = Self::default();
        let mut faults = Vec::new();
        if nodes.is_empty() {
            let start = Position { line: 1, column: 1 };
            faults.push(Fault::new(
                start,
                format!("the document is empty: it holds at least one of {SECTIONS}"),
            ));
        }
        for node in nodes {
            match &node.value {
                Value::Map(sections) => {
                    sections
                        .iter()
                        .for_each(|(key, section)| part.add(key, section, &mut faults));
                }
                _ => faults.push(Fault::new(
                    node.at,
                    format!("expected an object with any of {SECTIONS}, found {}", node.kind()),
                )),
            }
        }
        if faults.is_empty() {
            Ok(part)
        } else {
            faults.sort_by_key(|fault| fault.at);
            Err(faults)
        }
    }

    /// What the document may say but probably does not mean
    pub fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    fn add(&mut self, key: &Key, node: &Node, faults: &mut Vec<Fault>) {
        let warnings = &mut self.warnings;
        match key.text.as_str() {
            "account" => self.accounts.extend(settings::account(node, faults)),
            "cluster" => self
                .clusters
                .extend(settings::cluster(node, faults).map(|cluster| (node.at, cluster))),
            "mapping" => self.mappings.push((node.at, mapping::read(node, faults))),
            "resourceGroups" => each(node, faults, |item, faults| {
                self.resource_groups.extend(people::resource_group(item, faults));
            }),
            "users" => each(node, faults, |item, faults| {
                self.users.extend(people::user(item, faults))
            }),
            "groups" => each(node, faults, |item, faults| {
                self.groups.extend(people::group(item, faults))
            }),
            "roles" => each(node, faults, |item, faults| {
                self.roles.extend(people::role(item, faults, warnings))
            }),
            "bindings" => each(node, faults, |item, faults| {
                self.bindings.extend(binding::read(item, faults))
            }),
            "boundaries" => each(node, faults, |item, faults| {
                self.boundaries.extend(people::boundary(item, faults));
            }),
            other => faults.push(Fault::new(
                key.at,
                format!(
                    "unknown section `{}`, expected one of {SECTIONS}",
                    crate::config::directory::name::shortened(other)
                ),
            )),
        }
    }
}

fn each(list: &Node, faults: &mut Vec<Fault>, mut add: impl FnMut(&Node, &mut Vec<Fault>)) {
    match &list.value {
        Value::List(items) => items.iter().for_each(|item| add(item, faults)),
        // `users:` with nothing under it is an empty list written in YAML's way
        Value::Null => {}
        _ => faults.push(Fault::new(
            list.at,
            format!("expected a list, found {}", list.kind()),
        )),
    }
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
        let part = DirectoryDocument::parse(WHOLE.as_bytes()).unwrap();
        assert_eq!(
            (part.accounts.len(), part.clusters.len(), part.mappings.len()),
            (1, 1, 1)
        );
        assert_eq!(
            (part.resource_groups.len(), part.users.len(), part.groups.len()),
            (2, 1, 1)
        );
        assert_eq!(
            (part.roles.len(), part.bindings.len(), part.boundaries.len()),
            (1, 1, 1)
        );
        assert_eq!(
            part.users[0].policies[1].resource_group.as_deref(),
            Some("rg-prod1")
        );
    }

    #[test]
    fn json_is_read_as_it_is_and_empty_lists_are_lists() {
        let part =
            DirectoryDocument::parse(br#"{"users": [{"name": "a"}], "groups": [], "roles": null}"#).unwrap();
        assert_eq!((part.users.len(), part.groups.len(), part.roles.len()), (1, 0, 0));
    }

    #[test]
    fn every_fault_is_told_in_the_order_of_the_text() {
        let told = refused(
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
        let lines: Vec<&str> = told.lines().collect();
        let wanted = [
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
        assert_eq!(lines.len(), wanted.len(), "{told}");
        for (line, wanted) in lines.iter().zip(wanted) {
            assert!(line.starts_with(wanted), "{wanted} is not the start of {line}");
        }
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
