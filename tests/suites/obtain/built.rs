//! What cannot be downloaded is built, and the script says why.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::place::{PROGRAMS, Place, Ran, program};
use crate::release::Answer;

const PATH: &str = "v1.36.3/bin/linux/amd64/kube-apiserver";

/// Expects that a run has built the whole control plane, for a REASON.
#[track_caller]
fn built(place: &Place, ran: &Ran, reason: &str) {
    for name in PROGRAMS {
        assert_eq!(ran.program(name), "built");
    }
    ran.says(reason);
    ran.says(&format!("building {} 1.36.3 from Go modules", PROGRAMS.join(" ")));
    assert_eq!(place.kept(), [""; 0]);
    assert_eq!(
        place.built(),
        [
            "v3",
            PROGRAMS[0],
            PROGRAMS[1],
            PROGRAMS[2],
            PROGRAMS[3],
            "revisions",
            "helm"
        ]
    );
}

/// Expects it where the first program gets an ANSWER.
#[track_caller]
fn built_after(answer: Answer, reason: &str) {
    let place = Place::new();
    place.release.answer(PATH, answer);
    let start = Instant::now();
    let ran = place.run();
    built(
        &place,
        &ran,
        &format!("{}/{PATH} cannot be had: curl: {reason}", place.release.address()),
    );
    // Longer than curl waits for a host, with time for a machine that is busy
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let others = place
        .release
        .requests()
        .iter()
        .filter(|path| !path.contains(PATH))
        .count();
    assert_eq!(others, 0, "one failure is enough");
}

#[test]
fn a_file_that_is_not_there() {
    built_after(Answer::Status(404), "(22)");
}

#[test]
fn a_release_that_is_out_of_order() {
    built_after(Answer::Status(503), "(22)");
}

#[test]
fn a_release_that_does_not_answer() {
    built_after(Answer::Silence, "(28)");
}

#[test]
fn a_download_that_breaks_off_at_the_same_byte_each_time() {
    built_after(
        Answer::BreaksOff(program("kube-apiserver 1.36.3"), 150_000),
        "(18)",
    );
}

#[test]
fn a_file_of_unreasonable_size() {
    built_after(Answer::Huge, "(63)");
}

#[test]
fn a_file_without_end() {
    let place = Place::new();
    let script = fs::read_to_string(place.path("tools/prebuilt.sh")).unwrap();
    let smaller = script.replace("largest_kib=400000", "largest_kib=1000");
    assert_ne!(script, smaller);
    place.write("tools/prebuilt.sh", &smaller);
    place.release.answer(PATH, Answer::Endless);
    built(&place, &place.run(), "cannot be had: curl: (23)");
}

#[test]
fn a_way_out_of_the_network() {
    built_after(Answer::Redirect("file:///etc/passwd".to_owned()), "(1)");
}

#[test]
fn a_release_that_cannot_be_reached() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nowhere = format!("http://127.0.0.1:{port}");
    let ran = place.run_with(&[("RAMGATE_TEST_DOWNLOADS", &nowhere)]);
    built(
        &place,
        &ran,
        &format!("{nowhere}/{PATH} cannot be had: curl: (7)"),
    );
}

#[test]
fn only_what_is_missing_is_built() {
    let place = Place::new();
    place
        .release
        .answer("v1.36.3/bin/linux/amd64/kube-scheduler", Answer::Status(404));
    let ran = place.run();
    assert_eq!(ran.program("kube-apiserver"), "kube-apiserver 1.36.3");
    assert_eq!(ran.program("kube-scheduler"), "built");
    ran.says("building kube-scheduler kubectl 1.36.3 from Go modules");
    assert_eq!(
        place.built(),
        ["v3", "kube-scheduler", "kubectl", "revisions", "helm"]
    );
}

#[test]
fn what_has_no_checksum_is_not_downloaded() {
    let place = Place::new();
    let ran = place.run_with(&[("KUBERNETES_VERSION", "1.35.9")]);
    assert_eq!(ran.program("kubectl"), "built");
    ran.says("has no checksum of v1.35.9/bin/linux/amd64/kube-apiserver");
    place.built();
    place.executable("bin/uname", "#!/bin/bash\necho Darwin arm64\n");
    built(
        &place,
        &place.run(),
        "has no checksum of v1.36.3/bin/Darwin/arm64/kube-apiserver",
    );
    assert_eq!(place.release.requests(), [""; 0]);
}

#[test]
fn a_build_can_be_asked_for() {
    let place = Place::new();
    let build = [("RAMGATE_TEST_BUILD", "1")];
    built(&place, &place.run_with(&build), "RAMGATE_TEST_BUILD is set");
    assert_eq!(place.release.requests(), [""; 0]);
    assert_eq!(place.run().messages, "", "what is built stays");

    // It also replaces what was downloaded.
    let place = Place::new();
    assert_eq!(place.run().program("kubectl"), "kubectl 1.36.3");
    assert_eq!(place.run_with(&build).program("kubectl"), "built");
}

#[test]
fn without_curl_nothing_is_downloaded() {
    let place = Place::new();
    fs::remove_file(place.path("bin/curl")).unwrap();
    built(&place, &place.run(), "curl was not found");
}
