//! Reads a dump: a folder with the answers of the aliyun CLI.
//!
//! ListPolicyAttachments without arguments is the only call that shows the grants of every scope, so all grants come from it.
//! `ListPoliciesFor…` shows those of the whole account alone, and only serves to check them. A dump with a hole is refused,
//! because a missing policy may be one that denies.

mod control_policies;
mod dump;
mod file_name;
mod identities;
mod pages;
mod policies;

use crate::config::{LocatedFault, name_rules};
use crate::import::InputFile;
use crate::import::aliyun::dump::Dump;
use crate::import::aliyun::file_name::Action;
use crate::import::aliyun::pages::{Item, check_answer};
use crate::import::faults::Faults;
use crate::import::principal_name::Domains;
use crate::import::ram_data::{RamData, Source};
use crate::import::wire;
use ram_policy::source::Fault;

/// Reads the files of a dump, each with its path from the dump's folder
///
/// `account` is the number that the caller knows, if any.
///
/// # Errors
/// Everything that is malformed, missing or contradicts something else
pub fn read(input: &[InputFile], account: Option<&str>) -> Result<RamData, Vec<LocatedFault>> {
    let mut reader = Reader {
        data: RamData::new(Source::Aliyun),
        faults: Faults::default(),
        domains: Domains::default(),
    };
    reader.data.account = account.map(str::to_owned);
    let dump = Dump::read(input, &mut reader.faults);
    reader.account(&dump);
    reader.resource_groups(&dump);
    reader.groups(&dump);
    reader.users(&dump);
    reader.members(&dump);
    reader.roles(&dump);
    reader.policies(&dump);
    reader.attachments(&dump);
    reader.account_grants(&dump);
    reader.control_policies(&dump);
    let passed_over = dump.passed_over.iter();
    let notes = passed_over.map(|file| format!("{file} is no answer of a call that is read"));
    reader.data.notes.extend(notes);
    reader.faults.finish(reader.data)
}

/// What was read so far
struct Reader {
    data: RamData,
    faults: Faults,
    domains: Domains,
}

impl Reader {
    fn account(&mut self, dump: &Dump<'_>) {
        for (_, item) in dump.single(Action::GetCallerIdentity) {
            let account = check_answer(Action::GetCallerIdentity, item.node)
                .and_then(|()| wire::required_text(item.node, "AccountId"));
            if let Some(account) = self.faults.handle(item.file, account) {
                self.data.set_account(account, &item.place(), &mut self.faults);
            }
        }
    }

    fn resource_groups(&mut self, dump: &Dump<'_>) {
        let command = "resourcemanager ListResourceGroups";
        for item in dump.list(Action::ListResourceGroups, command, &mut self.faults) {
            if let Err(fault) = self.resource_group(item) {
                self.faults.push(item.file, fault);
            }
        }
    }

    fn resource_group(&mut self, item: Item<'_>) -> Result<(), Fault> {
        let id = checked(item, "Id", &name_rules::RESOURCE_GROUP)?;
        let name = wire::text(item.node, "Name")?.filter(|name| !name.is_empty());
        if let Some(account) = wire::text(item.node, "AccountId")? {
            self.data.set_account(account, &item.place(), &mut self.faults);
        }
        let groups = &mut self.data.resource_groups;
        match groups.insert(id.to_owned(), name.map(str::to_owned)) {
            Some(_) => Err(twice(item, "resource group", id)),
            None => Ok(()),
        }
    }
}

/// A field with a name that RAM accepts
fn checked<'a>(item: Item<'a>, field: &str, rule: &name_rules::NameRule) -> Result<&'a str, Fault> {
    let name = wire::required_text(item.node, field)?;
    match rule.refusal(name) {
        Some(message) => Err(Fault::new(item.node.at, message)),
        None => Ok(name),
    }
}

/// Two entries of one name, as when pages overlap because something changed between two calls
fn twice(item: Item<'_>, what: &str, name: &str) -> Fault {
    let message = format!("{what} `{name}` is there twice: the pages are of different moments, dump again");
    Fault::new(item.node.at, message)
}

#[cfg(test)]
mod tests;
