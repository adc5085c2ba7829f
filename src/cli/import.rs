//! `ramgate import`: RAM's users, groups, roles, policies and grants as documents of a directory.

mod dump_folder;
mod report;
mod target;
mod written_files;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::import::report::{print_drift, print_written};
use crate::cli::import::target::Target;
use crate::cli::output::Output;
use crate::config::LocatedFault;
use crate::import::facts::{Extent, compare, facts};
use crate::import::output::{Form, Marker, files};
use crate::import::terraform::TerraformSettings;
use crate::import::{OwnDocuments, RamData, Settings, Source, aliyun, documents, terraform};

/// Make policies and a directory from RAM's own data
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    Aliyun(AliyunArgs),
    Terraform(TerraformArgs),
}

/// Import a folder with answers of the aliyun CLI, as deploy/import/dump.sh makes it
#[derive(Debug, Args)]
struct AliyunArgs {
    /// The folder with the answers
    folder: PathBuf,
    #[command(flatten)]
    to: ToArgs,
}

/// Import what `terraform show -json` prints of a state or a plan: the part of the account that Terraform manages
#[derive(Debug, Args)]
struct TerraformArgs {
    /// The file with the output
    file: PathBuf,
    /// A folder above the account in the resource directory, from the root down, or `none`; repeatable
    #[arg(long, value_name = "ID")]
    folder: Vec<String>,
    #[command(flatten)]
    to: ToArgs,
}

#[derive(Debug, Args)]
struct ToArgs {
    /// Write into this folder; replaces what an import wrote there before, and nothing else
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Write nothing, and compare with this folder; the exit code is 2 if RAM is not what it says
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    check: Option<PathBuf>,
    /// The cluster's region, if no file of your own has the section `account`
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The account's number, if nothing in the input says it
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Write files of policies and a directory, or manifests of ConfigMaps
    #[arg(long, value_enum, default_value_t = Form::Folder)]
    format: Form,
    /// The namespace of the ConfigMaps
    #[arg(long, value_name = "NS", default_value = "ramgate-system")]
    namespace: String,
}

pub(super) fn run(args: &ImportArgs, output: Output) -> Result<Exit, CommandError> {
    let to = match &args.command {
        ImportCommand::Aliyun(args) => &args.to,
        ImportCommand::Terraform(args) => &args.to,
    };
    let (dir, checks) = match (&to.out, &to.check) {
        (_, Some(dir)) => (dir, true),
        (Some(dir), None) => (dir, false),
        (None, None) => return Err(CommandError::Usage("give --out or --check".to_owned())),
    };
    let target = Target::read(dir)?;
    let account = to.account.as_deref().or(target.own.account());
    let data = match &args.command {
        ImportCommand::Aliyun(args) => {
            let input = dump_folder::read(&args.folder)?;
            aliyun::read(&input, account).map_err(|faults| in_folder(&args.folder, faults))?
        }
        ImportCommand::Terraform(args) => {
            let settings = TerraformSettings {
                account: account.map(str::to_owned),
                folders: args.folder.iter().filter(|id| *id != "none").cloned().collect(),
            };
            read_terraform(&args.file, &settings)?
        }
    };
    match checks {
        true => check(&data, &target, to, output),
        false => write(&data, &target, to, output),
    }
}

/// Reads the output of `terraform show -json`
///
/// # Errors
/// The file cannot be read, or it is invalid
pub(super) fn read_terraform(file: &Path, settings: &TerraformSettings) -> Result<RamData, CommandError> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| CommandError::io(name.as_str(), error))?;
    terraform::read(&name, &bytes, settings).map_err(CommandError::Invalid)
}

/// Faults of a dump, with the path of their file
fn in_folder(folder: &Path, faults: Vec<LocatedFault>) -> CommandError {
    let faults = faults.into_iter().map(|fault| LocatedFault {
        document: folder.join(&fault.document).display().to_string(),
        ..fault
    });
    CommandError::Invalid(faults.collect())
}

fn write(data: &RamData, target: &Target, to: &ToArgs, output: Output) -> Result<Exit, CommandError> {
    let settings = Settings {
        region: to.region.clone(),
    };
    let documents = documents(data, &target.own, &settings).map_err(CommandError::Invalid)?;
    let files = files(&documents, to.format, &to.namespace);
    target.check_room(&files)?;
    target.check_whole(&files)?;
    let written = target.write(&files)?;
    print_written(data, &documents, &target.path, &written, output)?;
    Ok(Exit::Good)
}

fn check(data: &RamData, target: &Target, to: &ToArgs, output: Output) -> Result<Exit, CommandError> {
    let all: Vec<_> = target.documents().collect();
    let faults: Vec<LocatedFault> = all.iter().flat_map(|named| named.faults()).collect();
    if !faults.is_empty() {
        return Err(CommandError::Invalid(faults));
    }
    let everything = OwnDocuments::new(all.iter().copied());
    // A comparison needs no region: it is the cluster's, not RAM's
    let region = to.region.as_deref().or(everything.region()).unwrap_or("none");
    let settings = Settings {
        region: Some(region.to_owned()),
    };
    // Terraform may attach a policy whose text an earlier import brought; a dump must have every text itself
    let own = match data.source() {
        Source::Aliyun => target.own.clone().only_policies(),
        Source::Terraform => everything.clone().only_policies(),
    };
    let documents = documents(data, &own, &settings).map_err(CommandError::Invalid)?;
    let imported = target.parsed(&files(&documents, Form::Folder, &to.namespace));
    let extent = match documents.source {
        Source::Aliyun => Extent::Whole,
        Source::Terraform => Extent::Part,
    };
    let ram = facts(&imported);
    // The directory may have a text of its own where RAM's cannot be read
    let kept = documents.left_out.keys().chain(&documents.own_policies);
    let kept: Vec<String> = kept.map(|policy| format!("policy {policy}")).collect();
    let directory = facts(all.iter().copied());
    let directory = directory.into_iter().filter(|fact| !kept.contains(&fact.entity));
    let drift = compare(&directory.collect(), &ram, extent);
    print_drift(&drift, &documents, &target.path, output)?;
    Ok(Exit::good_if(drift.is_empty()))
}

/// The marker of a directory that no import has written to
fn no_marker() -> Marker {
    Marker::default()
}
