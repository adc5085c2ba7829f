//! A copy of the source, which a test may change.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::dist::{helm, printed, repository};

pub(crate) struct Source(TempDir);

impl Source {
    /// What Git knows of the work tree, as it is now, without the tests
    pub(crate) fn copy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listed = printed(
            "git",
            &[
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "-z",
                "--",
                ":!tests",
                ":!fuzz/corpus",
            ],
        );
        for name in String::from_utf8(listed)
            .unwrap()
            .split('\0')
            .filter(|name| !name.is_empty())
        {
            let (from, to) = (repository(name), folder.path().join(name));
            if from.is_file() {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, to).unwrap();
            }
        }
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Changes a file
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn script(&self, name: &str, arguments: &[&str]) -> Output {
        Command::new(self.path("scripts/release").join(name))
            .args(arguments)
            .env("HELM", helm())
            .output()
            .unwrap()
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=somebody",
                "-c",
                "user.email=somebody@example.com",
            ])
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }
}
