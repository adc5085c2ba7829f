//! Users, groups with their members, and roles.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::name_rules;
use crate::import::aliyun::dump::Dump;
use crate::import::aliyun::file_name::Action;
use crate::import::aliyun::pages::{Item, check_answer, items};
use crate::import::aliyun::{Reader, checked, twice};
use crate::import::policy_text::read_trust;
use crate::import::ram_data::{Holder, RamRole, RamUser};
use crate::import::wire;
use ram_policy::source::Fault;

impl Reader {
    pub(super) fn groups(&mut self, dump: &Dump<'_>) {
        for item in dump.list(Action::ListGroups, "ram ListGroups", &mut self.faults) {
            let Some(name) = self
                .faults
                .handle(item.file, checked(item, "GroupName", &name_rules::GROUP))
            else {
                continue;
            };
            if self
                .data
                .groups
                .insert(name.to_owned(), BTreeSet::new())
                .is_some()
            {
                self.faults.push(item.file, twice(item, "group", name));
            }
        }
    }

    pub(super) fn users(&mut self, dump: &Dump<'_>) {
        for item in dump.list(Action::ListUsers, "ram ListUsers", &mut self.faults) {
            if let Err(fault) = self.user(item) {
                self.faults.push(item.file, fault);
            }
        }
    }

    /// RAM's ListUsers has UserName; IMS' has UserPrincipalName and Status instead
    fn user(&mut self, item: Item<'_>) -> Result<(), Fault> {
        let fault = |message: String| Fault::new(item.node.at, message);
        let name = match wire::text(item.node, "UserPrincipalName")? {
            None => checked(item, "UserName", &name_rules::USER)?,
            Some(principal) => {
                let account = self.data.account.as_deref();
                match self
                    .domains
                    .holder("IMSUser", principal, account)
                    .map_err(fault)?
                {
                    Holder::User(name) => name,
                    Holder::Group(_) | Holder::Role(_) => return Err(fault("this is no user".to_owned())),
                }
            }
        };
        if let Some(message) = name_rules::USER.refusal(name) {
            return Err(fault(message));
        }
        let id = wire::text(item.node, "UserId")?;
        if let Some(message) = id.and_then(|id| name_rules::RAM_ID.refusal(id)) {
            return Err(fault(message));
        }
        let user = RamUser {
            id: id.map(str::to_owned),
            ..RamUser::default()
        };
        match self.data.users.insert(name.to_owned(), user) {
            Some(_) => Err(twice(item, "user", name)),
            None => Ok(()),
        }
    }

    /// Every group has an answer of its own, as ListUsersForGroup does not repeat which group it was asked for
    pub(super) fn members(&mut self, dump: &Dump<'_>) {
        let groups: BTreeSet<String> = self.data.groups.keys().cloned().collect();
        let known: BTreeSet<&str> = groups.iter().map(String::as_str).collect();
        let answers = dump.by_argument(Action::ListUsersForGroup, &known);
        for group in &known {
            let Some(answers) = answers.get(group) else {
                let file = format!("ListUsersForGroup/{group}.json");
                let message = format!("is missing: aliyun ram ListUsersForGroup --GroupName {group}");
                self.faults.whole(&file, message);
                continue;
            };
            for item in items(Action::ListUsersForGroup, answers, &mut self.faults) {
                if let Err(fault) = self.member(group, item) {
                    self.faults.push(item.file, fault);
                }
            }
        }
        for (group, answers) in &answers {
            if let (false, Some(answer)) = (known.contains(group), answers.first()) {
                let message = "ListGroups shows no group of this file's name";
                self.faults.whole(answer.file, message);
            }
        }
    }

    fn member(&mut self, group: &str, item: Item<'_>) -> Result<(), Fault> {
        let name = checked(item, "UserName", &name_rules::USER)?;
        let user = self.data.users.get_mut(name);
        match user.map(|user| user.groups.insert(group.to_owned())) {
            Some(true) => Ok(()),
            Some(false) => Err(twice(item, "member", name)),
            None => Err(Fault::new(
                item.node.at,
                format!("ListUsers shows no user `{name}`"),
            )),
        }
    }

    /// ListRoles says which roles there are, and GetRole whom each trusts
    pub(super) fn roles(&mut self, dump: &Dump<'_>) {
        let mut listed: BTreeMap<String, String> = BTreeMap::new();
        for item in dump.list(Action::ListRoles, "ram ListRoles", &mut self.faults) {
            let Some(name) = self
                .faults
                .handle(item.file, checked(item, "RoleName", &name_rules::ROLE))
            else {
                continue;
            };
            self.role_account(item);
            if listed
                .insert(name.to_ascii_lowercase(), name.to_owned())
                .is_some()
            {
                self.faults.push(item.file, twice(item, "role", name));
            }
        }
        for (argument, item) in dump.single(Action::GetRole) {
            if let Err(fault) = self.role(argument, item, &listed) {
                self.faults.push(item.file, fault);
            }
        }
        let linked = self.data.service_linked_roles.iter().flatten();
        let read: BTreeSet<String> = linked
            .map(|name| name.to_ascii_lowercase())
            .chain(self.data.roles.keys().cloned())
            .collect();
        // A role whose file could not be read has its fault already
        let tried: BTreeSet<String> = dump
            .single(Action::GetRole)
            .iter()
            .filter_map(|(argument, _)| argument.map(str::to_ascii_lowercase))
            .collect();
        for (_, name) in listed
            .iter()
            .filter(|(lower, _)| !read.contains(*lower) && !tried.contains(*lower))
        {
            let file = format!("GetRole/{name}.json");
            let message = format!("is missing: aliyun ram GetRole --RoleName {name}");
            self.faults.whole(&file, message);
        }
    }

    fn role(
        &mut self,
        argument: Option<&str>,
        item: Item<'_>,
        listed: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        check_answer(Action::GetRole, item.node)?;
        let Some(node) = wire::field(item.node, "Role") else {
            return Err(Fault::new(
                item.node.at,
                "this is no answer of GetRole: it has no `Role`",
            ));
        };
        let item = Item { node, ..item };
        let fault = |message: String| Fault::new(node.at, message);
        let name = checked(item, "RoleName", &name_rules::ROLE)?;
        if argument.is_some_and(|argument| !argument.eq_ignore_ascii_case(name)) {
            return Err(fault(format!(
                "this is role `{name}`, and the file's name says another one"
            )));
        }
        self.role_account(item);
        let lower = name.to_ascii_lowercase();
        if !listed.contains_key(&lower) {
            return Err(fault(format!("ListRoles shows no role `{name}`: dump again")));
        }
        if wire::flag(node, "IsServiceLinkedRole")? == Some(true) {
            let linked = self.data.service_linked_roles.get_or_insert_default();
            return match linked.insert(name.to_owned()) {
                true => Ok(()),
                false => Err(twice(item, "role", name)),
            };
        }
        let id = wire::text(node, "RoleId")?;
        if let Some(message) = id.and_then(|id| name_rules::RAM_ID.refusal(id)) {
            return Err(fault(message));
        }
        let Some(document) = wire::field(node, "AssumeRolePolicyDocument") else {
            return Err(fault("`AssumeRolePolicyDocument` is missing".to_owned()));
        };
        let role = RamRole {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            trust: read_trust(document)?,
            grants: BTreeSet::new(),
        };
        match self.data.roles.insert(lower, role) {
            Some(_) => Err(twice(item, "role", name)),
            None => Ok(()),
        }
    }

    /// The account's number in a role's resource name, `acs:ram::ACCOUNT:role/NAME`
    fn role_account(&mut self, item: Item<'_>) {
        let Some(arn) = self.faults.handle(item.file, wire::text(item.node, "Arn")) else {
            return;
        };
        let account = arn.and_then(|arn| arn.strip_prefix("acs:ram::")?.split(':').next());
        if let Some(account) = account {
            self.data.set_account(account, &item.place(), &mut self.faults);
        }
    }
}
