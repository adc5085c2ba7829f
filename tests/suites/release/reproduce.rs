//! Two builds of one commit, compared; in place of Cargo is a program that takes no minutes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::dist::{error_of, helm, refused};
use crate::source::Source;

const ARCH: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// Runs `reproduce.sh` with a Cargo that writes the program by this command of a shell, whose output is `$out`
fn reproduce(program: &str) -> (Source, Output) {
    let source = Source::copy();
    source.commit();
    let bin = tempfile::tempdir().unwrap();
    let cargo = format!(
        "#!/bin/bash\nwhile [ \"$1\" != --target ]; do shift; done\nout=$CARGO_TARGET_DIR/$2/release/ramgate\n\
         mkdir -p \"$(dirname \"$out\")\"\n{program}\nchmod +x \"$out\"\n"
    );
    fs::write(bin.path().join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.path().join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new(source.path("scripts/release/reproduce.sh"))
        .arg(ARCH)
        .env("PATH", path)
        .env("KEEP", "1")
        .env("HELM", helm())
        .env("TMPDIR", bin.path())
        .env("ImageOS", "ubuntu24")
        .env("ImageVersion", "20260701.1")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RAMGATE_DIST")
        .env_remove("SOURCE_DATE_EPOCH")
        .output()
        .unwrap();
    (source, output)
}

#[track_caller]
fn refuses(program: &str, reason: &str) {
    refused(&reproduce(program).1, reason);
}

#[test]
fn the_same_program_twice_is_kept() {
    let (source, output) = reproduce("echo same >\"$out\"");
    assert!(output.status.success(), "{}", error_of(&output));
    assert!(
        error_of(&output).contains("both programs are "),
        "{}",
        error_of(&output)
    );
    let kept = source.path("target/dist/bin").join(ARCH).join("ramgate");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "same\n");
    // With what built it, on this machine
    let tools = fs::read_to_string(kept.with_file_name("tools.json")).unwrap();
    let tools: serde_json::Value = serde_json::from_str(&tools).unwrap();
    let said = |name: &str| tools[name].as_str().unwrap().to_owned();
    assert!(said("rustc").starts_with("rustc 1.95.0 "), "{tools}");
    assert!(said("gcc").contains("gcc"), "{tools}");
    assert!(said("glibc").starts_with("2."), "{tools}");
    assert_eq!(said("runner"), "ubuntu24 20260701.1");
}

#[test]
fn programs_that_differ_are_named() {
    refuses(
        "date +%N >\"$out\"",
        &format!("the two programs for {ARCH} differ: "),
    );
}

/// Each of these would make the program another one on another machine
#[test]
fn a_program_that_contains_a_path_of_the_machine_is_refused() {
    refuses("echo \"$CARGO_TARGET_DIR\" >\"$out\"", "contains the path ");
    refuses(
        "echo \"${CARGO_HOME:-$HOME/.cargo}/registry\" >\"$out\"",
        "contains the path ",
    );
}

/// An image has nothing but the program
#[test]
fn a_program_that_needs_a_loader_is_refused() {
    refuses("cp /bin/sh \"$out\"", "needs a loader, so it is not static");
}

/// What the compilers are told: the paths are replaced, the time is the commit's, nothing of the caller's flags is left
#[test]
fn compilers_are_told_to_leave_paths_and_times_out() {
    let told = "{ echo \"$CARGO_ENCODED_RUSTFLAGS\" | tr '\\037' '\\n'; env | grep '^CFLAGS'; echo \"$SOURCE_DATE_EPOCH\"; \
                echo \"${RUSTFLAGS-none}\"; } | sed \"s#$CARGO_TARGET_DIR#TARGET#g; s#$(dirname \"$CARGO_TARGET_DIR\")#ROOT#g; \
                s#${CARGO_HOME:-$HOME/.cargo}#HOME#g; s#$(rustc --print sysroot)#SYSROOT#g\" >\"$out\"";
    let (source, output) = reproduce(told);
    assert!(output.status.success(), "{}", error_of(&output));
    let kept = source.path("target/dist/bin").join(ARCH).join("ramgate");
    let told = fs::read_to_string(kept).unwrap();
    for flag in [
        "target-feature=+crt-static",
        "link-arg=-Wl,--build-id=none",
        "--remap-path-prefix=ROOT=/ramgate",
        "--remap-path-prefix=TARGET=/ramgate/target",
        "--remap-path-prefix=HOME=/cargo",
        "-ffile-prefix-map=ROOT=/ramgate",
        "-ffile-prefix-map=HOME=/cargo",
    ] {
        assert!(told.contains(flag), "no {flag}: {told}");
    }
    let time = Command::new("git")
        .args(["log", "-1", "--format=%ct"])
        .current_dir(source.path("."))
        .output()
        .unwrap();
    let time = String::from_utf8(time.stdout).unwrap();
    assert!(told.lines().any(|line| line == time.trim()), "{told}");
    assert!(told.ends_with("none\n"), "{told}");
}
