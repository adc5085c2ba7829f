//! The chart, rendered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use ramgate::testing::yaml;
use serde_json::{Value, json};

/// The namespace of the release in these tests
pub(crate) const NAMESPACE: &str = "ramgate-system";

/// The objects of a release
pub(crate) struct Manifests(Vec<Value>);

/// A file or folder of the repository
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A program of the tests: the one that its variable names, else the one that the script obtains
pub(crate) fn tool(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = std::env::var_os(name.to_uppercase()) {
        return path.into();
    }
    FOLDER
        .get_or_init(|| {
            let script = repository("tests/real/tools/obtain.sh");
            let output = Command::new(&script).stderr(Stdio::inherit()).output().unwrap();
            assert!(output.status.success(), "{} failed, see above", script.display());
            PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
        })
        .join(name)
}

/// The names and contents of the values files that stand for the supported ways to install
pub(crate) fn supported() -> Vec<(String, Value)> {
    let mut files: Vec<_> = fs::read_dir(repository("charts/ramgate/ci"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                document(path),
            )
        })
        .collect()
}

/// The values of one of those files
pub(crate) fn values_of(name: &str) -> Value {
    document(&repository(&format!("charts/ramgate/ci/{name}-values.yaml")))
}

/// The only document of a YAML file
pub(crate) fn document(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    let documents = yaml::parse(&text).unwrap_or_else(|fault| panic!("{}:{fault}", path.display()));
    documents.first().map_or(Value::Null, |node| node.to_json())
}

/// All documents of a YAML text
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let documents = yaml::parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    documents.iter().map(|node| node.to_json()).collect()
}

/// What Helm renders with these values, as text, or why it refuses
pub(crate) fn template(values: &Value) -> Result<String, String> {
    helm(&["template"], values)
}

/// What Helm says after an installation with these values
#[track_caller]
pub(crate) fn notes(values: &Value) -> String {
    let said = helm(&["install", "--dry-run=client"], values).unwrap_or_else(|error| panic!("{error}"));
    said.split_once("\nNOTES:\n").expect("notes").1.to_owned()
}

fn helm(command: &[&str], values: &Value) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.json");
    fs::write(&file, values.to_string()).unwrap();
    let output = Command::new(tool("helm"))
        .args(command)
        .args(["ramgate", "--namespace", NAMESPACE])
        .arg(repository("charts/ramgate"))
        .arg("--values")
        .arg(&file)
        .env("HELM_CACHE_HOME", folder.path())
        .env("HELM_CONFIG_HOME", folder.path())
        .env("KUBECONFIG", folder.path().join("none"))
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// The objects that Helm renders with these values
#[track_caller]
pub(crate) fn render(values: &Value) -> Manifests {
    let text = template(values).unwrap_or_else(|error| panic!("{values}\n{error}"));
    Manifests(documents(&text))
}

/// The sentence with which Helm refuses these values
#[track_caller]
pub(crate) fn refusal(values: &Value) -> String {
    template(values)
        .err()
        .unwrap_or_else(|| panic!("accepted: {values}"))
}

impl Manifests {
    /// All objects
    pub(crate) fn all(&self) -> &[Value] {
        &self.0
    }

    /// All objects of a kind
    pub(crate) fn kind(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// The object of this kind and name
    #[track_caller]
    pub(crate) fn named(&self, kind: &str, name: &str) -> &Value {
        let found = self
            .kind(kind)
            .into_iter()
            .find(|object| object["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name} is rendered"))
    }

    /// The Deployment, of which there is one
    #[track_caller]
    pub(crate) fn deployment(&self) -> &Value {
        self.kind("Deployment").first().expect("a Deployment")
    }

    /// The arguments of the server
    #[track_caller]
    pub(crate) fn arguments(&self) -> Vec<&str> {
        strings(&self.deployment()["spec"]["template"]["spec"]["containers"][0]["args"])
    }

    /// The webhook entries of the configuration for `mutating` or `validating`
    #[track_caller]
    pub(crate) fn entries(&self, phase: &str) -> &Vec<Value> {
        let kind = match phase {
            "mutating" => "MutatingWebhookConfiguration",
            _ => "ValidatingWebhookConfiguration",
        };
        self.kind(kind).first().expect("a configuration")["webhooks"]
            .as_array()
            .unwrap()
    }

    /// One entry, by its name without the domain
    #[track_caller]
    pub(crate) fn entry(&self, phase: &str, name: &str) -> &Value {
        let name = format!("{name}.ramgate.io");
        let found = self
            .entries(phase)
            .iter()
            .find(|entry| entry["name"] == name.as_str());
        found.unwrap_or_else(|| panic!("no {phase} entry {name}"))
    }

    /// The names of all entries, without the domain
    pub(crate) fn entry_names(&self, phase: &str) -> Vec<&str> {
        let names = self
            .entries(phase)
            .iter()
            .map(|entry| entry["name"].as_str().unwrap());
        names
            .map(|name| name.strip_suffix(".ramgate.io").unwrap())
            .collect()
    }
}

/// A list of texts
#[track_caller]
pub(crate) fn strings(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item.as_str().unwrap()).collect()
}

/// Asserts that a CronJob whose schedule is each hour starts one run at a time, which ends within these seconds
#[track_caller]
pub(crate) fn runs_one_at_a_time(manifests: &Manifests, name: &str, seconds: u64) {
    let spec = &manifests.named("CronJob", name)["spec"];
    let job = &spec["jobTemplate"]["spec"];
    assert_eq!(
        (&spec["schedule"], &spec["concurrencyPolicy"]),
        (&json!("0 * * * *"), &json!("Forbid"))
    );
    assert_eq!(
        (&job["activeDeadlineSeconds"], &job["backoffLimit"]),
        (&json!(seconds), &json!(0))
    );
}
