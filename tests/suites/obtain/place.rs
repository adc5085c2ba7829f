//! A copy of the script's folder, with a cache, a path and pins of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use tempfile::TempDir;

use crate::release::{Answer, Release};

/// The programs that a release has
pub(crate) const PROGRAMS: [&str; 4] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
];

/// The folder that is under test
pub(crate) const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/tools");

/// What the script may call; `go` is not among it
const COMMANDS: [&str; 25] = [
    "bash",
    "cat",
    "chmod",
    "cmp",
    "cp",
    "curl",
    "cut",
    "dirname",
    "env",
    "find",
    "flock",
    "ln",
    "mkdir",
    "mktemp",
    "mv",
    "nice",
    "readlink",
    "rm",
    "sed",
    "sha256sum",
    "sort",
    "stat",
    "tail",
    "touch",
    "tr",
];

/// Builds what it is asked for at once, and writes down what that was.
const GO: &str = r#"#!/bin/bash
printf '%s\n' "$*" >>"$(dirname "$0")/../built"
if [ "$1 $2" = "mod download" ]; then printf '\t"GoMod": "%s/module"\n' "$(dirname "$0")"; fi
if [ "$1 $2" = "mod tidy" ]; then touch go.sum; fi
while [ $# -gt 0 ]; do
    if [ "$1" = -o ]; then printf '#!/bin/bash\necho built\n' >"$2"; chmod 755 "$2"; fi
    shift
done
"#;

/// What a run printed
pub(crate) struct Ran {
    pub(crate) succeeded: bool,
    pub(crate) folder: PathBuf,
    pub(crate) messages: String,
}

impl Ran {
    /// What the program NAME of the folder prints
    pub(crate) fn program(&self, name: &str) -> String {
        assert!(self.succeeded, "{}", self.messages);
        let output = Command::new(self.folder.join(name)).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(
            self.messages.contains(text),
            "{text} is not in:\n{}",
            self.messages
        );
    }
}

/// The copy
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) release: Release,
}

/// A program that prints TEXT. It is long enough to break off in the middle.
pub(crate) fn program(text: &str) -> Vec<u8> {
    format!("#!/bin/bash\necho {text}\nexit\n{}\n", "#".repeat(200_000)).into_bytes()
}

pub(crate) fn checksum(file: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, file).as_ref())
}

impl Place {
    /// A place whose pins are those of a release that has all programs of Kubernetes 1.36.3
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            release: Release::start(),
        };
        copy(Path::new(TOOLS), &place.path("tools"));
        place.write("tools/prebuilt.sha256", "# none\n");
        fs::create_dir(place.path("bin")).unwrap();
        for name in COMMANDS {
            let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
                .map(|folder| folder.join(name))
                .find(|path| path.exists());
            if let Some(found) = found {
                symlink(found, place.path("bin").join(name)).unwrap();
            }
        }
        place.executable("bin/go", GO);
        place.executable("bin/uname", "#!/bin/bash\necho Linux x86_64\n");
        place.executable("bin/prometheus", "#!/bin/bash\n");
        place.executable("bin/promtool", "#!/bin/bash\n");
        place.write(
            "bin/module",
            "go 1.22.0\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n",
        );
        place.pin("v1.36.3/bin/linux/amd64", "1.36.3");
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn executable(&self, name: &str, text: &str) {
        drop(fs::remove_file(self.path(name)));
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Pins the programs of a release's folder, and has the server offer them. Each prints its name and TEXT.
    pub(crate) fn pin(&self, folder: &str, text: &str) {
        let mut pins = fs::read_to_string(self.path("tools/prebuilt.sha256")).unwrap();
        pins = pins
            .lines()
            .filter(|line| !line.contains(folder))
            .map(|line| format!("{line}\n"))
            .collect();
        for name in PROGRAMS {
            let (path, file) = (format!("{folder}/{name}"), program(&format!("{name} {text}")));
            pins += &format!("{}  {path}\n", checksum(&file));
            self.release.answer(&path, Answer::File(file));
        }
        self.write("tools/prebuilt.sha256", &pins);
    }

    pub(crate) fn run(&self) -> Ran {
        self.run_with(&[])
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)]) -> Ran {
        ran(self.command(variables).output().unwrap())
    }

    pub(crate) fn command(&self, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.path("tools/obtain.sh"));
        command
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.folder.path())
            .env("RAMGATE_TEST_CACHE", self.path("cache"))
            .env("RAMGATE_TEST_DOWNLOADS", self.release.address())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The packages that were built, and forgets them
    pub(crate) fn built(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("built")).unwrap_or_default();
        self.write("built", "");
        log.lines()
            .filter(|line| line.starts_with("build "))
            .map(|line| {
                line.rsplit(' ')
                    .next()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    /// The files that are kept of downloads, unfinished ones too
    pub(crate) fn kept(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path("cache/prebuilt"))
            .into_iter()
            .flatten()
            .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        succeeded: output.status.success(),
        folder: String::from_utf8(output.stdout).unwrap().trim_end().into(),
        messages: String::from_utf8(output.stderr).unwrap(),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}
