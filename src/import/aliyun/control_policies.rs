//! Control policies, which the resource directory's management account reads: a second dump into the same folder.
//!
//! A request must be allowed at every level: the root folder, the folders below it down to the account's own, and the account.

use std::collections::BTreeSet;

use crate::config::name_rules;
use crate::import::aliyun::dump::Dump;
use crate::import::aliyun::file_name::Action;
use crate::import::aliyun::pages::{Item, check_answer, items};
use crate::import::aliyun::policies::kind;
use crate::import::aliyun::{Reader, checked};
use crate::import::ram_data::PolicyKind;
use crate::import::wire;
use ram_policy::source::Fault;

impl Reader {
    pub(super) fn control_policies(&mut self, dump: &Dump<'_>) {
        let is_there = [
            Action::GetAccount,
            Action::ListAncestors,
            Action::ListControlPolicyAttachmentsForTarget,
            Action::GetControlPolicy,
        ];
        if !is_there.iter().any(|action| dump.has(*action)) {
            return;
        }
        let ids = self.control_policy_documents(dump);
        let levels = self.levels(dump);
        let known: BTreeSet<&str> = levels.iter().map(String::as_str).collect();
        let answers = dump.by_argument(Action::ListControlPolicyAttachmentsForTarget, &known);
        for level in &levels {
            let Some(answers) = answers.get(level.as_str()) else {
                let file = format!("ListControlPolicyAttachmentsForTarget/{level}.json");
                let command = "aliyun resourcemanager ListControlPolicyAttachmentsForTarget --TargetId";
                self.faults.whole(&file, format!("is missing: {command} {level}"));
                continue;
            };
            let items = items(
                Action::ListControlPolicyAttachmentsForTarget,
                answers,
                &mut self.faults,
            );
            if let (true, Some(answer)) = (items.is_empty(), answers.first()) {
                let message =
                    "nothing is attached, so nothing would be allowed: expected FullAliyunAccess at least";
                self.faults.whole(answer.file, message);
            }
            let mut policies = Vec::new();
            for item in items {
                match self.control_attachment(item, &ids) {
                    Ok(policy) => policies.push(policy),
                    Err(fault) => self.faults.push(item.file, fault),
                }
            }
            self.data.control_levels.push(policies);
        }
        for (target, answers) in &answers {
            if let (false, Some(answer)) = (known.contains(target), answers.first()) {
                let message = "this is neither the account nor a folder above it";
                self.faults.whole(answer.file, message);
            }
        }
    }

    /// The ids of the root folder, of those below it down to the account's own, and of the account
    fn levels(&mut self, dump: &Dump<'_>) -> Vec<String> {
        let Some(account) = self.data.account.clone() else {
            let message = "nothing says the account's number: add GetCallerIdentity.json, or give --account";
            self.faults.whole("ListAncestors.json", message);
            return Vec::new();
        };
        let Some(own) = self.own_folder(dump, &account) else {
            return Vec::new();
        };
        let known = BTreeSet::from([own.as_str()]);
        let answers = dump.by_argument(Action::ListAncestors, &known);
        let mut levels = Vec::new();
        // The root folder has nothing above it, and the call refuses to be asked
        if !own.starts_with("r-") && answers.is_empty() {
            let message = format!("is missing: aliyun resourcemanager ListAncestors --ChildId {own}");
            self.faults.whole(&format!("ListAncestors/{own}.json"), message);
        }
        for (child, answers) in &answers {
            for answer in answers.iter().filter(|_| !child.is_empty() && *child != own) {
                let message = format!("this is about another folder than the account's, which is {own}");
                self.faults.whole(answer.file, message);
            }
            for item in items(Action::ListAncestors, answers, &mut self.faults) {
                if let Some(id) = self
                    .faults
                    .handle(item.file, checked(item, "FolderId", &name_rules::RESOURCE_GROUP))
                {
                    levels.push(id.to_owned());
                }
            }
        }
        if levels.first().is_some_and(|first| !first.starts_with("r-")) {
            let message =
                "the first folder is not the root folder, `r-…`: expected the order from the root down";
            self.faults.whole(&format!("ListAncestors/{own}.json"), message);
        }
        if levels.last() != Some(&own) {
            levels.push(own);
        }
        levels.push(account);
        levels
    }

    /// The folder that the account is in
    fn own_folder(&mut self, dump: &Dump<'_>, account: &str) -> Option<String> {
        let answers = dump.single(Action::GetAccount);
        let Some((_, item)) = answers.first() else {
            let message = format!("is missing: aliyun resourcemanager GetAccount --AccountId {account}");
            self.faults.whole("GetAccount.json", message);
            return None;
        };
        let folder = check_answer(Action::GetAccount, item.node).and_then(|()| {
            let node = wire::field(item.node, "Account").unwrap_or(item.node);
            let item = Item { node, ..*item };
            let found = wire::required_text(node, "AccountId")?;
            if found != account {
                let message = format!("this is account {found}, and the others are of account {account}");
                return Err(Fault::new(node.at, message));
            }
            checked(item, "FolderId", &name_rules::RESOURCE_GROUP)
        });
        self.faults.handle(item.file, folder).map(str::to_owned)
    }

    /// Reads the policies; the ids and names of those that were read
    fn control_policy_documents(&mut self, dump: &Dump<'_>) -> BTreeSet<(String, String)> {
        let mut ids = BTreeSet::new();
        for (_, item) in dump.single(Action::GetControlPolicy) {
            match self.control_policy(item) {
                Ok(id) => {
                    ids.insert(id);
                }
                Err(fault) => self.faults.push(item.file, fault),
            }
        }
        ids
    }

    fn control_policy(&mut self, item: Item<'_>) -> Result<(String, String), Fault> {
        check_answer(Action::GetControlPolicy, item.node)?;
        let Some(node) = wire::field(item.node, "ControlPolicy") else {
            let message = "this is no answer of GetControlPolicy: it has no `ControlPolicy`";
            return Err(Fault::new(item.node.at, message));
        };
        let policy = Item { node, ..item };
        let id = wire::required_text(node, "PolicyId")?;
        let name = checked(policy, "PolicyName", &name_rules::POLICY)?;
        let Some(document) = wire::field(node, "PolicyDocument") else {
            return Err(Fault::new(node.at, "`PolicyDocument` is missing"));
        };
        if wire::text(node, "PolicyType")? != Some("System") {
            self.add_policy(PolicyKind::Control, name, policy, document)?;
        }
        Ok((id.to_owned(), name.to_owned()))
    }

    fn control_attachment(
        &mut self,
        item: Item<'_>,
        ids: &BTreeSet<(String, String)>,
    ) -> Result<(PolicyKind, String), Fault> {
        let name = checked(item, "PolicyName", &name_rules::POLICY)?;
        let id = wire::required_text(item.node, "PolicyId")?;
        if kind(item.node)? == PolicyKind::System {
            self.data.attach(PolicyKind::System, name, &item.place());
            return Ok((PolicyKind::System, name.to_owned()));
        }
        if !ids.contains(&(id.to_owned(), name.to_owned())) {
            let command = format!("aliyun resourcemanager GetControlPolicy --PolicyId {id}");
            let message = format!("GetControlPolicy/{id}.json is missing: {command}");
            return Err(Fault::new(item.node.at, message));
        }
        self.data.attach(PolicyKind::Control, name, &item.place());
        Ok((PolicyKind::Control, name.to_owned()))
    }
}
