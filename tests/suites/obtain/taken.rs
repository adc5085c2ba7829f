//! What is downloaded and kept

use std::fs;
use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::place::{PROGRAMS, Place, TOOLS, checksum, program, ran};
use crate::release::Answer;

#[test]
fn programs_with_the_right_checksum_are_taken_once() {
    let place = Place::new();
    let ran = place.run();
    for name in PROGRAMS {
        assert_eq!(ran.program(name), format!("{name} 1.36.3"));
        ran.says(&format!("took {name}, whose checksum is right"));
    }
    assert_eq!(place.built(), ["v3", "revisions", "helm"], "the rest is built");
    assert_eq!(place.kept(), PROGRAMS);
    ran.says(&format!(
        "downloading {} 1.36.3 from {}",
        PROGRAMS.join(" "),
        place.release.address()
    ));
    assert!(!ran.messages.contains('\r'), "{:?}", ran.messages);

    let again = place.run();
    assert_eq!(again.program("kubectl"), "kubectl 1.36.3");
    assert_eq!(again.messages, "", "what is there is not mentioned");
    assert_eq!(place.release.requests().len(), 4);
    assert_eq!(place.built(), [""; 0]);
}

#[test]
fn a_changed_pin_fetches_anew() {
    let place = Place::new();
    assert!(place.run().succeeded);
    place.pin("v1.36.3/bin/linux/amd64", "made again");
    assert_eq!(place.run().program("kube-scheduler"), "kube-scheduler made again");
    assert_eq!(place.release.requests().len(), 8);

    // Without a pin nothing that was downloaded is used.
    place.write("tools/prebuilt.sha256", "");
    assert_eq!(place.run().program("kube-scheduler"), "built");
}

/// What is kept is a file that others can write, such as a cache of CI
#[test]
fn a_kept_program_that_changed_is_fetched_anew() {
    let place = Place::new();
    assert!(place.run().succeeded);
    let sum = checksum(&program("kubectl 1.36.3"));
    let kept = format!("cache/prebuilt/{sum}/kubectl");
    // Through its link, and in a folder of tools that has no link yet
    for (requests, links) in [(5, true), (6, false)] {
        place.write(&kept, "#!/bin/bash\necho another\n");
        if !links {
            fs::remove_dir_all(place.path("cache/tools")).unwrap();
        }
        let ran = place.run();
        assert_eq!(ran.program("kubectl"), "kubectl 1.36.3");
        ran.says("cache/prebuilt/");
        ran.says(&format!("has changed: expected SHA-256 {sum}"));
        assert_eq!(place.release.requests().len(), requests);
        assert_eq!(place.kept(), PROGRAMS);
    }

    // It is not used either if it cannot be fetched.
    place.write(&kept, "#!/bin/bash\necho another\n");
    place
        .release
        .answer("v1.36.3/bin/linux/amd64/kubectl", Answer::Status(503));
    assert_eq!(place.run().program("kubectl"), "built");
}

#[test]
fn each_machine_and_version_has_programs_of_its_own() {
    let place = Place::new();
    place.pin("v1.36.3/bin/linux/arm64", "for arm64");
    place.pin("v1.30.14/bin/linux/amd64", "1.30.14");
    let older = place.run_with(&[("KUBERNETES_VERSION", "1.30.14")]);
    assert_eq!(older.program("kubectl"), "kubectl 1.30.14");
    place.executable("bin/uname", "#!/bin/bash\necho Linux aarch64\n");
    assert_eq!(place.run().program("kubectl"), "kubectl for arm64");
    assert!(
        place
            .release
            .requests()
            .iter()
            .all(|path| !path.contains("v1.36.3/bin/linux/amd64"))
    );
}

/// Where the release has the API server
const API_SERVER: &str = "v1.36.3/bin/linux/amd64/kube-apiserver";

/// `obtain.sh` after its first request, while the API server is answered so
fn asking(place: &Place, answer: Answer) -> Child {
    place.release.answer(API_SERVER, answer);
    let running = place.command(&[]).spawn().unwrap();
    while place.release.requests().is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    running
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    let place = Place::new();
    let file = program("kube-apiserver 1.36.3");
    let running = asking(&place, Answer::BreaksOff(file.clone(), 150_000));
    place.release.answer(API_SERVER, Answer::File(file));
    let ran = ran(running.wait_with_output().unwrap());
    assert_eq!(ran.program("kube-apiserver"), "kube-apiserver 1.36.3");
    let requests = place.release.requests();
    assert_eq!(requests[1], format!("/{API_SERVER} from 150000"), "{requests:?}");
    assert_eq!(place.kept(), PROGRAMS);
}

#[test]
fn two_at_once_download_once() {
    let place = Place::new();
    let slow = Answer::Slow(program("kube-apiserver 1.36.3"), Duration::from_secs(1));
    let first = asking(&place, slow);
    let second = place.run();
    let first = ran(first.wait_with_output().unwrap());
    second.says("waiting for another obtain.sh");
    for ran in [&first, &second] {
        assert_eq!(ran.program("kubectl"), "kubectl 1.36.3");
    }
    assert_eq!(place.release.requests().len(), 4);
}

#[test]
fn given_programs_are_used_and_only_the_missing_ones_downloaded() {
    let place = Place::new();
    fs::create_dir(place.path("given")).unwrap();
    for name in ["etcd", "kubectl", "helm"] {
        place.executable(&format!("given/{name}"), "#!/bin/bash\necho given\n");
    }
    place.executable("given/kube-apiserver", "#!/bin/bash\necho Kubernetes v1.36.1\n");
    let given = place.path("given");
    let ran = place.run_with(&[("KUBEBUILDER_ASSETS", given.to_str().unwrap())]);
    assert_eq!(ran.program("kubectl"), "given");
    assert_eq!(ran.program("kube-scheduler"), "kube-scheduler 1.36.3");
    assert_eq!(place.kept(), ["kube-controller-manager", "kube-scheduler"]);
    assert_eq!(place.built(), ["revisions"]);
}

#[test]
fn the_tested_versions_are_pinned_for_both_machines() {
    let pins = fs::read_to_string(format!("{TOOLS}/prebuilt.sha256")).unwrap();
    let pins: Vec<_> = pins
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once("  ").unwrap())
        .collect();
    for (sum, path) in &pins {
        assert_eq!(sum.len(), checksum(b"").len(), "{path}");
        assert!(
            sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{path}"
        );
        assert_eq!(
            pins.iter().filter(|pin| pin.0 == *sum || pin.1 == *path).count(),
            1,
            "{path}"
        );
    }
    let script = fs::read_to_string(format!("{TOOLS}/obtain.sh")).unwrap();
    let pinned = script
        .lines()
        .find_map(|line| line.strip_prefix("pinned_kubernetes="))
        .unwrap();
    let mut wanted = Vec::new();
    for version in [pinned, "1.33.13", "1.30.14"] {
        for machine in ["amd64", "arm64"] {
            wanted.extend(PROGRAMS.map(|name| format!("v{version}/bin/linux/{machine}/{name}")));
        }
    }
    assert_eq!(pins.iter().map(|pin| pin.1).collect::<Vec<_>>(), wanted);
}
