//! What a long step says meanwhile

use std::process::{Command, Output};

use crate::place::TOOLS;

/// Runs shell code that has the functions of progress.sh.
fn shell(code: &str) -> Output {
    Command::new("bash")
        .args(["-euc", &format!(". {TOOLS}/progress.sh; {code}")])
        .output()
        .unwrap()
}

#[test]
fn a_line_now_and_then_shows_that_a_step_goes_on() {
    let output = shell("line_seconds=1; timed 'building etcd' sleep 2.5; say done");
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(
        messages.starts_with("obtain.sh: still building etcd: "),
        "{messages}"
    );
    assert!(messages.ends_with(" s\nobtain.sh: done\n"), "{messages}");
    assert!(!messages.contains('\r'), "{messages}");
    assert!(output.stdout.is_empty(), "it belongs to the path that is printed");
}

#[test]
fn a_step_keeps_its_output_and_its_failure() {
    let output = shell("timed 'a step' bash -c 'echo out; exit 7'");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"");
}

#[test]
fn the_end_of_a_step_takes_no_download_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().display();
    let output = shell(&format!(
        "here={TOOLS} cache={cache}; . $here/prebuilt.sh
        for time in {{1..300}}; do part={cache}/part; touch $part; timed step true; [ -e $part ]; done"
    ));
    assert!(output.status.success(), "{output:?}");
    assert!(
        !folder.path().join("part").exists(),
        "only the end of the script does"
    );
}

#[test]
fn times_are_readable() {
    let output = shell("for time in 0 59 60 185 3661; do duration $time; echo; done");
    let times = String::from_utf8(output.stdout).unwrap();
    assert_eq!(times, "0 s\n59 s\n1 min 0 s\n3 min 5 s\n61 min 1 s\n");
}
