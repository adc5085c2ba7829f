//! A release, assembled by the script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use ramgate::testing::yaml;
use serde_json::Value;
use tempfile::TempDir;

/// Where the image is to be, as the chart names it
pub(crate) const REGISTRY: &str = "registry.example.com/acme";

pub(crate) const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// The version of the source
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A folder in which a release was put together
pub(crate) struct Dist(TempDir);

impl Dist {
    /// A folder with programs that run the program of the tests, which is too large to be packed again and again
    fn with_programs() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for arch in ARCHITECTURES {
            let bin = folder.path().join("bin").join(arch);
            fs::create_dir_all(&bin).unwrap();
            let program = format!(
                "#!/bin/sh\n# {arch}\nexec '{}' \"$@\"\n",
                env!("CARGO_BIN_EXE_ramgate")
            );
            fs::write(bin.join("ramgate"), program).unwrap();
            fs::set_permissions(bin.join("ramgate"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(bin.join("tools.json"), tools(arch).to_string()).unwrap();
        }
        Self(folder)
    }

    /// A copy of the shared one, to change
    pub(crate) fn copy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (Self::shared().0.path().join("."), folder.path());
        printed("cp", &["--archive", from.to_str().unwrap(), to.to_str().unwrap()]);
        Self(folder)
    }

    pub(crate) fn assemble() -> Self {
        let dist = Self::with_programs();
        let output = dist.script("assemble.sh", &[REGISTRY]);
        assert!(output.status.success(), "{}", error_of(&output));
        dist
    }

    /// The one that all tests read
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Dist> = OnceLock::new();
        SHARED.get_or_init(Self::assemble)
    }

    /// Runs a script of a release on this folder
    pub(crate) fn script(&self, name: &str, arguments: &[&str]) -> Output {
        script(name)
            .args(arguments)
            .env("RAMGATE_DIST", self.0.path())
            .output()
            .unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file to download
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path("files").join(name)
    }

    pub(crate) fn archive(&self, arch: &str) -> PathBuf {
        self.file(&format!("ramgate_{VERSION}_linux_{arch}.tar.gz"))
    }

    pub(crate) fn chart(&self) -> PathBuf {
        self.file(&format!("ramgate-{VERSION}.tgz"))
    }

    /// The names of all files below this folder, sorted, with their contents
    pub(crate) fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = vec![];
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.0.path()).unwrap().display().to_string();
                    found.push((name, fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

/// What a program was built with, on a machine that is not this one
pub(crate) fn tools(arch: &str) -> Value {
    serde_json::json!({
        "rustc": "rustc 1.95.0 (0123456789 2026-04-01)",
        "gcc": format!("gcc for {arch} 99.1"),
        "glibc": "2.99",
        "runner": "ubuntu24 20260701.1",
    })
}

/// A script of a release, with the tools of the tests
pub(crate) fn script(name: &str) -> Command {
    let mut command = Command::new(repository("scripts/release").join(name));
    command
        .env("HELM", helm())
        .env_remove("GITHUB_ACTIONS")
        .env_remove("SOURCE_DATE_EPOCH");
    command
}

/// Helm: the one that `HELM` names, else the one that the tests of the chart use
pub(crate) fn helm() -> &'static Path {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    HELM.get_or_init(|| {
        if let Some(path) = std::env::var_os("HELM") {
            return path.into();
        }
        let obtain = repository("tests/real/tools/obtain.sh");
        let output = Command::new(&obtain).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "{} failed, see above", obtain.display());
        Path::new(String::from_utf8(output.stdout).unwrap().trim_end()).join("helm")
    })
}

/// A file or folder of the repository
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// That a script refuses to go on, and why
#[track_caller]
pub(crate) fn refused(output: &Output, reason: &str) {
    let said = error_of(output);
    assert!(
        !output.status.success() && said.contains(reason),
        "wanted `{reason}`, found {}: {said}",
        output.status
    );
}

/// What a program prints, which must succeed
#[track_caller]
pub(crate) fn printed(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        error_of(&output)
    );
    output.stdout
}

/// The SHA-256 of a file, by another program than the scripts' own
#[track_caller]
pub(crate) fn sha256(path: &Path) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    let sum = digest(&SHA256, &fs::read(path).unwrap());
    data_encoding::HEXLOWER.encode(sum.as_ref())
}

/// A file of an archive
#[track_caller]
pub(crate) fn unpacked(archive: &Path, name: &str) -> Vec<u8> {
    let archive = archive.display().to_string();
    printed(
        "tar",
        &["--extract", "--to-stdout", "--gzip", "--file", &archive, name],
    )
}

/// The only document of a YAML text
#[track_caller]
pub(crate) fn document(text: &str) -> Value {
    let documents = yaml::parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    documents.first().expect("a document").to_json()
}

#[track_caller]
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
