//! Runs ramgate.

use std::path::Path;
use std::process::Command;

/// The exit code, and what was printed
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) printed: String,
}

/// Runs ramgate with some arguments; paths below `folder` are printed as if they were relative
pub(crate) fn ramgate(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(arguments)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        printed: printed.replace(&format!("{}/", folder.display()), ""),
    }
}

impl Ran {
    /// What was printed, if the exit code is the wanted one
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}", self.printed);
        self.printed
    }
}

/// The dump of an account with 12 users, 5 groups, 6 roles, 8 policies that are attached and a control policy
pub(crate) const ACCOUNT: &str = "tests/suites/import/account";
