//! A folder with a configuration, manifests and cases, and ramgate run in it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The policy stands in a ConfigMap, so that its lines are not those of the file
const CONFIG_MAP: &str = r#"# People and rules
apiVersion: v1
kind: ConfigMap
metadata:
  name: rules
  labels: {ramgate.io/config: policy}
data:
  TestOnly.json: |
    {
      "Version": "1",
      "Statement": [
        {"Effect": "Allow", "Action": "eci:*", "Resource": "*",
         "Condition": {"StringEquals": {"eci:tag/env": "test"}}}
      ]
    }
"#;

const DIRECTORY: &str = "account: {id: '1234567890123456', region: cn-hangzhou}
users: [{name: bob, policies: [{policy: TestOnly}]}]
bindings: [{principal: user/bob, subjects: [{kind: User, name: bob@example.com}]}]
";

const MANIFESTS: &str = "apiVersion: v1
kind: Pod
metadata: {name: good, labels: {eci: 'true'}, annotations: {k8s.aliyun.com/eci-custom-tags: 'env:test'}}
spec: {containers: [{name: c}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bad}
spec:
  template:
    metadata:
      labels: {eci: 'true'}
      annotations:
        k8s.aliyun.com/eci-custom-tags: 'env:prod'
    spec: {containers: [{name: c}]}
";

const CASES: &str = "cases:
- {name: may, principal: user/bob, action: 'eci:CreateContainerGroup', context: {eci:tag/env: test}, expect: Allow}

- {name: must <not> & \"never\", principal: user/bob, action: 'eci:CreateContainerGroup', expect: Allow}
";

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in [
            ("config/rules.yaml", CONFIG_MAP),
            ("config/people.yaml", DIRECTORY),
            (
                "next/rules.yaml",
                &CONFIG_MAP.replace("\"test\"", "[\"test\", \"prod\"]"),
            ),
            ("next/people.yaml", DIRECTORY),
            ("app.yaml", MANIFESTS),
            ("cases.yaml", CASES),
        ] {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// ramgate with the words of a line, in the folder
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramgate"));
        command
            .args(line.split(' '))
            .current_dir(self.0.path())
            .env_remove("NO_COLOR");
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// What is printed to standard output
    pub(crate) fn text(&self, line: &str) -> String {
        String::from_utf8(self.run(line).stdout).unwrap()
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        let text = self.text(line);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error}\n{text}"))
    }
}

pub(crate) const CHECK: &str = "check -f app.yaml --config-dir config --as bob@example.com";
pub(crate) const LINT: &str = "lint config";
pub(crate) const TEST: &str = "test cases.yaml --config-dir config";
pub(crate) const DIFF: &str = "diff config next";
