//! The verdict while somebody writes a manifest.

use crate::configuration::{Folder, TEST_ONLY};
use crate::visit::Visit;

const TAGGED: &str = "apiVersion: v1
kind: Pod
metadata:
  name: worker
  annotations: {k8s.aliyun.com/eci-custom-tags: 'env:test'}
  labels: {eci: 'true'}
spec: {containers: [{name: app}]}
";

#[test]
fn a_manifest_is_judged_while_it_is_written() {
    let page = Visit::to(Folder::small(), &[]);
    page.click("#tab-verdict");
    page.wait_for("#verdict-summary", "who applies it?");
    page.write("#verdict-user", "alice@example.com");
    page.wait_for("#verdict-summary", "1 denied");
    let said = page.text_of("#verdict-sides");
    assert!(
        said.contains("Pod default/worker") && said.contains("✕\ndenied"),
        "{said}"
    );
    assert!(said.contains("may not create pod"), "{said}");
    assert_eq!(
        page.text_of(".fix pre"),
        "k8s.aliyun.com/eci-custom-tags: \"env:test\""
    );
    assert!(said.contains("under metadata.annotations"), "{said}");
    page.click("details.why > summary");
    page.wait_for("details.why", "TestOnly#1 (Allow) does not match");
    page.picture("verdict");

    // The line, pasted where it says
    page.write("#manifest", TAGGED);
    page.wait_for("#verdict-summary", "1 allowed");
    page.wait_for("#verdict-sides", "allowed to user/alice by TestOnly#1");
    // What was opened stays open
    assert!(page.is_shown("details.why .question"));

    page.write(
        "#manifest",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: [worker\nspec: {}\n",
    );
    page.wait_for("#verdict-summary", "1 error");
    page.wait_for(".fault-link", "Error in line 5, column");
    page.click(".fault-link");
    let line = page.value(
        "document.activeElement.value.slice(0, document.activeElement.selectionStart).split('\\n').length",
    );
    assert_eq!(line, 5, "the caret is at the fault");

    page.write(
        "#manifest",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {eci: [1]}}\n",
    );
    page.wait_for(".fault-link", "line 3, column");
    page.write("#manifest", "");
    page.wait_for("#verdict-sides", "holds no Kubernetes object");
    page.end();
}

#[test]
fn somebody_whom_nothing_binds_is_judged_as_the_principal() {
    let page = Visit::to(Folder::small(), &[]);
    page.click("#tab-verdict");
    page.click("#who-principal");
    page.write("#verdict-principal", "user/bob");
    page.wait_for("#verdict-summary", "1 denied");
    page.write("#verdict-principal", "user/nobody");
    page.wait_for("#verdict-summary", "user/nobody is not in the directory");
    page.write("#verdict-principal", "account");
    page.wait_for("#verdict-summary", "1 allowed");
    page.end();
}

#[test]
fn both_configurations_judge_the_same_manifest() {
    let candidate = Folder::with("TestOnly.json", &TEST_ONLY.replace("\"test\"", "\"dev\""));
    let page = Visit::to(
        Folder::small(),
        &["--candidate", candidate.path().to_str().unwrap()],
    );
    page.click("#tab-verdict");
    page.write("#verdict-user", "alice@example.com");
    page.write("#manifest", TAGGED);
    page.wait_for(
        "#verdict-summary",
        "As it is: 1 allowed. With the candidate: 1 denied",
    );
    assert_eq!(
        page.text_of("[data-side=candidate] .fix pre"),
        "k8s.aliyun.com/eci-custom-tags: \"env:dev\""
    );
    page.picture("verdict-candidate");
    page.end();
}

#[test]
fn what_somebody_else_wrote_is_shown_as_text() {
    let config = Folder::small();
    let policy = TEST_ONLY.replace("\"test\"", r#""<img src=x onerror=alert(1)>""#);
    config.write("Markup.json", &policy);
    config.write(
        "<b>.yaml",
        "users: [{name: mallory, policies: [{policy: Markup}]}]\nbindings: [{principal: user/mallory, subjects: [{kind: User, name: '<script>alert(1)</script>'}]}]",
    );
    let page = Visit::to(config, &[]);
    page.wait_for("#matrix-body", "<script>alert(1)</script>");
    page.click("[data-principal='user/mallory'][data-action='eci:CreateContainerGroup']");
    page.wait_for("#cell", "<img src=x onerror=alert(1)>");
    assert_eq!(
        page.value("document.querySelectorAll('img, b, body script').length"),
        0
    );
    page.end();
}
