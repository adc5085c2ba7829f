//! Compares two outputs of `terraform show -json`: what does this plan newly allow?

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::command_error::CommandError;
use crate::cli::diff::side::Sides;
use crate::config::folder::document_file;
use crate::config::{self, Configuration, NamedDocument};
use crate::import::opaque::{OpaqueChange, changed_elsewhere, changes, take_opaque};
use crate::import::output::{Form, files};
use crate::import::terraform::{TerraformSettings, is_terraform, read};
use crate::import::{OwnDocuments, RamData, Settings, documents};

/// What stands for the directory in the commands of a report, as there is none
pub(super) const PLACEHOLDER: &str = "DIR";

/// What Terraform's output does not say
#[derive(Debug, Args)]
pub(super) struct TerraformFlags {
    /// Of Terraform: the cluster's region
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Of Terraform: the account's number, if neither side says it
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Of Terraform: a folder above the account in the resource directory, from the root down, or `none`; repeatable
    #[arg(long, value_name = "ID")]
    folder: Vec<String>,
}

/// The two sides, if they are Terraform's; nothing if both are directories
///
/// # Errors
/// Only one is Terraform's, or one is invalid
pub(super) fn sides(old: &Path, new: &Path, flags: &TerraformFlags) -> Result<Option<Sides>, CommandError> {
    match (bytes(old)?, bytes(new)?) {
        (None, None) => Ok(None),
        (Some(old_bytes), Some(new_bytes)) => compared((old, &old_bytes), (new, &new_bytes), flags).map(Some),
        _ => Err(CommandError::Usage(
            "only one of OLD and NEW is an output of terraform show -json: import it first, and compare directories".to_owned(),
        )),
    }
}

/// The contents of a file of Terraform's
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, CommandError> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|error| CommandError::io(path.display().to_string(), error))?;
    Ok(is_terraform(&bytes).then_some(bytes))
}

fn compared(old: (&Path, &[u8]), new: (&Path, &[u8]), flags: &TerraformFlags) -> Result<Sides, CommandError> {
    let settings = TerraformSettings {
        account: flags.account.clone(),
        folders: flags.folder.iter().filter(|id| *id != "none").cloned().collect(),
    };
    let data = |(path, bytes): (&Path, &[u8])| {
        read(&path.display().to_string(), bytes, &settings).map_err(CommandError::Invalid)
    };
    let (mut old_data, mut new_data) = (data(old)?, data(new)?);
    let account = new_data.account.clone().or(old_data.account.clone());
    if old_data
        .account
        .as_ref()
        .is_some_and(|found| Some(found) != account.as_ref())
    {
        let message = "OLD and NEW are of different accounts";
        return Err(CommandError::Usage(message.to_owned()));
    }
    old_data.account.clone_from(&account);
    new_data.account = account;
    let mut opaque = changed_elsewhere(&old_data, &new_data);
    opaque.extend(changes(&take_opaque(&mut old_data), &take_opaque(&mut new_data)));
    Ok(Sides {
        old: configuration(old.0, &old_data, flags)?.into(),
        new: configuration(new.0, &new_data, flags)?.into(),
        opaque,
        is_terraform: true,
    })
}

/// The configuration of one side
fn configuration(path: &Path, data: &RamData, flags: &TerraformFlags) -> Result<Configuration, CommandError> {
    let settings = Settings {
        region: flags.region.clone(),
    };
    let documents = documents(data, &OwnDocuments::default(), &settings).map_err(CommandError::Invalid)?;
    let files = files(&documents, Form::Folder, "");
    let parsed = files.iter().flat_map(|(file, text)| {
        let mut parsed = document_file::documents(Path::new(file), text.as_bytes());
        for named in &mut parsed {
            named.name = format!("{}[{}]", path.display(), named.name);
        }
        parsed
    });
    let parsed: Vec<NamedDocument> = parsed.collect();
    config::load(&parsed).map_err(CommandError::Invalid)
}

/// The changes of grants that could not be compared, for people
pub(super) fn opaque_text(opaque: &[OpaqueChange]) -> String {
    let mut text = String::new();
    if !opaque.is_empty() {
        text.push_str(
            "grants of policies that ramgate cannot read, or whose text Terraform does not hold:\n",
        );
    }
    for change in opaque {
        let grant = &change.grant;
        let sign = if change.is_added { '+' } else { '-' };
        let scope = grant.resource_group.iter().map(|group| format!(" in {group}"));
        let scope: String = scope.collect();
        let may_allow = if change.may_allow() {
            ", may allow more"
        } else {
            ""
        };
        text.push_str(&format!(
            "{sign} {}: policy {}{scope}{may_allow}\n",
            grant.holder, grant.policy
        ));
    }
    text
}

/// The changes of grants that could not be compared, for programs
pub(super) fn opaque_json(opaque: &[OpaqueChange]) -> Value {
    let changes = opaque.iter().map(|change| {
        json!({
            "change": if change.is_added { "added" } else { "removed" },
            "holder": change.grant.holder,
            "policy": change.grant.policy,
            "resourceGroup": change.grant.resource_group,
            "mayAllow": change.may_allow(),
        })
    });
    changes.collect()
}
