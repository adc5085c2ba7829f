//! Policies, and who has them in which scope.

use std::collections::BTreeSet;

use crate::config::name_rules;
use crate::import::aliyun::dump::Dump;
use crate::import::aliyun::file_name::Action;
use crate::import::aliyun::pages::{Item, check_answer, items};
use crate::import::aliyun::{Reader, checked, twice};
use crate::import::policy_text::PolicyText;
use crate::import::ram_data::{Grant, Holder, PolicyKind, RamPolicy};
use crate::import::wire;
use ram_policy::source::{Fault, Node};

impl Reader {
    pub(super) fn policies(&mut self, dump: &Dump<'_>) {
        for (argument, item) in dump.single(Action::GetPolicy) {
            if let Err(fault) = self.policy(argument, item) {
                self.faults.push(item.file, fault);
            }
        }
    }

    fn policy(&mut self, argument: Option<&str>, item: Item<'_>) -> Result<(), Fault> {
        check_answer(Action::GetPolicy, item.node)?;
        let Some(node) = wire::field(item.node, "Policy") else {
            return Err(Fault::new(
                item.node.at,
                "this is no answer of GetPolicy: it has no `Policy`",
            ));
        };
        let policy = Item { node, ..item };
        let kind = kind(node)?;
        let name = checked(policy, "PolicyName", &name_rules::POLICY)?;
        if argument.is_some_and(|argument| argument != name) {
            let message = format!("this is policy `{name}`, and the file's name says another one");
            return Err(Fault::new(node.at, message));
        }
        // `Policy.PolicyDocument` is deprecated, and of the version that was there first
        let version = wire::field(item.node, "DefaultPolicyVersion");
        let Some(document) = version.and_then(|version| wire::field(version, "PolicyDocument")) else {
            let message = "`DefaultPolicyVersion.PolicyDocument` is missing";
            return Err(Fault::new(item.node.at, message));
        };
        if version
            .map(|version| wire::flag(version, "IsDefaultVersion"))
            .transpose()?
            .flatten()
            == Some(false)
        {
            let message = "this is a version of the policy that is not in force";
            return Err(Fault::new(item.node.at, message));
        }
        self.add_policy(kind, name, item, document)
    }

    pub(super) fn add_policy(
        &mut self,
        kind: PolicyKind,
        name: &str,
        item: Item<'_>,
        document: &Node,
    ) -> Result<(), Fault> {
        let policy = RamPolicy {
            place: item.place(),
            text: PolicyText::read(document),
        };
        match self.data.policies.insert((kind, name.to_owned()), policy) {
            Some(_) => Err(twice(item, "policy", name)),
            None => Ok(()),
        }
    }

    pub(super) fn attachments(&mut self, dump: &Dump<'_>) {
        let mut seen = BTreeSet::new();
        let command = "resourcemanager ListPolicyAttachments";
        for item in dump.list(Action::ListPolicyAttachments, command, &mut self.faults) {
            if let Err(fault) = self.attachment(item, &mut seen) {
                self.faults.push(item.file, fault);
            }
        }
    }

    fn attachment(&mut self, item: Item<'_>, seen: &mut BTreeSet<(String, Grant)>) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(item.node.at, message);
        let grant = Grant {
            kind: kind(item.node)?,
            policy: checked(item, "PolicyName", &name_rules::POLICY)?.to_owned(),
            resource_group: self.scope(item)?,
        };
        let name = wire::required_text(item.node, "PrincipalName")?;
        let principal_type = wire::required_text(item.node, "PrincipalType")?;
        let account = self.data.account.as_deref();
        let holder = self
            .domains
            .holder(principal_type, name, account)
            .map_err(fault)?;
        if !seen.insert((holder.to_string(), grant.clone())) {
            return Err(twice(item, "attachment", &grant.policy));
        }
        if self.is_known(holder) {
            self.data.grant(holder, grant, &item.place());
            return Ok(());
        }
        let linked = self.data.service_linked_roles.iter().flatten();
        let is_linked = |role: &str| linked.clone().any(|name| name.eq_ignore_ascii_case(role));
        match holder {
            // Nobody but its service can take it, so what it may do concerns no pod
            Holder::Role(role) if is_linked(role) => Ok(()),
            Holder::User(_) => Err(fault(format!("ListUsers does not show `{holder}`"))),
            Holder::Group(_) => Err(fault(format!("ListGroups does not show `{holder}`"))),
            Holder::Role(_) => Err(fault(format!("there is no GetRole answer for `{holder}`"))),
        }
    }

    fn is_known(&self, holder: Holder<'_>) -> bool {
        match holder {
            Holder::User(name) => self.data.users.contains_key(name),
            Holder::Group(name) => self.data.groups.contains_key(name),
            Holder::Role(name) => self.data.roles.contains_key(&name.to_ascii_lowercase()),
        }
    }

    /// The scope of an attachment: `ResourceGroupId` is the id of a resource group, or the account's number
    fn scope(&self, item: Item<'_>) -> Result<Option<String>, Fault> {
        let id = wire::required_text(item.node, "ResourceGroupId")?;
        if self.data.resource_groups.contains_key(id) {
            return Ok(Some(id.to_owned()));
        }
        let message = match &self.data.account {
            Some(account) if account == id => return Ok(None),
            Some(account) => {
                format!(
                    "`{id}` is neither the account {account} nor a resource group that ListResourceGroups shows"
                )
            }
            None => {
                "nothing says the account's number: add GetCallerIdentity.json, or give --account".to_owned()
            }
        };
        Err(Fault::new(item.node.at, message))
    }

    /// `ListPoliciesFor…` shows the grants for the whole account, each of which must be among the attachments
    pub(super) fn account_grants(&mut self, dump: &Dump<'_>) {
        for action in [
            Action::ListPoliciesForUser,
            Action::ListPoliciesForGroup,
            Action::ListPoliciesForRole,
        ] {
            for file in self.missing_grants(dump, action) {
                let message = "this grant is not among those of ListPolicyAttachments: dump again";
                self.faults.push(&file.0, Fault::new(file.1, message));
            }
        }
    }

    fn missing_grants(
        &mut self,
        dump: &Dump<'_>,
        action: Action,
    ) -> Vec<(String, ram_policy::source::Position)> {
        let mut missing = Vec::new();
        let known: BTreeSet<&str> = match action {
            Action::ListPoliciesForUser => self.data.users.keys().map(String::as_str).collect(),
            Action::ListPoliciesForGroup => self.data.groups.keys().map(String::as_str).collect(),
            _ => self.data.roles.values().map(|role| role.name.as_str()).collect(),
        };
        for (argument, answers) in dump.by_argument(action, &known) {
            let grants = match action {
                Action::ListPoliciesForUser => self.data.users.get(argument).map(|user| &user.grants),
                Action::ListPoliciesForGroup => self.data.groups.get(argument),
                _ => {
                    let role = self.data.roles.get(&argument.to_ascii_lowercase());
                    role.map(|role| &role.grants)
                }
            };
            for item in items(action, &answers, &mut self.faults) {
                let found = kind(item.node).and_then(|kind| {
                    let policy = wire::required_text(item.node, "PolicyName")?;
                    let grant = Grant {
                        kind,
                        policy: policy.to_owned(),
                        resource_group: None,
                    };
                    // Service-linked roles have no grants here
                    Ok(grants.is_none_or(|grants| grants.contains(&grant)))
                });
                if self.faults.handle(item.file, found) == Some(false) {
                    missing.push((item.file.to_owned(), item.node.at));
                }
            }
        }
        missing
    }
}

/// The field `PolicyType`
pub(super) fn kind(node: &Node) -> Result<PolicyKind, Fault> {
    match wire::required_text(node, "PolicyType")? {
        "Custom" => Ok(PolicyKind::Custom),
        "System" => Ok(PolicyKind::System),
        _ => Err(Fault::new(node.at, "`PolicyType` is neither Custom nor System")),
    }
}
