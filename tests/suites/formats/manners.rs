//! Output that cannot be written is a failure.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::{CHECK, DIFF, Folder, LINT, TEST};

/// Commands that succeed, or find something, if they can print
const LINES: [&str; 10] = [
    CHECK,
    LINT,
    TEST,
    DIFF,
    "lint config --output json",
    "diff config config --output sarif",
    "simulate --config-dir config --principal user/bob --action eci:CreateContainerGroup",
    "--help",
    "completions bash",
    "man",
];

#[test]
fn a_full_disk_is_a_failure() {
    let folder = Folder::new();
    for line in LINES {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = folder.command(line).stdout(full).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {error}");
        assert!(
            error.contains("standard output: No space left on device"),
            "{line}: {error}"
        );
    }
}

#[test]
fn a_reader_that_is_gone_is_a_failure() {
    let folder = Folder::new();
    for line in LINES {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.command(line).stdout(Stdio::from(writer)).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {error}");
        assert!(error.contains("standard output: Broken pipe"), "{line}: {error}");
    }
}

/// What a command shows on a terminal, which `script` makes, with a variable in its environment
fn on_terminal(folder: &Folder, line: &str, variable: &str) -> String {
    let line = format!("{} {line}", env!("CARGO_BIN_EXE_ramgate"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    command.current_dir(folder.path()).env_remove("NO_COLOR");
    command.env("TERM", "xterm").env(variable, "1");
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn long_work_says_on_a_terminal_how_far_it_is() {
    let folder = Folder::new();
    let pod = folder.read("app.yaml").split("---\n").next().unwrap().to_owned() + "---\n";
    folder.write("many.yaml", &pod.repeat(5_000));
    let line = CHECK.replace("app.yaml", "many.yaml");
    let shown = on_terminal(&folder, &line, "OTHER");
    assert!(shown.contains("\rcheck: objects judged: "), "{}", shown.len());
    assert!(shown.contains(" of 5000\u{1b}[K"));
    let output = folder.run(&line);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "no terminal");
    assert!(
        !on_terminal(&folder, CHECK, "OTHER").contains("objects judged"),
        "short work"
    );
}

/// Users with a policy of their own, which allows them this action
fn large_configuration(folder: &Folder, name: &str, action: &str, count: usize) {
    let statement = |user: usize, at: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "eci:{action}*", "Resource": "*", "Condition": {{"StringEquals": {{"acs:RequestTag/k{at}": "v{user}"}}}}}}"#
        )
    };
    let mut users = "account: {id: '1234567890123456', region: cn-hangzhou}\nusers:\n".to_owned();
    for user in 0..count {
        users += &format!("- {{name: u{user}, policies: [{{policy: P{user}}}]}}\n");
        let statements: Vec<String> = (0..10).map(|at| statement(user, at)).collect();
        let policy = format!(r#"{{"Version": "1", "Statement": [{}]}}"#, statements.join(","));
        folder.write(&format!("{name}/P{user}.json"), &policy);
    }
    folder.write(&format!("{name}/people.yaml"), &users);
}

#[test]
fn lint_and_diff_of_many_users_say_on_a_terminal_how_far_they_are() {
    let folder = Folder::new();
    // So many that the work takes clearly longer than the second in which nothing is said
    let mut users = 1_000;
    let mut took = Duration::ZERO;
    while took < Duration::from_secs(2) {
        users *= 2;
        large_configuration(&folder, "large", "Create", users);
        let begun = Instant::now();
        folder.run("lint large");
        took = begun.elapsed();
    }
    large_configuration(&folder, "larger", "Update", users);
    for (line, work) in [
        ("lint large", "\rlint: documents checked: "),
        ("diff large larger", "\rdiff: principals searched: "),
    ] {
        let shown = on_terminal(&folder, line, "OTHER");
        assert!(shown.contains(work), "{line}: {}", shown.len());
        let cleared = shown
            .rsplit_once("\r\u{1b}[K")
            .map(|(before, _)| before.contains(work));
        assert_eq!(
            cleared,
            Some(true),
            "{line}: the line is cleared before the result"
        );
        let json = on_terminal(&folder, &format!("{line} --output json"), "OTHER");
        assert!(
            json.starts_with('{') && !json.contains(work),
            "{line}: a program reads this"
        );
        let output = folder.run(line);
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "",
            "{line}: no terminal"
        );
    }
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new();
    for line in [CHECK, DIFF, TEST] {
        assert!(!folder.text(line).contains('\u{1b}'), "{line} into a pipe");
        let always = folder.text(&format!("{line} --color always"));
        assert!(always.contains("\u{1b}[31m"), "{line}: {always}");
        let json = folder.text(&format!("{line} --color always --output json"));
        assert!(
            !json.contains('\u{1b}'),
            "{line}: only text for people has colours"
        );
    }
    let shown = on_terminal(&folder, CHECK, "OTHER");
    assert!(shown.contains("\u{1b}[31mdenied"), "{shown}");
    assert!(!on_terminal(&folder, CHECK, "NO_COLOR").contains('\u{1b}'));
}

#[test]
fn what_is_said_again_is_said_once() {
    let folder = Folder::new();
    for name in ["A", "B", "C"] {
        let policy =
            r#"{"Version": 1, "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;
        folder.write(&format!("many/{name}.json"), policy);
    }
    let text = folder.text("lint many");
    assert_eq!(text.matches("warning Unquoted").count(), 1, "{text}");
    assert!(
        text.contains("  also at many/B.json:1:13, many/C.json:1:13\n"),
        "{text}"
    );
    assert!(text.contains("3 documents, 0 errors, 3 warnings"), "{text}");
}

#[test]
fn an_error_that_nobody_can_read_keeps_its_code() {
    let folder = Folder::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let line = "lint nowhere --output json";
    let output = folder.command(line).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nowhere"));
    let status = folder.command("lint nowhere").stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
