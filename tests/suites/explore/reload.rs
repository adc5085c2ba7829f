//! The page follows the documents.

use crate::configuration::{Folder, TEST_ONLY};
use crate::visit::Visit;

#[test]
fn a_changed_file_shows_at_once_and_a_bad_one_changes_nothing_but_is_said() {
    let page = Visit::to(Folder::small(), &[]);
    let create = "[data-principal='user/alice'][data-action='eci:CreateContainerGroup']";
    page.write("#matrix-tags", "env:dev");
    page.wait_for(create, "implicit deny");
    page.config
        .write("TestOnly.json", &TEST_ONLY.replace("\"test\"", "\"dev\""));
    page.wait_for(create, "allowed");
    assert!(!page.is_shown("#faults"));

    page.config
        .write("TestOnly.json", "{\"Version\": \"1\",\n \"Statement\": [{]}");
    page.wait_for("#faults", "the last good configuration is shown");
    let faults = page.text_of("#faults");
    assert!(faults.contains("TestOnly.json:2:"), "{faults}");
    page.wait_for(create, "allowed");
    page.picture("faults");

    page.config.write("TestOnly.json", TEST_ONLY);
    page.wait_for(create, "implicit deny");
    assert!(!page.is_shown("#faults"));
    page.end();
}

#[test]
fn a_bad_candidate_is_said_and_the_rest_goes_on() {
    let candidate = Folder::with("TestOnly.json", "{");
    let page = Visit::to(
        Folder::small(),
        &["--candidate", candidate.path().to_str().unwrap()],
    );
    page.wait_for("#faults", "Candidate: nothing can be shown of it");
    page.click("#tab-differences");
    page.wait_for("#differences-state", "not valid");
    candidate.write("TestOnly.json", TEST_ONLY);
    page.wait_for("#differences-state", "0 newly allowed, 0 newly denied");
    page.end();
}
