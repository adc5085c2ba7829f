//! Who gains and who loses by a candidate.

use crate::configuration::{Folder, TEST_ONLY};
use crate::visit::Visit;

#[test]
fn without_a_candidate_the_page_says_how_to_have_one() {
    let page = Visit::to(Folder::small(), &[]);
    page.click("#tab-differences");
    page.wait_for("#differences-none", "--candidate DIR");
    assert!(!page.is_shown("#matrix-side"));
    page.end();
}

#[test]
fn gains_and_losses_stand_side_by_side_with_both_traces() {
    let candidate = Folder::with("TestOnly.json", &TEST_ONLY.replace("\"test\"", "\"dev\""));
    candidate.write(
        "more.yaml",
        "users: [{name: dora, policies: [{policy: TestOnly}]}]",
    );
    let page = Visit::to(
        Folder::small(),
        &["--candidate", candidate.path().to_str().unwrap()],
    );
    page.click("#tab-differences");
    page.wait_for("#differences-state", "newly allowed");
    page.wait_for("#gains", "user/alice");
    page.wait_for("#gains", "user/dora");
    page.wait_for("#losses", "user/alice");
    assert!(!page.text_of("#losses").contains("user/dora"));
    page.click("#losses .change");
    page.wait_for("#difference", "As it is");
    let details = page.text_of("#difference");
    assert!(
        details.contains("✓\nallowed") && details.contains("○\nimplicit deny"),
        "{details}"
    );
    assert!(details.contains("TestOnly#1"), "{details}");
    page.picture("differences");
    page.write("#differences-search", "dora");
    page.wait_for("#losses", "nothing");
    page.wait_for("#gains", "user/dora");

    page.click("#tab-matrix");
    page.write("#matrix-tags", "env:dev");
    let create = "[data-principal='user/alice'][data-action='eci:CreateContainerGroup']";
    page.wait_for(create, "implicit deny");
    page.choose("#matrix-side", "candidate");
    page.wait_for(create, "allowed");
    page.wait_for("#matrix-body", "user/dora");
    page.end();
}
