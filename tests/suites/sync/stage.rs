//! A cloud, an API server, and ramgate between them.

use std::process::Command;

use tempfile::TempDir;

use crate::cloud::{Behaviour, Cloud, KEY, POD_TOKEN, PROVIDER, ROLE};
use crate::kubernetes::{DIRECTORY, Kubernetes, POLICIES};

/// One cloud and one API server
pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) kubernetes: Kubernetes,
    folder: TempDir,
}

/// What a run said
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Whose key signs
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Environment,
    Rrsa,
}

impl Stage {
    pub(crate) async fn new(behaviour: Behaviour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("{POD_TOKEN}\n")).unwrap();
        Self {
            cloud: Cloud::start(behaviour, folder.path()).await,
            kubernetes: Kubernetes::start(folder.path()).await,
            folder,
        }
    }

    /// Another cloud in place of this one
    pub(crate) async fn cloud_becomes(&mut self, behaviour: Behaviour) {
        self.cloud = Cloud::start(behaviour, self.folder.path()).await;
    }

    /// Runs a sync with the usual arguments and more
    pub(crate) async fn run(&self, more: &[&str]) -> Run {
        self.run_as(Identity::Environment, more).await
    }

    pub(crate) async fn run_as(&self, identity: Identity, more: &[&str]) -> Run {
        let address = self.cloud.address.to_string();
        let ca_file = self.cloud.ca_file.to_str().unwrap();
        let mut arguments: Vec<&str> = vec![
            "sync",
            "--region=cn-hangzhou",
            "--ca-file",
            ca_file,
            "--connect-to",
            &address,
        ];
        if !more
            .iter()
            .any(|argument| argument.starts_with("--policy-config-map"))
        {
            arguments.extend(["--policy-config-map", POLICIES]);
        }
        arguments.extend(["--directory-config-map", DIRECTORY]);
        arguments.extend(more);
        self.command(identity, &arguments).await
    }

    /// Runs ramgate with exactly these arguments
    pub(crate) async fn command(&self, identity: Identity, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramgate"));
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", &self.kubernetes.kubeconfig);
        // Libraries would write what they send, if anybody could ask them to
        command.env("RUST_LOG", "trace");
        match identity {
            Identity::Environment => {
                command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY.0);
                command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY.1);
                command.env("ALIBABA_CLOUD_SECURITY_TOKEN", KEY.2);
            }
            Identity::Rrsa => {
                command.env("ALIBABA_CLOUD_ROLE_ARN", ROLE);
                command.env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", PROVIDER);
                command.env("ALIBABA_CLOUD_OIDC_TOKEN_FILE", self.folder.path().join("token"));
            }
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        // Whatever happens, no run says a secret
        for secret in [KEY.0, KEY.1, KEY.2, POD_TOKEN, "sts-secret", "sts-token"] {
            assert!(
                !run.stdout.contains(secret) && !run.stderr.contains(secret),
                "{secret} is in {run:?}"
            );
        }
        run
    }
}

impl Run {
    /// Requires a success, and gives what was printed
    #[track_caller]
    pub(crate) fn good(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.stdout
    }
}
