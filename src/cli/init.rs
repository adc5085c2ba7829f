//! `ramgate init`: writes a first configuration with a case file and a pod to try it on.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};

/// The files with their contents, in which `ACCOUNT` and `REGION` are replaced
const FILES: [(&str, &str); 4] = [
    ("config/directory.yaml", include_str!("init/directory.yaml")),
    ("config/EciTestOnly.json", include_str!("init/EciTestOnly.json")),
    ("cases/first.yaml", include_str!("init/first.yaml")),
    ("pod.yaml", include_str!("init/pod.yaml")),
];

/// Write a first configuration: a directory, a policy, a case file, and a pod to check
///
/// Nothing is written if one of the files is there.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to write to, which is created if it is not there
    directory: PathBuf,
    /// The number of the Alibaba Cloud account
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: String,
    /// The region of the cluster
    #[arg(long, default_value = "cn-hangzhou", value_parser = region)]
    region: String,
}

/// An account's number is digits
fn account_id(text: &str) -> Result<String, String> {
    match !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account's number has only digits, such as 1234567890123456".to_owned()),
    }
}

fn region(text: &str) -> Result<String, String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_letter) {
        true => Ok(text.to_owned()),
        false => Err("a region is like cn-hangzhou".to_owned()),
    }
}

pub(super) fn run(args: &InitArgs, output: Output) -> Result<Exit, CommandError> {
    let paths = FILES.map(|(name, _)| args.directory.join(name));
    if let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(CommandError::Usage(format!(
            "{} is there already: nothing is written, give another folder",
            path.display()
        )));
    }
    for (path, (_, text)) in paths.iter().zip(FILES) {
        let text = text
            .replace("ACCOUNT", &args.account)
            .replace("REGION", &args.region);
        write_new(path, &text).map_err(|error| CommandError::io(path.display().to_string(), error))?;
    }
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    match output {
        Output::Human => print(&human(&args.directory, &names))?,
        Output::Json => print_json(&json!({"written": names}))?,
    }
    Ok(Exit::Good)
}

/// Writes a file that is not there yet, not even since somebody looked
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn human(directory: &Path, names: &[String]) -> String {
    let directory = directory.display();
    let written: String = names.iter().map(|name| format!("wrote {name}\n")).collect();
    format!(
        "{written}\
         try it:\n\
         \x20 ramgate check -f {directory}/pod.yaml --config-dir {directory}/config --as alice@example.com\n\
         \x20 ramgate test {directory}/cases --config-dir {directory}/config\n\
         then put your own policies, users and bindings into {directory}/config, and run\n\
         \x20 ramgate lint {directory}/config\n"
    )
}
