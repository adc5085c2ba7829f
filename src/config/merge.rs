//! Merges all documents into a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::configuration::{Boundary, Configuration, DocumentCounts};
use crate::config::directory::account::AccountSection;
use crate::config::directory::advice_settings::AdviceSettings;
use crate::config::directory::bindings::Bindings;
use crate::config::directory::cluster_settings::ClusterSettings;
use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::exception::Exception;
use crate::config::directory::identities::{GroupEntry, RoleEntry, UserEntry};
use crate::config::directory::mapping_rules::MappingRules;
use crate::config::directory::resource_group::ResourceGroupEntry;
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::mode::Mode;
use crate::config::parsed_document::ParsedDocument;
use crate::config::symbol_table::{Location, NO_ACCOUNT, SymbolTable, WHOLE};
use eci_calls::ResourceGroup;
use ram_policy::{
    Definition, Document, GroupDefinition, PolicySet, Principal, RoleDefinition, UserDefinition,
};

/// Merges documents, given with their names and in their order, into a configuration
///
/// # Errors
/// Every fault in the documents or between them, in their order. A reference is no fault if a document that may define it
/// could not be parsed.
pub fn merge<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
) -> Result<Configuration, Vec<LocatedFault>> {
    merge_after(documents, None)
}

/// The same, with what is compiled already of documents that an earlier configuration was made of too
///
/// # Errors
/// As for [`merge`]
pub(crate) fn merge_after<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
    earlier: Option<&Configuration>,
) -> Result<Configuration, Vec<LocatedFault>> {
    let (faults, warnings) = faults_and_warnings(documents.clone());
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut builder = Builder::default();
    for (_, document) in documents {
        builder.add(document);
    }
    builder.finish(warnings, earlier)
}

/// The faults in documents and between them that [`merge`] would return, without compiling the documents
pub fn check<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
) -> Vec<LocatedFault> {
    faults_and_warnings(documents).0
}

fn faults_and_warnings<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
) -> (Vec<LocatedFault>, Vec<LocatedFault>) {
    let mut symbols = SymbolTable::default();
    for (order, (name, document)) in documents.clone().into_iter().enumerate() {
        symbols.define(Location::whole(order, name), document);
    }
    for (order, (name, document)) in documents.into_iter().enumerate() {
        symbols.resolve(Location::whole(order, name), document);
    }
    symbols.finish()
}

/// Builds a configuration from documents without faults
#[derive(Default)]
struct Builder<'a> {
    account: Option<&'a AccountSection>,
    cluster: Option<&'a ClusterSettings>,
    mapping: Option<&'a MappingRules>,
    advice: Option<&'a AdviceSettings>,
    policies: BTreeMap<Arc<str>, Arc<Document>>,
    users: Vec<UserDefinition>,
    groups: Vec<GroupDefinition>,
    roles: Vec<RoleDefinition>,
    resource_groups: Vec<ResourceGroup>,
    directories: Vec<&'a Arc<DirectoryDocument>>,
    boundaries: Vec<Boundary>,
    exceptions: Vec<Arc<Exception>>,
    modes: BTreeMap<String, Mode>,
    documents: DocumentCounts,
}

impl<'a> Builder<'a> {
    fn add(&mut self, document: &'a ParsedDocument) {
        match document {
            ParsedDocument::Policy(policy) => {
                self.documents.policies = self.documents.policies.saturating_add(1);
                self.policies
                    .insert(Arc::clone(&policy.name), Arc::clone(&policy.document));
            }
            ParsedDocument::Directory(directory) => {
                self.documents.directories = self.documents.directories.saturating_add(1);
                self.add_directory(directory);
            }
            ParsedDocument::Broken(_) => {}
        }
    }

    fn add_directory(&mut self, directory: &'a Arc<DirectoryDocument>) {
        self.directories.push(directory);
        self.account = self.account.or(directory.accounts.first());
        self.cluster = self
            .cluster
            .or(directory.clusters.first().map(|(_, cluster)| cluster));
        self.mapping = self
            .mapping
            .or(directory.mappings.first().map(|(_, mapping)| mapping));
        self.advice = self.advice.or(directory.advice.first().map(|(_, advice)| advice));
        let resource_groups = directory.resource_groups.iter();
        self.resource_groups
            .extend(resource_groups.map(ResourceGroupEntry::to_resource_group));
        self.add_exceptions(directory);
        let modes = directory.modes.iter();
        self.modes
            .extend(modes.map(|entry| (entry.namespace.clone(), entry.mode)));
        self.users
            .extend(directory.users.iter().map(UserEntry::to_definition));
        self.groups
            .extend(directory.groups.iter().map(GroupEntry::to_definition));
        self.roles
            .extend(directory.roles.iter().map(RoleEntry::to_definition));
        self.boundaries
            .extend(directory.boundaries.iter().map(|boundary| Boundary {
                namespaces: boundary.namespaces.clone(),
                principal: boundary.principal.principal.clone(),
            }));
    }

    fn add_exceptions(&mut self, directory: &DirectoryDocument) {
        let exceptions = directory.exceptions.iter();
        self.exceptions
            .extend(exceptions.map(|entry| Arc::clone(&entry.exception)));
    }

    fn finish(
        mut self,
        warnings: Vec<LocatedFault>,
        earlier: Option<&Configuration>,
    ) -> Result<Configuration, Vec<LocatedFault>> {
        let whole = |message: String| LocatedFault::whole(WHOLE, message, FaultClass::Conflict);
        let Some(account) = self.account else {
            return Err(vec![whole(NO_ACCOUNT.to_owned())]);
        };
        self.exceptions.sort_by(|one, other| one.name.cmp(&other.name));
        let levels = account.control_policies.iter();
        let definition = Definition {
            account_id: account.id.clone(),
            control_policies: levels
                .map(|level| level.iter().map(|policy| policy.to_string()).collect())
                .collect(),
            policies: self.policies,
            users: self.users,
            groups: self.groups,
            roles: self.roles,
        };
        let policies = PolicySet::compile_after(definition, earlier.map(|earlier| &*earlier.policies))
            .map_err(|errors| {
                let faults = errors.into_iter().map(|error| whole(error.to_string()));
                faults.collect::<Vec<_>>()
            })?;
        Ok(Configuration {
            generation: 0,
            policies: policies.into(),
            account: account.to_account(self.resource_groups),
            cluster_id: account.cluster_id.clone(),
            cluster: self.cluster.cloned().unwrap_or_default(),
            bindings: match earlier.filter(|earlier| earlier.is_of_directories(&self.directories)) {
                Some(earlier) => Arc::clone(&earlier.bindings),
                None => Arc::new(bindings(&self.directories)),
            },
            boundaries: self.boundaries,
            exceptions: self.exceptions,
            modes: self.modes.into(),
            mapping: self.mapping.cloned().unwrap_or_default(),
            advice: self.advice.cloned().unwrap_or_default(),
            documents: self.documents,
            warnings,
            directories: self.directories.into_iter().cloned().collect(),
        })
    }
}

/// The bindings in these documents
fn bindings(directories: &[&Arc<DirectoryDocument>]) -> Bindings {
    let mut bindings = Bindings::default();
    for directory in directories {
        for section in &directory.accounts {
            bindings.trust_extra(&section.trusted_extra);
        }
        add_ids(&mut bindings, directory);
        for binding in &directory.bindings {
            for (_, pattern) in binding.patterns() {
                bindings.add_pattern(pattern.clone());
            }
            let Some(entry) = binding.principal() else {
                continue;
            };
            for (_, subject) in binding.subjects() {
                bindings.add(subject.clone(), entry.principal.clone());
            }
        }
    }
    bindings
}

fn add_ids(bindings: &mut Bindings, directory: &DirectoryDocument) {
    let users = directory.users.iter();
    let users = users.map(|user| (&user.id, Principal::User(user.name.as_str().into())));
    let roles = directory.roles.iter();
    let roles = roles.map(|role| (&role.id, Principal::Role(role.name.as_str().into())));
    for (id, principal) in users.chain(roles) {
        if let Some(id) = id {
            bindings.add_id(id, principal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::located_fault::FaultClass;

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;
    const ACCOUNT: &str = "account: {id: '123', region: cn-hangzhou}\n";
    const TRUST: &str = "trustPolicy: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}";

    fn merged(directories: &[&str], policies: &[&str]) -> Result<Configuration, Vec<LocatedFault>> {
        let named = |kind: &str, index: usize| format!("{kind}{index}");
        let mut documents: Vec<(String, ParsedDocument)> = policies
            .iter()
            .enumerate()
            .map(|(index, name)| {
                (
                    named("policies/", index),
                    ParsedDocument::policy(name, POLICY.as_bytes()),
                )
            })
            .collect();
        let directories = directories.iter().enumerate();
        documents.extend(directories.map(|(index, text)| {
            (
                named("people/", index),
                ParsedDocument::directory(text.as_bytes()),
            )
        }));
        merge(documents.iter().map(|(name, document)| (name.as_str(), document)))
    }

    fn faults(directories: &[&str], policies: &[&str]) -> Vec<String> {
        merged(directories, policies)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn documents_are_merged() {
        let people = "
resourceGroups: [{id: rg-a, default: true}]
users: [{name: alice, groups: [dev], policies: [{policy: P}, {policy: AliyunECIFullAccess, resourceGroup: rg-a}]}]
groups: [{name: dev, policies: [{policy: P}]}]
";
        let roles = format!(
            "roles: [{{name: R, {TRUST}}}]\nboundaries: [{{namespaces: {{matchLabels: {{a: b}}}}, principal: role/r}}]"
        );
        let bindings =
            "bindings: [{principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}]";
        let rest = "cluster: {acsNodes: [{matchLabels: {acs: 'true'}}]}\nmapping: {ramRoleName: {from: {serviceAccountLabel: role}, mode: default}}";
        let configuration = merged(&[ACCOUNT, people, &roles, bindings, rest], &["P", "Q"]).unwrap();
        assert_eq!(
            configuration.documents,
            DocumentCounts {
                policies: 2,
                directories: 5
            }
        );
        assert_eq!(configuration.account.region, "cn-hangzhou");
        assert!(configuration.policies.has_role("R"));
        let alice = configuration.bindings.of_user("alice@example.com");
        assert_eq!(alice, Some(&Principal::User("alice".into())));
        let interest = configuration.interest();
        assert!(interest.service_accounts());
        let keys: Vec<&str> = interest.node_labels.iter().map(String::as_str).collect();
        assert_eq!(keys, ["acs", "k8s.aliyun.com/vnode", "type"]);
        assert!(configuration.warnings.is_empty());
    }

    #[test]
    fn a_second_definition_names_both_locations() {
        let first = "users: [{name: a}]\nbindings: [{principal: account, subjects: [{kind: ServiceAccount, namespace: n, name: s}]}]";
        let second = format!(
            "{ACCOUNT}users:
- {{name: a}}
groups: [{{name: g}}, {{name: g}}]
roles: [{{name: R, {TRUST}}}, {{name: r, {TRUST}}}]
resourceGroups: [{{id: x, default: true}}, {{id: x}}, {{id: y, default: true}}]
bindings: [{{principal: account, subjects: [{{kind: User, name: 'system:serviceaccount:n:s'}}]}}]
"
        );
        let messages = faults(&[ACCOUNT, first, &second], &["P", "P"]);
        let expected = [
            "policies/1: policy `P` is defined twice, first in policies/0",
            "people/2:1:10: `account` stands once in all documents; it is in people/0:1:10 already",
            "people/2:3:10: user `a` is defined twice, first in people/1:1:16",
            "people/2:4:28: group `g` is defined twice, first in people/2:4:17",
            "people/2:5:152: role `r` is defined twice, first in people/2:5:16",
            "people/2:6:47: resource group `x` is defined twice, first in people/2:6:23",
            "people/2:6:56: `y` cannot be the default resource group: people/2:6:23 is",
            "people/2:7:44: ServiceAccount n/s is bound twice, first in people/1:2:44",
        ];
        assert_eq!(messages, expected);
        let all = merged(&[ACCOUNT, first, &second], &["P", "P"]).unwrap_err();
        let (alone, together) = (FaultClass::Document, FaultClass::Conflict);
        let classes: Vec<FaultClass> = all.iter().map(|fault| fault.class).collect();
        assert_eq!(
            classes,
            [together, together, together, alone, alone, alone, alone, together]
        );
    }

    #[test]
    fn modes_of_all_documents_are_joined_and_a_second_mode_names_both_locations() {
        let both = ["modes: {a: enforce}", "modes: {b: audit}"];
        let configuration = merged(&[ACCOUNT, both[0], both[1]], &[]).unwrap();
        let modes: Vec<(&str, Mode)> = configuration
            .modes
            .iter()
            .map(|(namespace, mode)| (namespace.as_str(), *mode))
            .collect();
        assert_eq!(modes, [("a", Mode::Enforce), ("b", Mode::Audit)]);
        // Equal modes as well: nobody would know which of the two to change
        let again = "---\nmodes: {b: audit}\n---\nmodes: {a: warn, b: audit}";
        assert_eq!(
            faults(&[ACCOUNT, both[0], again], &[]),
            [
                "people/2:4:9: namespace `a` has two modes, the first in people/1:1:9",
                "people/2:4:18: namespace `b` has two modes, the first in people/2:2:9",
            ]
        );
    }

    #[test]
    fn a_missing_definition_is_a_reference_fault_at_its_position() {
        let text = format!(
            "{}users: [{{name: a, groups: [g], policies: [{{policy: P}}, {{policy: Q, resourceGroup: rg}}]}}]
bindings: [{{principal: user/b, subjects: [{{kind: Group, name: g}}]}}]
boundaries: [{{namespaces: {{matchLabels: {{a: b}}}}, principal: role/R}}]
",
            "account: {id: '123', region: cn-hangzhou, controlPolicies: [[FullAliyunAccess, C]]}\n"
        );
        let found = merged(&[&text], &["Q"]).unwrap_err();
        assert!(found.iter().all(|fault| fault.class == FaultClass::Reference));
        let messages: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "people/0:1:80: no document defines policy `C`",
                "people/0:2:28: no document defines group `g`",
                "people/0:2:52: no document defines policy `P`",
                "people/0:2:83: no document defines resource group `rg`",
                "people/0:3:24: no document defines user `b`",
                "people/0:4:61: no document defines role `R`",
            ]
        );
    }

    #[test]
    fn an_exception_of_a_statement_that_is_no_deny_says_which_ones_are() {
        let refused = |effects: &[&str], number: usize| {
            let statement =
                |effect: &&str| format!(r#"{{"Effect": "{effect}", "Action": "eci:*", "Resource": "*"}}"#);
            let statements: Vec<String> = effects.iter().map(statement).collect();
            let policy = format!(r#"{{"Version": "1", "Statement": [{}]}}"#, statements.join(", "));
            let directory = format!(
                "{ACCOUNT}users: [{{name: a, policies: [{{policy: P}}]}}]\nexceptions: [{{name: x, principals: [user/a], \
                 namespaces: [shop], codes: [ExplicitDeny], statements: ['P#{number}'], until: '2026-12-31T18:00:00Z', \
                 reason: r, owner: o}}]\n"
            );
            let documents = [
                ("P.json", ParsedDocument::policy("P", policy.as_bytes())),
                ("people", ParsedDocument::directory(directory.as_bytes())),
            ];
            merge(documents.iter().map(|(name, document)| (*name, document)))
                .unwrap_err()
                .iter()
                .map(|fault| fault.fault.message.clone())
                .collect::<Vec<_>>()
        };
        for (effects, number, expected) in [
            (
                vec!["Allow", "Deny"],
                9,
                "`P#9` is no Deny statement: the policy has 2 statements, of which #2 is Deny",
            ),
            (
                vec!["Deny", "Allow", "Deny", "Deny"],
                2,
                "`P#2` is no Deny statement: the policy has 4 statements, of which #1, #3 and #4 are Deny",
            ),
            (
                vec!["Allow"],
                1,
                "`P#1` is no Deny statement: the policy has 1 statement and no Deny",
            ),
        ] {
            assert_eq!(refused(&effects, number), [expected]);
        }
    }

    #[test]
    fn references_to_a_broken_document_are_no_faults() {
        let people = format!(
            "{ACCOUNT}users: [{{name: a, groups: [g], policies: [{{policy: P}}, {{policy: Nowhere}}]}}]"
        );
        let documents = [
            ("p/P.json", ParsedDocument::policy("P", b"{")),
            ("d/a", ParsedDocument::directory(people.as_bytes())),
            (
                "d/b",
                ParsedDocument::directory(b"groups: [{name: g, policies: x}]"),
            ),
            ("d/c", ParsedDocument::refused("no such label")),
        ];
        let found = merge(documents.iter().map(|(name, document)| (*name, document))).unwrap_err();
        let messages: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(messages[0].starts_with("p/P.json:1:"), "{messages:?}");
        assert!(
            messages[1].contains("no document defines policy `Nowhere`"),
            "{messages:?}"
        );
        assert!(messages[2].starts_with("d/b:1:30: "), "{messages:?}");
        assert_eq!(messages[3], "d/c: no such label");
        assert_eq!(
            found
                .iter()
                .filter(|fault| fault.class == FaultClass::Document)
                .count(),
            3
        );
    }

    #[test]
    fn bad_policy_names_are_faults() {
        let messages = faults(&[ACCOUNT], &["a b", "AliyunECIFullAccess"]);
        assert!(
            messages[0].starts_with("policies/0: `a b` is no policy name"),
            "{messages:?}"
        );
        assert!(
            messages[1].starts_with("policies/1: `AliyunECIFullAccess` is a system policy"),
            "{messages:?}"
        );
    }

    #[test]
    fn a_set_without_an_account_is_a_fault() {
        assert_eq!(faults(&[], &["P"]), [format!("configuration: {NO_ACCOUNT}")]);
    }

    #[test]
    fn a_mapped_constant_that_nothing_defines_is_a_warning() {
        let mapping = "mapping: {ramRoleName: {from: {value: R}, mode: default}, resourceGroupId: {from: {value: rg}, mode: default}}";
        let configuration = merged(&[ACCOUNT, mapping], &[]).unwrap();
        let messages: Vec<String> = configuration.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(messages.len(), 2);
        assert!(
            messages[0].starts_with("people/1:1:10: no document defines resource group `rg`"),
            "{messages:?}"
        );
        assert!(
            messages[1].contains("role `R`: every pod that gets it is refused"),
            "{messages:?}"
        );
    }
}
