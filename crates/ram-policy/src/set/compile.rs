//! Compiles a definition: looks up policies by name, and shares one lookup among principals with equal lists of policies.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::attached_policy::AttachedPolicy;
use crate::attachments::Attachments;
use crate::definition::{
    Definition, DefinitionError, Grant, GroupDefinition, RoleDefinition, UserDefinition,
};
use crate::document::{Document, DocumentKind};
use crate::set::{PolicySet, PrincipalPolicies, Role};
use crate::system_policies::SYSTEM_POLICIES;

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
        let mut compiler = Compiler::new(&definition.policies);
        let levels = definition.control_policies.iter().rev();
        let control = levels.map(|level| compiler.level(level)).collect();
        let groups = compiler.groups(&definition.groups);
        let users = compiler.users(&definition.users, &groups);
        let roles = compiler.roles(&definition.roles);
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
            .filter_map(|(group, attachments)| Some((group.clone()?, attachments)))
            .collect();
        Self {
            account,
            by_resource_group,
        }
    }
}

struct Compiler {
    policies: HashMap<Arc<str>, Arc<Document>>,
    /// Attachments by the names of their policies, so that equal lists are compiled and stored once
    shared: HashMap<Vec<Arc<str>>, Arc<Attachments>>,
    /// The users, groups and roles so far
    defined: HashSet<String>,
    errors: Vec<DefinitionError>,
}

impl Compiler {
    fn new(custom: &BTreeMap<String, Arc<Document>>) -> Self {
        let mut policies: HashMap<Arc<str>, Arc<Document>> = HashMap::with_capacity(custom.len());
        for (name, text) in SYSTEM_POLICIES {
            // A test of `system_policies` parses them all; one that did not parse would be unknown here.
            if let Ok(parsed) = Document::parse(text.as_bytes(), DocumentKind::Identity) {
                policies.insert((*name).into(), Arc::new(parsed.document));
            }
        }
        let mut errors = Vec::new();
        for (name, document) in custom {
            if policies
                .insert(name.as_str().into(), Arc::clone(document))
                .is_some()
            {
                errors.push(DefinitionError::SystemPolicy { policy: name.clone() });
            }
        }
        Self {
            policies,
            shared: HashMap::new(),
            defined: HashSet::new(),
            errors,
        }
    }

    fn groups<'a>(&mut self, groups: &'a [GroupDefinition]) -> HashMap<&'a str, Grants> {
        let mut all = HashMap::with_capacity(groups.len());
        for group in groups {
            self.define(format!("group `{}`", group.name));
            let grants = self.grants(&format!("group `{}`", group.name), &group.grants);
            all.insert(group.name.as_str(), grants);
        }
        all
    }

    fn users(
        &mut self,
        users: &[UserDefinition],
        groups: &HashMap<&str, Grants>,
    ) -> HashMap<Box<str>, PrincipalPolicies> {
        let mut all = HashMap::with_capacity(users.len());
        for user in users {
            self.define(format!("user `{}`", user.name));
            let own = self.grants(&format!("user `{}`", user.name), &user.grants);
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

    fn roles(&mut self, roles: &[RoleDefinition]) -> HashMap<Box<str>, Role> {
        let mut all = HashMap::with_capacity(roles.len());
        for role in roles {
            self.define(format!("role `{}`", role.name.to_ascii_lowercase()));
            let own = self.grants(&format!("role `{}`", role.name), &role.grants);
            let trust = AttachedPolicy {
                name: format!("trust:{}", role.name).into(),
                document: Arc::clone(&role.trust),
            };
            let compiled = Role {
                name: role.name.as_str().into(),
                policies: PrincipalPolicies::of(&[&own]),
                trust: Arc::new(Attachments::new(vec![trust])),
            };
            all.insert(role.name.to_ascii_lowercase().into(), compiled);
        }
        all
    }

    /// Records a name; one that is defined already is an error
    fn define(&mut self, what: String) {
        if !self.defined.insert(what.clone()) {
            self.errors.push(DefinitionError::DefinedTwice { what });
        }
    }

    /// The policy with this name; records an error if there is none
    fn attached(&mut self, grantee: &str, policy: &str) -> Option<AttachedPolicy> {
        match self.policies.get_key_value(policy) {
            Some((name, document)) => Some(AttachedPolicy {
                name: Arc::clone(name),
                document: Arc::clone(document),
            }),
            None => {
                let (grantee, policy) = (grantee.to_owned(), policy.to_owned());
                self.errors
                    .push(DefinitionError::UnknownPolicy { grantee, policy });
                None
            }
        }
    }

    /// The policies of one level of control policies
    fn level(&mut self, names: &[String]) -> Arc<Attachments> {
        let policies = names
            .iter()
            .filter_map(|name| self.attached("a control level", name))
            .collect();
        self.attachments(policies)
    }

    fn grants(&mut self, grantee: &str, grants: &[Grant]) -> Grants {
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
            .map(|(group, policies)| (group, self.attachments(policies)))
            .collect()
    }

    fn attachments(&mut self, policies: Vec<AttachedPolicy>) -> Arc<Attachments> {
        let names = policies
            .iter()
            .map(|attached| Arc::clone(&attached.name))
            .collect();
        let shared = self.shared.entry(names);
        Arc::clone(shared.or_insert_with(|| Arc::new(Attachments::new(policies))))
    }
}
