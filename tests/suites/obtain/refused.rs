//! What is downloaded and must not be used

use crate::place::{PROGRAMS, Place, checksum, program};
use crate::release::Answer;

const PATH: &str = "v1.36.3/bin/linux/amd64/kube-controller-manager";

/// Offers a FILE in place of the one that is pinned, and expects that the script ends there.
#[track_caller]
fn refused(file: Vec<u8>) {
    let place = Place::new();
    let (length, found) = (file.len(), checksum(&file));
    let expected = checksum(&program("kube-controller-manager 1.36.3"));
    place.release.answer(PATH, Answer::File(file));
    for _ in 0..2 {
        let ran = place.run();
        assert!(!ran.succeeded, "{}", ran.messages);
        assert_eq!(ran.folder.as_os_str(), "");
        ran.says(&format!(
            "{}/{PATH} has a wrong checksum",
            place.release.address()
        ));
        ran.says(&format!("expected SHA-256 {expected}"));
        ran.says(&format!("found {found} ({length} bytes)"));
        assert_eq!(place.built(), [""; 0], "it is no reason to build");
        assert_eq!(place.kept(), [PROGRAMS[0]], "and nothing is left of it");
    }
    let ran = place.run_with(&[("RAMGATE_TEST_BUILD", "1")]);
    assert_eq!(ran.program("kube-controller-manager"), "built");
}

#[test]
fn another_program_is_refused() {
    refused(program("kube-controller-manager 1.36.3, and more"));
}

#[test]
fn a_page_of_a_portal_is_refused() {
    refused(b"<html>Please log in</html>".to_vec());
}

#[test]
fn a_part_that_passes_for_the_whole_is_refused() {
    let mut file = program("kube-controller-manager 1.36.3");
    file.truncate(1000);
    refused(file);
}

#[test]
fn nothing_is_refused() {
    refused(Vec::new());
}
