//! `init`, completions, man pages, and the name as a plugin of kubectl.

use std::process::{Command, Stdio};

use crate::folder::Folder;

#[test]
fn a_first_configuration_is_clean_and_does_what_it_says() {
    let folder = Folder::new();
    let output = folder.run("init first --account 1234567890123456 --region cn-beijing");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let commands: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  ramgate "))
        .collect();
    assert_eq!(commands.len(), 3, "{text}");
    for command in commands {
        let output = folder.run(command);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}: {text}");
    }
    assert!(
        folder.text("lint first/config").contains("0 errors, 0 warnings"),
        "{}",
        folder.text("lint first/config")
    );
    assert!(
        folder
            .read("first/config/directory.yaml")
            .contains("region: cn-beijing}")
    );
    folder.write(
        "bare.yaml",
        &folder
            .read("first/pod.yaml")
            .replace("    k8s.aliyun.com/eci-custom-tags: \"env:test\"\n", ""),
    );
    let check = "check -f bare.yaml --config-dir first/config --as alice@example.com";
    assert_eq!(folder.run(check).status.code(), Some(2));
}

/// What a line that is missing something says on standard error, with nothing on standard input and no kubeconfig
fn refused(folder: &Folder, line: &str) -> String {
    let mut command = folder.command(line);
    command
        .stdin(Stdio::null())
        .env_remove("KUBECONFIG")
        .env("HOME", folder.path());
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{line}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_a_newcomer_leaves_out_is_said_with_what_to_give() {
    let folder = Folder::new();
    for (line, words) in [
        (
            "check -f - --config-dir config --as bob@example.com",
            "standard input holds no manifest: did the command before the pipe print any?",
        ),
        (
            "replay - --config-dir config",
            "-:1:1: not JSON: the text is empty",
        ),
        ("test - --config-dir config", "-: no case is in this file"),
        (
            "test cases.yaml",
            "cases.yaml: the file has no `directory`: write one, or give the policies and directory with --config-dir",
        ),
        ("lint -", "documents have their names from files"),
        (
            "check -f app.yaml --config-dir - --as x",
            "documents have their names from files",
        ),
        (
            "stamp list",
            "set KUBECONFIG to the path of a kubeconfig, or write ~/.kube/config",
        ),
        ("probe", "set KUBECONFIG"),
        ("audit", "set KUBECONFIG"),
        ("preflight", "set KUBECONFIG"),
        ("serve --namespace ramgate-system", "set KUBECONFIG"),
    ] {
        let error = refused(&folder, line);
        assert!(error.contains(words), "{line}: {error}");
    }
}

#[test]
fn standard_input_is_a_file_of_cases_or_messages() {
    let folder = Folder::new();
    let cases = std::fs::File::open(folder.path().join("cases.yaml")).unwrap();
    let output = folder
        .command("test - --config-dir config")
        .stdin(cases)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("-:4: must <not>") && text.ends_with("1 passed, 1 failed\n"),
        "{text}"
    );
}

#[test]
fn init_overwrites_nothing() {
    let folder = Folder::new();
    folder.write("there/pod.yaml", "mine");
    let output = folder.run("init there --account 1234567890123456");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("there/pod.yaml is there already: nothing is written"),
        "{error}"
    );
    assert_eq!(folder.read("there/pod.yaml"), "mine");
    assert_eq!(
        folder.run("lint there/config").status.code(),
        Some(1),
        "no other file is written"
    );
    for wrong in [
        "init x --account 12a",
        "init x --account 1 --region 'cn}'",
        "init x",
    ] {
        assert_eq!(folder.run(wrong).status.code(), Some(1), "{wrong}");
    }
}

#[test]
fn bash_takes_the_completions_and_completes_a_command() {
    let folder = Folder::new();
    folder.write("complete.sh", &folder.text("completions bash"));
    let script = "source ./complete.sh; COMP_WORDS=(ramgate pre); COMP_CWORD=1; _ramgate ramgate pre ramgate; echo \"${COMPREPLY[*]}\"";
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "preflight\n",
        "{output:?}"
    );
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(
            folder.text(&format!("completions {shell}")).contains("preflight"),
            "{shell}"
        );
    }
}

#[test]
fn each_command_has_a_man_page() {
    let folder = Folder::new();
    assert_eq!(folder.run("man man1").status.code(), Some(0));
    for page in ["ramgate.1", "ramgate-check.1", "ramgate-stamp-list.1"] {
        assert!(
            folder.read(&format!("man1/{page}")).contains(".SH SYNOPSIS"),
            "{page}"
        );
    }
    assert!(folder.read("man1/ramgate-diff.1").contains("approvals"));
    assert!(folder.text("man").starts_with(".ie"));
    folder.write("file", "");
    assert_eq!(folder.run("man file").status.code(), Some(1));
}

#[test]
fn as_a_plugin_it_has_the_name_by_which_it_is_called() {
    let folder = Folder::new();
    let plugin = folder.path().join("kubectl-ramgate");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ramgate"), &plugin).unwrap();
    let text = |words: &[&str]| {
        let output = Command::new(&plugin).args(words).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(
        text(&["--help"]).contains("Usage: kubectl ramgate "),
        "{}",
        text(&["--help"])
    );
    assert!(text(&["check", "--help"]).contains("Usage: kubectl ramgate check "));
    assert!(text(&["chekc"]).contains("Usage: kubectl ramgate "));
    assert!(folder.text("check --help").contains("Usage: ramgate check "));
}
