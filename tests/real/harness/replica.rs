//! One pod of the Deployment, played by a process: the product's own binary as the rendered manifest starts it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use super::control_plane::ControlPlane;
use super::http;
use super::install::NAMESPACE;
use super::install::RELEASE;
use super::kubectl::Kubectl;
use super::process::Process;
use super::process::free_port;
use super::process::unique;

/// A running replica
pub(crate) struct Replica {
    pub(crate) process: Process,
    /// Where it answers reviews, over HTTPS
    pub(crate) port: u16,
    /// Where it answers /live, /ready and /metrics, over HTTP
    pub(crate) admin_port: u16,
    /// Where it answers /live and /ready to probes, over HTTP
    pub(crate) probe_port: u16,
    mounts: Vec<Mount>,
}

/// A Secret that the Deployment mounts, and the folder that plays the mount
struct Mount {
    secret: String,
    path: String,
    folder: PathBuf,
}

impl Replica {
    /// Starts the container of the stored Deployment under a pod's name
    ///
    /// Arguments and environment are the Deployment's, but for the three ports and the paths of mounted Secrets; the
    /// credentials are a token of the Deployment's ServiceAccount.
    pub(crate) fn start(plane: &ControlPlane, name: &str) -> Self {
        Self::start_at(plane, name, free_port())
    }

    /// The same at a port that is known before
    pub(crate) fn start_at(plane: &ControlPlane, name: &str, port: u16) -> Self {
        Self::start_with(plane, name, port, &[])
    }

    /// The same with more arguments behind those of the Deployment, of which each `--FLAG=NUMBER` replaces that flag's
    pub(crate) fn start_with(plane: &ControlPlane, name: &str, port: u16, more: &[&str]) -> Self {
        Self::start_changed(plane, name, port, more, None, |_| ())
    }

    /// The same with another standard error, and after a last change of the command, such as more of an environment
    pub(crate) fn start_changed(
        plane: &ControlPlane,
        name: &str,
        port: u16,
        more: &[&str],
        stderr: Option<Stdio>,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let deployment = plane.admin().within(NAMESPACE).get(&["deployment", RELEASE]);
        let spec = &deployment["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        assert!(
            container["command"].is_null(),
            "the image's own entry point is the binary: {container}"
        );
        let folder = plane.folder().join(name);
        fs::create_dir_all(&folder).expect("folder of a replica");

        let mounts = mounts(spec, container, &folder);
        for mount in &mounts {
            mount.refresh(plane);
        }
        let (admin_port, probe_port) = (free_port(), free_port());
        let environment = environment(container, name);
        let mut arguments: Vec<String> = texts(&container["args"]);
        for &argument in more {
            match argument.split_once('=') {
                Some((flag, value)) if value.parse::<u64>().is_ok() => set(&mut arguments, flag, value),
                _ => arguments.push(argument.to_owned()),
            }
        }
        for argument in &mut arguments {
            for (name, value) in &environment {
                *argument = argument.replace(&format!("$({name})"), value);
            }
            for mount in &mounts {
                *argument = argument.replace(&mount.path, &mount.folder.display().to_string());
            }
        }
        set(&mut arguments, "--listen", &format!("127.0.0.1:{port}"));
        set(
            &mut arguments,
            "--admin-listen",
            &format!("127.0.0.1:{admin_port}"),
        );
        set(
            &mut arguments,
            "--probe-listen",
            &format!("127.0.0.1:{probe_port}"),
        );

        let account = spec["serviceAccountName"]
            .as_str()
            .expect("the Deployment names a ServiceAccount");
        // A measurement wants the program as it is shipped.
        let program = std::env::var_os("RAMGATE_TEST_PROGRAM");
        let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_ramgate").into()));
        command
            .args(&arguments)
            .env_clear()
            .envs(environment)
            .env("KUBECONFIG", service_account(plane, account).kubeconfig())
            .current_dir(&folder);
        change(&mut command);
        let process = Process::start_with(name, command, plane.folder(), stderr);
        Self {
            process,
            port,
            admin_port,
            probe_port,
            mounts,
        }
    }

    /// Nothing if it is ready, else why not; panics if it has ended
    pub(crate) fn ready(&mut self) -> Result<(), String> {
        if let Some(status) = self.process.ended() {
            panic!("it has ended with {status}\n{}", self.process.tail());
        }
        match http::get(self.admin_port, "/ready") {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(format!("{answer:?}\n{}", self.process.tail())),
            Err(error) => Err(format!("{error}\n{}", self.process.tail())),
        }
    }

    /// What it shows to Prometheus
    pub(crate) fn metrics(&self) -> String {
        http::get(self.admin_port, "/metrics").expect("metrics").body
    }

    /// The value of one series, by its name with labels as printed
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let metrics = self.metrics();
        let line = metrics
            .lines()
            .find(|line| line.strip_prefix(series).is_some_and(|l| l.starts_with(' ')))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Brings changed Secrets into the mounts, as the kubelet does some time after a change
    pub(crate) fn refresh_mounts(&self, plane: &ControlPlane) {
        for mount in &self.mounts {
            mount.refresh(plane);
        }
    }
}

/// kubectl as a ServiceAccount of the release's namespace, with a token that the API server issued
pub(crate) fn service_account(plane: &ControlPlane, account: &str) -> Kubectl {
    let token = plane
        .admin()
        .within(NAMESPACE)
        .run(&["create", "token", account])
        .success()
        .stdout;
    plane.holder(&format!("token-{account}"), token.trim())
}

impl Mount {
    /// Writes the Secret's files beside the old ones and swaps the symlink `..data`, as the kubelet does
    fn refresh(&self, plane: &ControlPlane) {
        let secret = plane.admin().within(NAMESPACE).run(&[
            "get",
            "secret",
            &self.secret,
            "--output=go-template={{range $key, $value := .data}}{{$key}}={{$value | base64decode | printf \"%q\"}}\n{{end}}",
        ]);
        let version = format!("..version-{}", unique());
        fs::create_dir_all(self.folder.join(&version)).expect("folder of a mount");
        let swap = self.folder.join("..data_tmp");
        symlink(&version, &swap).expect("link of a mount");
        for line in secret.success().stdout.lines() {
            let (key, value) = line.split_once('=').expect("key=value");
            // Go quotes PEM text as JSON does.
            let value: String = serde_json::from_str(value).expect("a quoted value");
            fs::write(self.folder.join(&version).join(key), value).expect("file of a mount");
            let link = self.folder.join(key);
            if !link.is_symlink() {
                symlink(Path::new("..data").join(key), link).expect("link of a mount");
            }
        }
        fs::rename(swap, self.folder.join("..data")).expect("swap of a mount");
    }
}

fn mounts(spec: &Value, container: &Value, folder: &Path) -> Vec<Mount> {
    let none = vec![];
    let volumes = spec["volumes"].as_array().unwrap_or(&none);
    let secret = |name: &Value| {
        let volume = volumes.iter().find(|volume| &volume["name"] == name)?;
        volume["secret"]["secretName"].as_str()
    };
    let mounted = container["volumeMounts"].as_array().unwrap_or(&none);
    mounted
        .iter()
        .filter_map(|mount| {
            Some(Mount {
                secret: secret(&mount["name"])?.to_owned(),
                path: mount["mountPath"].as_str()?.to_owned(),
                folder: folder.join(mount["name"].as_str()?),
            })
        })
        .collect()
}

fn environment(container: &Value, pod: &str) -> Vec<(String, String)> {
    let none = vec![];
    let variables = container["env"].as_array().unwrap_or(&none).iter();
    variables
        .map(|variable| {
            let name = variable["name"].as_str().expect("name of a variable").to_owned();
            let value = match variable["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
                Some("metadata.name") => pod,
                Some("metadata.namespace") => NAMESPACE,
                Some(other) => panic!("the tests do not know the field {other} of a pod"),
                None => variable["value"].as_str().unwrap_or_default(),
            };
            (name, value.to_owned())
        })
        .collect()
}

fn texts(list: &Value) -> Vec<String> {
    let none = vec![];
    let items = list.as_array().unwrap_or(&none).iter();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Gives a flag another value, in whichever of its forms it is written
fn set(arguments: &mut Vec<String>, flag: &str, value: &str) {
    let joined = format!("{flag}=");
    if let Some(argument) = arguments
        .iter_mut()
        .find(|argument| argument.starts_with(&joined))
    {
        *argument = joined + value;
    } else if let Some(at) = arguments.iter().position(|argument| argument == flag) {
        arguments[at + 1] = value.to_owned();
    } else {
        arguments.push(joined + value);
    }
}
