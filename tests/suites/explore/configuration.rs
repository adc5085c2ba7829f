//! Folders of documents for the page.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The users that are searched and paged
pub(crate) const MANY: usize = 10_000;

pub(crate) const TEST_ONLY: &str = r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["eci:Create*", "eci:Describe*"],
      "Resource": "*",
      "Condition": {"StringEquals": {"eci:tag/env": "test"}}
    },
    {
      "Effect": "Deny",
      "Action": "eci:DeleteContainerGroup",
      "Resource": "*"
    }
  ]
}
"#;

const DIRECTORY: &str = "
account: {id: '1234567890123456', region: cn-hangzhou}
resourceGroups:
  - {id: rg-acme0default, default: true}
  - {id: rg-acme0batch, name: batch}
users:
  - {name: alice, policies: [{policy: TestOnly}]}
  - {name: bob}
roles:
  - name: Reader
    trustPolicy: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [ecs.aliyuncs.com]}}]}
    policies: [{policy: TestOnly}]
bindings:
  - {principal: user/alice, subjects: [{kind: User, name: alice@example.com}]}
";

/// A folder that goes with this value
pub(crate) struct Folder(TempDir);

impl Folder {
    /// Three callers and one policy
    pub(crate) fn small() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("TestOnly.json", TEST_ONLY);
        folder.write("directory.yaml", DIRECTORY);
        folder
    }

    /// As small, with many users more
    pub(crate) fn large() -> Self {
        let folder = Self::small();
        let user = |number| format!("  - {{name: worker-{number:05}, policies: [{{policy: TestOnly}}]}}\n");
        let users: String = (0..MANY).map(user).collect();
        folder.write("workers.yaml", &format!("users:\n{users}"));
        folder
    }

    /// A folder with one document
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(name, text);
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }
}
