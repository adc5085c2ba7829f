//! Compiles a definition: looks up policies by name, and shares one lookup among principals with equal lists of policies.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::attached_policy::AttachedPolicy;
use crate::attachments::Attachments;
use crate::definition::{
    Definition, DefinitionError, Grant, GroupDefinition, RoleDefinition, UserDefinition,
};
use crate::document::Document;
use crate::set::{GroupPolicies, PolicySet, PrincipalPolicies, Role};
use crate::system_policies::system_policy_documents;

impl PolicySet {
    /// Compiles a definition.
    ///
    /// ```
    /// use ram_policy::{Definition, DefinitionError, Grant, PolicySet, UserDefinition};
    ///
    /// let alice = |policy: &str| UserDefinition {
    ///     name: "alice".into(),
    ///     grants: vec![Grant::for_account(policy)],
    ///     ..Default::default()
    /// };
    /// let users = vec![alice("AliyunECIFullAccess")];
    /// let set = PolicySet::compile(Definition { users, ..Default::default() }).unwrap();
    /// assert!(set.has_principal(&"user/alice".parse().unwrap()));
    ///
    /// let users = vec![alice("Missing")];
    /// let errors = PolicySet::compile(Definition { users, ..Default::default() }).unwrap_err();
    /// assert_eq!(errors[0].to_string(), "user `alice` holds policy `Missing`, which does not exist");
    /// ```
    ///
    /// # Errors
    /// All errors of the definition: unknown policies, unknown groups, repeated names, and custom policies with the name
    /// of a system policy.
    pub fn compile(definition: Definition) -> Result<Self, Vec<DefinitionError>> {
        Self::compile_after(definition, None)
    }

    /// The same, with what an earlier set has compiled for those who hold documents that are still the same in memory
    ///
    /// # Errors
    /// As for [`compile`](Self::compile): the earlier set changes no result.
    pub fn compile_after(
        definition: Definition,
        earlier: Option<&Self>,
    ) -> Result<Self, Vec<DefinitionError>> {
        let mut compiler = Compiler::new(&definition.policies);
        let levels = definition.control_policies.iter().rev().zip(0..);
        let control =
            levels.map(|(level, at)| compiler.level(level, earlier.and_then(|set| set.control.get(at))));
        let control = control.collect();
        let groups = compiler.groups(&definition.groups, earlier);
        let users = compiler.users(&definition.users, &groups, earlier);
        let roles = compiler.roles(&definition.roles, earlier);
        if !compiler.errors.is_empty() {
            return Err(compiler.errors);
        }
        Ok(Self {
            account: definition.account_id.into(),
            control,
            users,
            groups: groups
                .iter()
                .map(|(name, grants)| ((*name).into(), PrincipalPolicies::of(&[grants])))
                .collect(),
            roles,
        })
    }
}

/// The policies granted to one user, group or role: by resource group, or under `None` for the whole account
type Grants = BTreeMap<Option<Box<str>>, Arc<Attachments>>;

impl PrincipalPolicies {
    /// The policies of a user and its groups, the user's own first
    fn of(all: &[&Grants]) -> Self {
        let mut by_resource_group: BTreeMap<&Option<Box<str>>, Vec<Arc<Attachments>>> = BTreeMap::new();
        for grants in all {
            for (group, attachments) in *grants {
                by_resource_group
                    .entry(group)
                    .or_default()
                    .push(Arc::clone(attachments));
            }
        }
        let account = by_resource_group.remove(&None).unwrap_or_default();
        let groups = by_resource_group.into_iter();
        let by_resource_group = groups
            .filter_map(|(group, attachments)| {
                Some(GroupPolicies {
                    resource_group: group.clone()?,
                    policies: attachments.into_iter().collect(),
                })
            })
            .collect();
        Self {
            account: account.into_iter().collect(),
            by_resource_group,
        }
    }
}

/// Who holds a policy; prints as errors name it
enum Grantee<'a> {
    ControlLevel,
    Group(&'a str),
    Role(&'a str),
    User(&'a str),
}

impl fmt::Display for Grantee<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlLevel => f.write_str("a control level"),
            Self::Group(name) => write!(f, "group `{name}`"),
            Self::Role(name) => write!(f, "role `{name}`"),
            Self::User(name) => write!(f, "user `{name}`"),
        }
    }
}

struct Compiler<'d> {
    policies: HashMap<&'d str, AttachedPolicy>,
    /// Attachments by the names of their policies, so that equal lists are compiled and stored once
    shared: HashMap<Vec<Arc<str>>, Arc<Attachments>>,
    errors: Vec<DefinitionError>,
}

impl<'d> Compiler<'d> {
    fn new(custom: &'d BTreeMap<Arc<str>, Arc<Document>>) -> Self {
        let mut policies: HashMap<&'d str, AttachedPolicy> = HashMap::with_capacity(custom.len());
        for (name, document) in system_policy_documents() {
            let name_of_set = Arc::from(name);
            policies.insert(
                name,
                AttachedPolicy {
                    name: name_of_set,
                    document,
                },
            );
        }
        let mut errors = Vec::new();
        for (name, document) in custom {
            let attached = AttachedPolicy {
                name: Arc::clone(name),
                document: Arc::clone(document),
            };
            if policies.insert(name, attached).is_some() {
                let policy = name.to_string();
                errors.push(DefinitionError::SystemPolicy { policy });
            }
        }
        Self {
            policies,
            shared: HashMap::new(),
            errors,
        }
    }

    fn groups<'a>(
        &mut self,
        groups: &'a [GroupDefinition],
        earlier: Option<&PolicySet>,
    ) -> HashMap<&'a str, Grants> {
        let mut all = HashMap::with_capacity(groups.len());
        for group in groups {
            let grantee = Grantee::Group(&group.name);
            self.define(&grantee, all.contains_key(group.name.as_str()));
            let before = earlier.and_then(|set| set.groups.get(group.name.as_str()));
            let grants = self.grants(&grantee, &group.grants, before);
            all.insert(group.name.as_str(), grants);
        }
        all
    }

    fn users(
        &mut self,
        users: &[UserDefinition],
        groups: &HashMap<&str, Grants>,
        earlier: Option<&PolicySet>,
    ) -> HashMap<Box<str>, PrincipalPolicies> {
        let mut all: HashMap<Box<str>, PrincipalPolicies> = HashMap::with_capacity(users.len());
        for user in users {
            let grantee = Grantee::User(&user.name);
            self.define(&grantee, all.contains_key(user.name.as_str()));
            let before = earlier.and_then(|set| set.users.get(user.name.as_str()));
            let own = self.grants(&grantee, &user.grants, before);
            let mut grants = vec![&own];
            for name in &user.groups {
                match groups.get(name.as_str()) {
                    Some(of_group) => grants.push(of_group),
                    None => self.errors.push(DefinitionError::UnknownGroup {
                        user: user.name.clone(),
                        group: name.clone(),
                    }),
                }
            }
            all.insert(user.name.as_str().into(), PrincipalPolicies::of(&grants));
        }
        all
    }

    fn roles(&mut self, roles: &[RoleDefinition], earlier: Option<&PolicySet>) -> HashMap<Box<str>, Role> {
        let mut all: HashMap<Box<str>, Role> = HashMap::with_capacity(roles.len());
        for role in roles {
            let key = role.name.to_ascii_lowercase();
            self.define(&Grantee::Role(&key), all.contains_key(key.as_str()));
            let before = earlier.and_then(|set| set.roles.get(key.as_str()));
            let before = before.map(|role| &role.policies);
            let own = self.grants(&Grantee::Role(&role.name), &role.grants, before);
            let trust = AttachedPolicy {
                name: format!("trust:{}", role.name).into(),
                document: Arc::clone(&role.trust),
            };
            let compiled = Role {
                name: role.name.as_str().into(),
                policies: PrincipalPolicies::of(&[&own]),
                trust: Arc::new(Attachments::new(vec![trust])),
            };
            all.insert(key.into(), compiled);
        }
        all
    }

    /// A name that is defined already is an error
    fn define(&mut self, grantee: &Grantee<'_>, is_known: bool) {
        if is_known {
            let what = grantee.to_string();
            self.errors.push(DefinitionError::DefinedTwice { what });
        }
    }

    /// The policy with this name; records an error if there is none
    fn attached(&mut self, grantee: &Grantee<'_>, policy: &str) -> Option<AttachedPolicy> {
        match self.policies.get(policy) {
            Some(attached) => Some(attached.clone()),
            None => {
                let (grantee, policy) = (grantee.to_string(), policy.to_owned());
                self.errors
                    .push(DefinitionError::UnknownPolicy { grantee, policy });
                None
            }
        }
    }

    /// The policies of one level of control policies
    fn level(&mut self, names: &[String], earlier: Option<&Arc<Attachments>>) -> Arc<Attachments> {
        let policies = names
            .iter()
            .filter_map(|name| self.attached(&Grantee::ControlLevel, name))
            .collect();
        self.attachments(policies, earlier.into_iter())
    }

    fn grants(
        &mut self,
        grantee: &Grantee<'_>,
        grants: &[Grant],
        earlier: Option<&PrincipalPolicies>,
    ) -> Grants {
        let mut lists: BTreeMap<Option<Box<str>>, Vec<AttachedPolicy>> = BTreeMap::new();
        for grant in grants {
            let Some(attached) = self.attached(grantee, &grant.policy) else {
                continue;
            };
            let list = lists
                .entry(grant.resource_group.as_deref().map(Into::into))
                .or_default();
            // A policy that is granted twice counts once.
            if !list.iter().any(|known| known.name == attached.name) {
                list.push(attached);
            }
        }
        let lists = lists.into_iter();
        lists
            .map(|(group, policies)| {
                let earlier = earlier.into_iter().flat_map(PrincipalPolicies::attachments);
                (group, self.attachments(policies, earlier))
            })
            .collect()
    }

    /// The attachments of these policies: those of somebody else, or one of the earlier ones, if they are of the same
    fn attachments<'e>(
        &mut self,
        policies: Vec<AttachedPolicy>,
        mut earlier: impl Iterator<Item = &'e Arc<Attachments>>,
    ) -> Arc<Attachments> {
        let names: Vec<Arc<str>> = policies
            .iter()
            .map(|attached| Arc::clone(&attached.name))
            .collect();
        if let Some(known) = self.shared.get(&names) {
            return Arc::clone(known);
        }
        let attachments = match earlier.find(|each| each.has(&policies)) {
            Some(earlier) => Arc::clone(earlier),
            None => Arc::new(Attachments::new(policies)),
        };
        self.shared.insert(names, Arc::clone(&attachments));
        attachments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::DocumentKind;
    use crate::principal::Principal;

    fn document(action: &str) -> Arc<Document> {
        let text = format!(
            r#"{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}"#
        );
        let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap();
        Arc::new(parsed.document)
    }

    /// Users `a` and `b` with policies `A` and `B`; both are in group `g`, which holds a system policy
    fn definition(policies: [(&str, &Arc<Document>); 2]) -> Definition {
        let user = |name: &str, policy: &str| UserDefinition {
            name: name.to_owned(),
            groups: vec!["g".to_owned()],
            grants: vec![Grant::for_account(policy)],
        };
        let group = GroupDefinition {
            name: "g".to_owned(),
            grants: vec![Grant::for_account("AliyunECIReadOnlyAccess")],
        };
        Definition {
            policies: policies
                .map(|(name, document)| (name.into(), Arc::clone(document)))
                .into(),
            users: vec![user("a", "A"), user("b", "B")],
            groups: vec![group],
            ..Definition::default()
        }
    }

    #[test]
    fn what_a_change_leaves_as_it_was_is_not_compiled_again() {
        let (one, other, changed) = (document("eci:*"), document("eci:*"), document("eci:Describe*"));
        let before = PolicySet::compile(definition([("A", &one), ("B", &other)])).unwrap();
        let next = definition([("A", &one), ("B", &changed)]);
        let after = PolicySet::compile_after(next.clone(), Some(&before)).unwrap();
        let is_reused = |user: &str| {
            let pairs = before.users[user]
                .account
                .iter()
                .zip(after.users[user].account.iter());
            pairs
                .map(|(before, after)| Arc::ptr_eq(before, after))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (is_reused("a"), is_reused("b")),
            (vec![true, true], vec![false, true])
        );
        let [a, b] = ["a", "b"].map(|name| Principal::User(name.into()));
        assert!(before.holds_same(&after, &a) && !before.holds_same(&after, &b));
        // The same as without the set before
        let fresh = PolicySet::compile(next).unwrap();
        for principal in [&a, &b] {
            let layers = |set: &PolicySet| format!("{:?}", set.layers(principal));
            assert_eq!(layers(&after), layers(&fresh));
        }
    }

    #[test]
    fn a_document_under_another_name_is_another_policy() {
        let (one, other) = (document("eci:*"), document("eci:Describe*"));
        let before = PolicySet::compile(definition([("A", &one), ("B", &other)])).unwrap();
        let exchanged = definition([("B", &one), ("A", &other)]);
        let after = PolicySet::compile_after(exchanged, Some(&before)).unwrap();
        let a = Principal::User("a".into());
        assert!(!before.holds_same(&after, &a) && before.has_allow(&a));
        let names = after.layers(&a).into_iter().flat_map(|layer| layer.policies);
        let names: Vec<(&str, bool)> = names
            .map(|one_of| (&*one_of.name, Arc::ptr_eq(&one_of.document, &other)))
            .collect();
        assert_eq!(names, [("A", true), ("AliyunECIReadOnlyAccess", false)]);
    }
}
