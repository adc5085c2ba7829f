//! All documents together become one configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::directory::binding::Bindings;
use crate::config::directory::configuration::{Boundary, Configuration, DocumentCounts};
use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::fault::{FaultClass, LocatedFault};
use crate::config::directory::mapping::MappingRules;
use crate::config::directory::parsed_document::ParsedDocument;
use crate::config::directory::people::GrantEntry;
use crate::config::directory::settings::{AccountSection, ClusterSettings};
use crate::config::directory::symbol_table::{NO_ACCOUNT, Place, SymbolTable, WHOLE};
use crate::config::directory::text::Text;
use eci_calls::{Account, ResourceGroup};
use ram_policy::{Definition, Document, Grant, GroupDefinition, PolicySet, RoleDefinition, UserDefinition};

/// Merges documents, given with their names in the order in which they count
///
/// # Errors
/// Everything that is wrong in a document or between documents, in the order of the documents. What refers to a name is
/// not blamed when a document that may define it could not be read.
pub fn merge<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
) -> Result<Configuration, Vec<LocatedFault>> {
    let (faults, warnings) = registered(documents.clone());
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut assembly = Assembly::default();
    documents
        .into_iter()
        .for_each(|(_, document)| assembly.add(document));
    assembly.finish(warnings)
}

/// What is wrong in documents and between them, without building anything of them; as [`merge`] would tell it
pub fn check<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
) -> Vec<LocatedFault> {
    registered(documents).0
}

fn registered<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)> + Clone,
) -> (Vec<LocatedFault>, Vec<LocatedFault>) {
    let mut symbols = SymbolTable::default();
    for (order, (name, document)) in documents.clone().into_iter().enumerate() {
        symbols.add(Place::new(order, name), document);
    }
    for (order, (name, document)) in documents.into_iter().enumerate() {
        symbols.check(Place::new(order, name), document);
    }
    symbols.finish()
}

/// A configuration that is being put together from documents that agree
#[derive(Default)]
struct Assembly<'a> {
    account: Option<&'a AccountSection>,
    cluster: Option<&'a ClusterSettings>,
    mapping: Option<&'a MappingRules>,
    policies: BTreeMap<String, Arc<Document>>,
    users: Vec<UserDefinition>,
    groups: Vec<GroupDefinition>,
    roles: Vec<RoleDefinition>,
    resource_groups: Vec<ResourceGroup>,
    bindings: Bindings,
    boundaries: Vec<Boundary>,
    documents: DocumentCounts,
}

impl<'a> Assembly<'a> {
    fn add(&mut self, document: &'a ParsedDocument) {
        match document {
            ParsedDocument::Policy(policy) => {
                self.documents.policies = self.documents.policies.saturating_add(1);
                self.policies
                    .insert(policy.name.clone(), Arc::clone(&policy.document));
            }
            ParsedDocument::Directory(part) => {
                self.documents.directories = self.documents.directories.saturating_add(1);
                self.add_part(part);
            }
            ParsedDocument::Broken(_) => {}
        }
    }

    fn add_part(&mut self, part: &'a DirectoryDocument) {
        self.account = self.account.or(part.accounts.first());
        self.cluster = self.cluster.or(part.clusters.first().map(|(_, cluster)| cluster));
        self.mapping = self.mapping.or(part.mappings.first().map(|(_, mapping)| mapping));
        self.resource_groups
            .extend(part.resource_groups.iter().map(|group| ResourceGroup {
                id: owned(&group.id),
                name: group.name.as_ref().map(owned),
                default: group.default,
            }));
        self.users.extend(part.users.iter().map(|user| UserDefinition {
            name: owned(&user.name),
            groups: user.groups.iter().map(owned).collect(),
            grants: grants(&user.policies),
        }));
        self.groups
            .extend(part.groups.iter().map(|group| GroupDefinition {
                name: owned(&group.name),
                grants: grants(&group.policies),
            }));
        self.roles.extend(part.roles.iter().map(|role| RoleDefinition {
            name: owned(&role.name),
            trust: Arc::clone(&role.trust),
            grants: grants(&role.policies),
        }));
        for binding in &part.bindings {
            for (_, subject) in &binding.subjects {
                self.bindings
                    .add(subject.clone(), binding.principal.principal.clone());
            }
        }
        self.boundaries
            .extend(part.boundaries.iter().map(|boundary| Boundary {
                namespaces: boundary.namespaces.clone(),
                principal: boundary.principal.principal.clone(),
            }));
    }

    fn finish(self, warnings: Vec<LocatedFault>) -> Result<Configuration, Vec<LocatedFault>> {
        let whole = |message: String| LocatedFault::whole(WHOLE, message, FaultClass::Conflict);
        let Some(account) = self.account else {
            return Err(vec![whole(NO_ACCOUNT.to_owned())]);
        };
        let control = account.control_policies.iter();
        let definition = Definition {
            account_id: account.id.clone(),
            control_policies: control.map(|level| level.iter().map(owned).collect()).collect(),
            policies: self.policies,
            users: self.users,
            groups: self.groups,
            roles: self.roles,
        };
        let policies = PolicySet::compile(definition).map_err(|errors| {
            errors
                .into_iter()
                .map(|error| whole(error.to_string()))
                .collect::<Vec<_>>()
        })?;
        Ok(Configuration {
            generation: 0,
            policies,
            account: Account {
                region: account.region.clone(),
                service_linked_roles: account
                    .service_linked_roles
                    .clone()
                    .map(|roles| roles.into_iter().collect()),
                pass_role_service: account.pass_role_service.clone(),
                resource_groups: self.resource_groups,
                context: account.context.iter().cloned().collect(),
            },
            cluster_id: account.cluster_id.clone(),
            cluster: self.cluster.cloned().unwrap_or_default(),
            bindings: self.bindings,
            boundaries: self.boundaries,
            mapping: self.mapping.cloned().unwrap_or_default(),
            documents: self.documents,
            warnings,
        })
    }
}

fn grants(entries: &[GrantEntry]) -> Vec<Grant> {
    let grant = |entry: &GrantEntry| Grant {
        policy: owned(&entry.policy),
        resource_group: entry.resource_group.as_ref().map(owned),
    };
    entries.iter().map(grant).collect()
}

fn owned(text: &Text) -> String {
    text.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::{FaultClass, Interest};
    use ram_policy::Principal;

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
        let parts = directories.iter().enumerate();
        documents.extend(parts.map(|(index, text)| {
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
    fn documents_come_together() {
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
        let binding = configuration
            .bindings
            .principal("alice@example.com", [].into_iter())
            .unwrap();
        assert_eq!(binding.principal, Principal::User("alice".into()));
        let interest = configuration.interest();
        assert!(interest.service_accounts());
        let keys: Vec<&str> = interest.node_labels.iter().map(String::as_str).collect();
        assert_eq!(keys, ["acs", "k8s.aliyun.com/vnode", "type"]);
        assert_eq!(interest.union(&Interest::default()), interest);
        assert!(configuration.warnings.is_empty());
    }

    #[test]
    fn what_is_defined_twice_names_both_places() {
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
        let told = faults(&[ACCOUNT, first, &second], &["P", "P"]);
        let wanted = [
            "policies/1: policy `P` is defined twice, first in policies/0",
            "people/2:1:10: `account` stands once in all documents; it is in people/0:1:10 already",
            "people/2:3:10: user `a` is defined twice, first in people/1:1:16",
            "people/2:4:28: group `g` is defined twice, first in people/2:4:17",
            "people/2:5:152: role `r` is defined twice, first in people/2:5:16",
            "people/2:6:47: resource group `x` is defined twice, first in people/2:6:23",
            "people/2:6:56: `y` cannot be the default resource group: people/2:6:23 is",
            "people/2:7:44: ServiceAccount n/s is bound twice, first in people/1:2:44",
        ];
        assert_eq!(told, wanted);
        let all = merged(&[ACCOUNT, first, &second], &["P", "P"]).unwrap_err();
        let (alone, together) = (FaultClass::Document, FaultClass::Conflict);
        let classes: Vec<FaultClass> = all.iter().map(|fault| fault.class).collect();
        assert_eq!(
            classes,
            [together, together, together, alone, alone, alone, alone, together]
        );
    }

    #[test]
    fn what_leads_nowhere_is_a_reference_fault_at_its_place() {
        let text = format!(
            "{}users: [{{name: a, groups: [g], policies: [{{policy: P}}, {{policy: Q, resourceGroup: rg}}]}}]
bindings: [{{principal: user/b, subjects: [{{kind: Group, name: g}}]}}]
boundaries: [{{namespaces: {{matchLabels: {{a: b}}}}, principal: role/R}}]
",
            "account: {id: '123', region: cn-hangzhou, controlPolicies: [[FullAliyunAccess, C]]}\n"
        );
        let found = merged(&[&text], &["Q"]).unwrap_err();
        assert!(found.iter().all(|fault| fault.class == FaultClass::Reference));
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
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
    fn a_broken_document_is_told_without_blaming_what_refers_to_it() {
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
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].starts_with("p/P.json:1:"), "{told:?}");
        assert!(
            told[1].contains("no document defines policy `Nowhere`"),
            "{told:?}"
        );
        assert!(told[2].starts_with("d/b:1:30: "), "{told:?}");
        assert_eq!(told[3], "d/c: no such label");
        assert_eq!(
            found
                .iter()
                .filter(|fault| fault.class == FaultClass::Document)
                .count(),
            3
        );
    }

    #[test]
    fn names_of_policies_have_their_rules() {
        let told = faults(&[ACCOUNT], &["a b", "AliyunECIFullAccess"]);
        assert!(
            told[0].starts_with("policies/0: `a b` is no policy name"),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("policies/1: `AliyunECIFullAccess` is a system policy"),
            "{told:?}"
        );
    }

    #[test]
    fn without_an_account_nothing_is_judged() {
        assert_eq!(faults(&[], &["P"]), [format!("configuration: {NO_ACCOUNT}")]);
    }

    #[test]
    fn a_mapped_constant_that_nothing_defines_is_a_warning() {
        let mapping = "mapping: {ramRoleName: {from: {value: R}, mode: default}, resourceGroupId: {from: {value: rg}, mode: default}}";
        let configuration = merged(&[ACCOUNT, mapping], &[]).unwrap();
        let told: Vec<String> = configuration.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2);
        assert!(
            told[0].starts_with("people/1:1:10: no document defines resource group `rg`"),
            "{told:?}"
        );
        assert!(
            told[1].contains("role `R`: every pod that gets it is refused"),
            "{told:?}"
        );
    }
}
