//! The resources of RAM and of Resource Manager, each with the attributes of every version of the provider.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::name_rules::{self, NameRule};
use crate::import::faults::Faults;
use crate::import::policy_text::{PolicyText, read_trust};
use crate::import::principal_name::Domains;
use crate::import::ram_data::{Grant, Holder, PolicyKind, RamData, RamPolicy, RamRole, RamUser};
use crate::import::terraform::place;
use crate::import::terraform::values::Resource;
use ram_policy::source::{Fault, Node, Value};

/// What was read so far
pub(super) struct Reader<'a> {
    pub(super) data: RamData,
    pub(super) faults: Faults,
    pub(super) file: &'a str,
    /// The folders above the account, from the root down
    pub(super) folders: &'a [String],
}

/// The type of the attachment resources of RAM, with the attribute that names the holder
const ATTACHMENTS: [(&str, &str); 3] = [
    ("alicloud_ram_user_policy_attachment", "user_name"),
    ("alicloud_ram_group_policy_attachment", "group_name"),
    ("alicloud_ram_role_policy_attachment", "role_name"),
];

impl Reader<'_> {
    /// Reads definitions first, then what refers to them
    pub(super) fn read(&mut self, resources: &[Resource<'_>]) {
        for resource in resources {
            let result = match resource.kind {
                "alicloud_ram_user" => self.user(resource),
                "alicloud_ram_group" => self.group(resource),
                "alicloud_ram_role" | "alicloud_resource_manager_role" => self.role(resource),
                "alicloud_ram_policy" | "alicloud_resource_manager_policy" => self.policy(resource),
                "alicloud_resource_manager_resource_group" => self.resource_group(resource),
                _ => Ok(()),
            };
            self.note(result);
        }
        for resource in resources {
            let result = match resource.kind {
                "alicloud_ram_group_membership" => self.members(resource),
                "alicloud_ram_user_group_attachment" => self.member(resource),
                "alicloud_resource_manager_policy_attachment" => self.scoped_attachment(resource),
                kind => match ATTACHMENTS.iter().find(|(known, _)| *known == kind) {
                    Some((_, attribute)) => self.attachment(resource, attribute),
                    None => Ok(()),
                },
            };
            self.note(result);
        }
        self.control_policies(resources);
    }

    fn note(&mut self, result: Result<(), Fault>) {
        self.faults.handle(self.file, result);
    }

    fn user(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let name = checked(resource, &["name"], &name_rules::USER)?;
        // A user that is not there yet has no number
        let id = resource
            .known_text("id")
            .filter(|id| name_rules::RAM_ID.refusal(id).is_none());
        let user = RamUser {
            id: id.map(str::to_owned),
            ..RamUser::default()
        };
        let found = self.data.users.insert(name.to_owned(), user);
        once(resource, found.is_none(), name)
    }

    fn group(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let name = checked(resource, &["group_name", "name"], &name_rules::GROUP)?;
        let found = self.data.groups.insert(name.to_owned(), BTreeSet::new());
        once(resource, found.is_none(), name)
    }

    fn role(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let name = checked(resource, &["role_name", "name"], &name_rules::ROLE)?;
        let document = resource.required(&["assume_role_policy_document", "document"])?;
        let trust = read_trust(document)
            .map_err(|fault| Fault::new(fault.at, format!("{}: {}", resource.address, fault.message)))?;
        let id = resource
            .known_text("role_id")
            .filter(|id| name_rules::RAM_ID.refusal(id).is_none());
        let role = RamRole {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            trust,
            grants: BTreeSet::new(),
        };
        let arn = resource
            .known_text("arn")
            .and_then(|arn| arn.strip_prefix("acs:ram::"));
        if let Some(account) = arn.and_then(|rest| rest.split(':').next()) {
            let place = place(self.file, resource.values);
            self.data.set_account(account, &place, &mut self.faults);
        }
        let found = self.data.roles.insert(name.to_ascii_lowercase(), role);
        once(resource, found.is_none(), name)
    }

    fn policy(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let name = checked(resource, &["policy_name", "name"], &name_rules::POLICY)?;
        let document = resource.required(&["policy_document", "document"])?;
        self.add_policy(PolicyKind::Custom, name, resource, document)
    }

    fn add_policy(
        &mut self,
        kind: PolicyKind,
        name: &str,
        resource: &Resource<'_>,
        document: &Node,
    ) -> Result<(), Fault> {
        let policy = RamPolicy {
            place: place(self.file, resource.values),
            text: PolicyText::read(document),
        };
        let found = self.data.policies.insert((kind, name.to_owned()), policy);
        once(resource, found.is_none(), name)
    }

    fn resource_group(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        if let Some(account) = resource
            .known_text("account_id")
            .filter(|account| !account.is_empty())
        {
            let place = place(self.file, resource.values);
            self.data.set_account(account, &place, &mut self.faults);
        }
        // A group that is not there yet has no id; a grant in it is refused where it is
        let Some(id) = resource.known_text("id") else {
            return Ok(());
        };
        let name = resource
            .known_text("resource_group_name")
            .or(resource.known_text("name"));
        if let Some(message) = name_rules::RESOURCE_GROUP.refusal(id) {
            return Err(Fault::new(resource.values.at, message));
        }
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        self.data.resource_groups.insert(id.to_owned(), name);
        Ok(())
    }

    fn members(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let group = checked(resource, &["group_name"], &name_rules::GROUP)?;
        let Value::List(users) = &resource.required(&["user_names"])?.value else {
            let message = format!("{}: `user_names` must be a list", resource.address);
            return Err(Fault::new(resource.values.at, message));
        };
        for user in users {
            match &user.value {
                Value::String(user) => self.add_member(resource, group, user)?,
                _ => {
                    let message = format!("{}: `user_names` must be a list of text", resource.address);
                    return Err(Fault::new(resource.values.at, message));
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let group = checked(resource, &["group_name"], &name_rules::GROUP)?;
        let user = checked(resource, &["user_name"], &name_rules::USER)?;
        self.add_member(resource, group, user)
    }

    fn add_member(&mut self, resource: &Resource<'_>, group: &str, user: &str) -> Result<(), Fault> {
        if let Some(message) = name_rules::USER.refusal(user) {
            return Err(Fault::new(
                resource.values.at,
                format!("{}: {message}", resource.address),
            ));
        }
        self.data.groups.entry(group.to_owned()).or_default();
        let user = self.data.users.entry(user.to_owned()).or_default();
        user.groups.insert(group.to_owned());
        Ok(())
    }

    fn attachment(&mut self, resource: &Resource<'_>, attribute: &str) -> Result<(), Fault> {
        let (rule, holder): (_, fn(&str) -> Holder<'_>) = match attribute {
            "user_name" => (&name_rules::USER, |name| Holder::User(name)),
            "group_name" => (&name_rules::GROUP, |name| Holder::Group(name)),
            _ => (&name_rules::ROLE, |name| Holder::Role(name)),
        };
        let name = checked(resource, &[attribute], rule)?;
        let grant = grant(resource, None)?;
        self.add_grant(resource, holder(name), grant);
        Ok(())
    }

    /// The names are those of ListPolicyAttachments; which alias is the account's is not known here
    fn scoped_attachment(&mut self, resource: &Resource<'_>) -> Result<(), Fault> {
        let fault =
            |message: String| Fault::new(resource.values.at, format!("{}: {message}", resource.address));
        let principal = resource.text(&["principal_name"])?;
        let kind = resource.text(&["principal_type"])?;
        let mut domains = Domains::default();
        let account = self.data.account.clone();
        let holder = domains
            .holder(kind, principal, account.as_deref())
            .map_err(fault)?;
        let rule = match holder {
            Holder::User(name) => name_rules::USER.refusal(name),
            Holder::Group(name) => name_rules::GROUP.refusal(name),
            Holder::Role(name) => name_rules::ROLE.refusal(name),
        };
        if let Some(message) = rule {
            return Err(fault(message));
        }
        let scope = resource.text(&["resource_group_id"])?;
        // Ids of resource groups have letters, and the account's number has none
        let is_account = name_rules::ACCOUNT.refusal(scope).is_none();
        if is_account {
            let place = place(self.file, resource.values);
            self.data.set_account(scope, &place, &mut self.faults);
        } else if let Some(message) = name_rules::RESOURCE_GROUP.refusal(scope) {
            return Err(fault(message));
        }
        if !is_account {
            self.data.resource_groups.entry(scope.to_owned()).or_default();
        }
        let grant = grant(resource, (!is_account).then(|| scope.to_owned()))?;
        self.add_grant(resource, holder, grant);
        Ok(())
    }

    /// A user or group that Terraform does not manage is there all the same, as somebody attached a policy to it
    fn add_grant(&mut self, resource: &Resource<'_>, holder: Holder<'_>, grant: Grant) {
        match holder {
            Holder::User(name) => {
                self.data.users.entry(name.to_owned()).or_default();
            }
            Holder::Group(name) => {
                self.data.groups.entry(name.to_owned()).or_default();
            }
            Holder::Role(name) => {
                if !self.data.roles.contains_key(&name.to_ascii_lowercase()) {
                    let note = format!(
                        "{}: role `{name}` is left out, because Terraform does not hold whom it trusts",
                        resource.address
                    );
                    self.data.notes.push(note);
                    self.data.grants_elsewhere.insert((name.to_owned(), grant));
                    return;
                }
            }
        }
        let place = place(self.file, resource.values);
        self.data.grant(holder, grant, &place);
    }

    fn control_policies(&mut self, resources: &[Resource<'_>]) {
        let of = |kind: &'static str| resources.iter().filter(move |resource| resource.kind == kind);
        let mut names: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
        for resource in of("alicloud_resource_manager_control_policy") {
            match self.control_policy(resource) {
                Ok((id, name, denies_only)) => {
                    names.insert(id, (name, denies_only));
                }
                Err(fault) => self.note(Err(fault)),
            }
        }
        let mut levels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for resource in of("alicloud_resource_manager_control_policy_attachment") {
            match self.control_attachment(resource, &names) {
                Ok(Some((target, name))) => {
                    levels.entry(target).or_default().insert(name);
                }
                Ok(None) => {}
                Err(fault) => self.note(Err(fault)),
            }
        }
        let account = self.data.account.clone();
        for target in self.folders.iter().map(String::as_str).chain(account.as_deref()) {
            let Some(attached) = levels.get(target) else {
                continue;
            };
            let denies_only = |name: &&str| names.values().any(|(known, denies)| known == name && *denies);
            let mut level: Vec<(PolicyKind, String)> = Vec::new();
            // RAM attaches FullAliyunAccess to every folder and account; beside policies that only deny it must still be there
            if attached.iter().all(denies_only) {
                level.push((PolicyKind::System, "FullAliyunAccess".to_owned()));
            }
            level.extend(
                attached
                    .iter()
                    .map(|name| (PolicyKind::Control, (*name).to_owned())),
            );
            self.data.control_levels.push(level);
        }
    }

    /// Its id, its name, and whether it only denies
    fn control_policy<'a>(&mut self, resource: &Resource<'a>) -> Result<(&'a str, &'a str, bool), Fault> {
        let name = checked(resource, &["control_policy_name"], &name_rules::POLICY)?;
        let document = resource.required(&["policy_document"])?;
        self.add_policy(PolicyKind::Control, name, resource, document)?;
        let policy = self.data.policies.get(&(PolicyKind::Control, name.to_owned()));
        let denies_only = policy.is_some_and(|policy| policy.text.only_denies());
        let id = resource.text(&["id"])?;
        Ok((id, name, denies_only))
    }

    /// The target and the name of the policy; nothing if the target is not above the account
    fn control_attachment<'a>(
        &mut self,
        resource: &Resource<'a>,
        names: &BTreeMap<&str, (&'a str, bool)>,
    ) -> Result<Option<(&'a str, &'a str)>, Fault> {
        let fault =
            |message: String| Fault::new(resource.values.at, format!("{}: {message}", resource.address));
        let target = resource.text(&["target_id"])?;
        let id = resource.text(&["policy_id"])?;
        let is_folder = target.starts_with("r-") || target.starts_with("fd-");
        if is_folder && self.folders.is_empty() {
            return Err(fault("nothing says which folders are above the account: give --folder for each, from the root down, or --folder none".to_owned()));
        }
        let is_above = self.folders.iter().any(|folder| folder == target);
        if !is_above && self.data.account.as_deref() != Some(target) {
            return Ok(None);
        }
        let Some((name, _)) = names.get(id) else {
            return Err(fault("Terraform does not hold this control policy".to_owned()));
        };
        let place = place(self.file, resource.values);
        self.data.attach(PolicyKind::Control, name, &place);
        Ok(Some((target, name)))
    }
}

fn grant(resource: &Resource<'_>, resource_group: Option<String>) -> Result<Grant, Fault> {
    let kind = match resource.text(&["policy_type"])? {
        "Custom" => PolicyKind::Custom,
        "System" => PolicyKind::System,
        _ => {
            let message = format!("{}: `policy_type` is neither Custom nor System", resource.address);
            return Err(Fault::new(resource.values.at, message));
        }
    };
    let policy = checked(resource, &["policy_name"], &name_rules::POLICY)?;
    Ok(Grant {
        kind,
        policy: policy.to_owned(),
        resource_group,
    })
}

/// An attribute with a name that RAM accepts
fn checked<'a>(resource: &Resource<'a>, names: &[&str], rule: &NameRule) -> Result<&'a str, Fault> {
    let name = resource.text(names)?;
    match rule.refusal(name) {
        Some(message) => {
            let message = format!("{}: {message}", resource.address);
            Err(Fault::new(resource.values.at, message))
        }
        None => Ok(name),
    }
}

fn once(resource: &Resource<'_>, is_first: bool, name: &str) -> Result<(), Fault> {
    match is_first {
        true => Ok(()),
        false => {
            let message = format!(
                "{}: `{name}` is defined by another resource too",
                resource.address
            );
            Err(Fault::new(resource.values.at, message))
        }
    }
}
