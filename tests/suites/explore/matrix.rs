//! The matrix, its search, its pages and the trace of a cell.

use crate::configuration::{Folder, MANY};
use crate::visit::Visit;

/// The selector of a cell
fn cell(principal: &str, action: &str) -> String {
    format!("[data-principal='{principal}'][data-action='{action}']")
}

#[test]
fn cells_say_in_words_what_each_may_do_and_a_cell_opens_its_trace() {
    let page = Visit::to(Folder::small(), &[]);
    let create = cell("user/alice", "eci:CreateContainerGroup");
    assert_eq!(page.text_of(&create), "○\nimplicit deny");
    assert_eq!(
        page.text_of(&cell("user/alice", "eci:DeleteContainerGroup")),
        "✕\nexplicit deny"
    );
    assert_eq!(page.text_of(&cell("user/alice", "ram:PassRole")), "·\nno role");
    page.write("#matrix-tags", "env:test");
    page.wait_for(&create, "allowed");
    page.picture("matrix");

    page.click(&cell("user/alice", "eci:DeleteContainerGroup"));
    page.wait_for("#cell", "by TestOnly#2");
    let trace = page.text_of("#cell");
    assert!(trace.contains("user/alice: delete a pod"), "{trace}");
    assert!(trace.contains("TestOnly.json:10"), "{trace}");
    assert!(
        trace.contains("TestOnly#2 (Deny) matches, and decides"),
        "{trace}"
    );
    page.picture("trace");

    page.write("#matrix-tags", "");
    page.click(&create);
    page.wait_for("#cell", "no statement allows it");
    let trace = page.text_of("#cell");
    assert!(trace.contains("StringEquals eci:tag/env"), "{trace}");
    assert!(
        trace.contains("wanted") && trace.contains("found") && trace.contains("absent"),
        "{trace}"
    );

    let under = "For a pod without tags, in the default resource group:";
    page.wait_for("#matrix-under", under);
    page.write("#matrix-role", "Reader");
    page.wait_for("#matrix-under", "with role Reader:");
    page.wait_for(&cell("user/alice", "ram:PassRole"), "implicit deny");
    page.write("#matrix-group", "rg-nowhere");
    page.wait_for(
        "#matrix-problem",
        "resource group `rg-nowhere` is not in the directory",
    );
    assert_eq!(
        page.value("document.querySelector('#matrix-group').getAttribute('aria-invalid')"),
        "true"
    );
    page.end();
}

#[test]
fn ten_thousand_users_are_searched_and_paged() {
    let page = Visit::to(Folder::large(), &[]);
    let total = MANY + 3;
    let rows = || page.value("document.querySelectorAll('#matrix-body tr').length");
    page.wait_for("#matrix-paging", "1–50 of 10,003");
    assert_eq!(rows(), 50);
    page.click("#matrix-paging button:last-of-type");
    page.wait_for("#matrix-paging", "51–100 of 10,003");
    assert_eq!(rows(), 50);
    page.write("#matrix-search", "worker-0987");
    page.wait_for("#matrix-paging", "1–10 of 10");
    assert_eq!(rows(), 10);
    assert!(page.text_of("#matrix-body").contains("user/worker-09876"));
    page.write("#matrix-search", "nobody at all");
    page.wait_for("#matrix-body", "Nobody has such a name.");
    page.wait_for("#matrix-paging", "none");
    assert_eq!(page.text_of("#matrix-problem"), "");
    // From the key to the rows, as somebody who types sees it
    let slowest = page.value(
        "(() => { const own = performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/matrix'));
           return Math.max(...own.map((one) => one.duration)); })()",
    );
    let slowest = slowest.as_f64().unwrap();
    assert!(slowest < 2000.0, "a page of {total} callers took {slowest} ms");
    println!("the slowest page of {total} callers took {slowest:.1} ms");
    page.end();
}

#[test]
fn an_answer_that_comes_late_is_dropped() {
    let page = Visit::to(Folder::small(), &[]);
    // The first page of rows takes long, and nothing stops it
    page.value(
        "const own = window.fetch; let isFirst = true; window.fetch = async (path, options) => {
           const answer = await own(path, { ...options, signal: undefined });
           if (isFirst && path.endsWith('matrix')) {
             isFirst = false; await new Promise((done) => setTimeout(done, 2000)); window.cameLate = true; }
           return answer; }; 0",
    );
    page.write("#matrix-search", "bob");
    std::thread::sleep(std::time::Duration::from_millis(600));
    page.write("#matrix-search", "reader");
    page.wait_for("#matrix-paging", "1–1 of 1");
    page.wait_for("#matrix-body", "role/Reader");
    page.wait("the late answer", || {
        (page.value("window.cameLate") == true).then_some(())
    });
    std::thread::sleep(std::time::Duration::from_millis(200));
    let rows = page.text_of("#matrix-body");
    assert!(
        rows.contains("role/Reader") && !rows.contains("user/bob"),
        "{rows}"
    );
    page.end();
}
