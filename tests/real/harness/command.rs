//! ramgate's commands for administrators, run from a laptop with somebody's kubeconfig.

use std::process::Command;

use serde_json::Value;

use super::kubectl::Kubectl;

/// What a command printed, and its exit code
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `ramgate ARGUMENTS` as somebody
pub(crate) fn ramgate(who: &Kubectl, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(arguments)
        .env("KUBECONFIG", who.kubeconfig())
        .output()
        .expect("ramgate");
    Run {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// Itself, if it ended with this code; else the test ends with what it said
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self
    }

    /// What it printed with `--output json`
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
