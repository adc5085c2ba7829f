//! A registry that is a folder, and a cosign that writes down what it is asked to sign.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::dist::{Dist, script};

/// Answers as crane does. What a tag has is the contents of a file.
const CRANE: &str = r#"#!/bin/bash
folder=$(dirname "$0")
name=${@: -1}
tag=$folder/${name//[:\/]/_}
case $1 in
digest)
    if [ -e "$folder/error" ]; then cat "$folder/error" >&2; exit 1; fi
    if [ -e "$tag" ]; then cat "$tag"; exit; fi
    echo "2026/11/30 20:51:03 HEAD request failed, falling back on GET: unexpected status code 404 Not Found" >&2
    echo "Error: GET https://registry.example.com/v2/manifests/1: MANIFEST_UNKNOWN: no such manifest" >&2
    exit 1
    ;;
manifest) cat "$folder/manifest" ;;
push)
    echo "$name" >>"$folder/pushed"
    jq --raw-output '.manifests[0].digest' "$2/index.json" >"$tag"
    if [ "$name" = "$(cat "$folder/swapped" 2>/dev/null)" ]; then echo sha256:00 >"$tag"; fi
    ;;
*) exit 9 ;;
esac
"#;

pub(crate) struct Stubs(TempDir);

impl Stubs {
    pub(crate) fn new() -> Self {
        let stubs = Self(tempfile::tempdir().unwrap());
        let cosign = "#!/bin/bash\necho \"$*\" >>\"$(dirname \"$0\")/signed\"\n";
        for (name, text) in [("crane", CRANE), ("cosign", cosign)] {
            stubs.write(name, text);
            fs::set_permissions(stubs.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        stubs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Has a tag name this digest
    pub(crate) fn publish(&self, reference: &str, digest: &str) {
        self.write(&reference.replace(['/', ':'], "_"), digest);
    }

    pub(crate) fn run(&self, dist: &Dist, name: &str, arguments: &[&str]) -> Output {
        script(name)
            .args(arguments)
            .env("RAMGATE_DIST", dist.path("."))
            .env("CRANE", self.path("crane"))
            .env("COSIGN", self.path("cosign"))
            .env_remove("COSIGN_KEY")
            .output()
            .unwrap()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What was pushed, by its reference
    pub(crate) fn pushed(&self) -> Vec<String> {
        self.lines("pushed")
    }

    /// What cosign was called with
    pub(crate) fn signed(&self) -> Vec<String> {
        self.lines("signed")
    }
}
