//! `ramgate completions` and `ramgate man`: what shells and `man` know of the command line, made of its own definition.

use std::io;
use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};

/// Print a script that lets a shell complete commands and flags
///
/// For bash: ramgate completions bash > /etc/bash_completion.d/ramgate
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Print the man page of ramgate, or write those of all commands to a folder
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder for one page a command, such as /usr/local/share/man/man1; it must be there
    directory: Option<PathBuf>,
}

/// Prints the script for a shell
pub(super) fn completions(args: &CompletionsArgs, mut command: clap::Command) -> Result<Exit, CommandError> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Good)
}

/// Prints or writes man pages
pub(super) fn man(args: &ManArgs, command: clap::Command, output: Output) -> Result<Exit, CommandError> {
    let Some(directory) = &args.directory else {
        print(&page(command).map_err(|error| CommandError::io("the man page", error))?)?;
        return Ok(Exit::Good);
    };
    let failed = |error| CommandError::io(directory.display().to_string(), error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(command, directory).map_err(failed)?;
    match output {
        Output::Human => print(&format!("wrote the man pages to {}\n", directory.display()))?,
        Output::Json => print_json(&serde_json::json!({"written": directory}))?,
    }
    Ok(Exit::Good)
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
