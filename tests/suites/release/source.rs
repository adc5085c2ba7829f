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
        let source = Self(folder);
        source.add_news();
        source
    }

    /// Writes an entry under Unreleased if there is none, as in a source of which a version was just prepared
    pub(crate) fn add_news(&self) {
        let changelog = fs::read_to_string(self.path("CHANGELOG.md")).unwrap();
        let (_, news) = changelog.split_once("\n## [Unreleased]\n").unwrap();
        let news = news.split("\n## ").next().unwrap();
        if !news.contains("\n- ") {
            let entry = "\n## [Unreleased]\n\n### Changed\n\n- News\n";
            self.edit("CHANGELOG.md", "\n## [Unreleased]\n", entry);
        }
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

    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("scripts/release").join(name));
        command.args(arguments).env("HELM", helm());
        command
    }

    pub(crate) fn script(&self, name: &str, arguments: &[&str]) -> Output {
        self.command(name, arguments).output().unwrap()
    }

    /// Makes it a repository of one commit
    pub(crate) fn commit(&self) {
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=one"]);
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
