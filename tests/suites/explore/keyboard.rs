//! Everything by keyboard alone, and what a screen reader says.

use crate::browser::key;
use crate::configuration::{Folder, TEST_ONLY};
use crate::visit::Visit;

impl Visit {
    /// Name and role of what has the focus
    fn focus(&self) -> (String, String) {
        let active = self.active();
        (self.role(&active), self.label(&active))
    }

    fn assert_focus(&self, role: &str, label: &str) {
        let (has_role, has_label) = self.focus();
        assert_eq!((has_role.as_str(), has_label.as_str()), (role, label));
        let outline = self.value("getComputedStyle(document.activeElement).outlineStyle");
        assert_ne!(outline, "none", "the focus on {label} is not seen");
    }

    fn wait_for_focus(&self, label: &str) {
        self.wait(&format!("focus on {label}"), || {
            (self.focus().1 == label).then_some(())
        });
    }

    /// Presses Tab until the focus is on a name
    fn tab_to(&self, label: &str) {
        for _ in 0..30 {
            self.press(&key::TAB.to_string());
            if self.focus().1 == label {
                return;
            }
        }
        panic!("no Tab leads to {label}");
    }

    fn type_keys(&self, keys: &[char]) {
        self.press(&keys.iter().collect::<String>());
    }
}

#[test]
fn tabs_and_the_matrix_go_by_keys() {
    let page = Visit::to(Folder::small(), &[]);
    page.type_keys(&[key::TAB]);
    page.assert_focus("link", "Skip to the content");
    page.type_keys(&[key::TAB]);
    page.assert_focus("tab", "Who may do what");
    page.type_keys(&[key::RIGHT]);
    page.assert_focus("tab", "Try a manifest");
    assert!(page.is_shown("#panel-verdict") && !page.is_shown("#panel-matrix"));
    page.type_keys(&[key::END]);
    page.assert_focus("tab", "What would change");
    page.type_keys(&[key::RIGHT]);
    page.assert_focus("tab", "Who may do what");
    for (role, label) in [
        ("searchbox", "Search"),
        ("textbox", "Tags"),
        ("combobox", "Resource group"),
        ("combobox", "Role to pass"),
    ] {
        page.type_keys(&[key::TAB]);
        page.assert_focus(role, label);
    }
    // The grid is one stop
    page.type_keys(&[key::TAB]);
    page.assert_focus("button", "user/alice, create a pod: implicit deny");
    page.type_keys(&[key::RIGHT, key::RIGHT, key::DOWN]);
    page.assert_focus("button", "user/bob, delete a pod: implicit deny");
    page.type_keys(&[key::HOME]);
    page.assert_focus("button", "user/bob, create a pod: implicit deny");
    page.press_with(key::CONTROL, key::END);
    page.assert_focus("button", "role/Reader, delete an image cache: implicit deny");
    page.press_with(key::CONTROL, key::HOME);
    page.type_keys(&[key::UP, key::LEFT, key::RIGHT, key::RIGHT]);
    page.type_keys(&[key::ENTER]);
    // The heading of the trace, from where a screen reader reads on
    page.wait_for_focus(
        "user/alice: delete a pod ✕explicit deny"
            .replace('✕', "")
            .as_str(),
    );
    page.type_keys(&[key::TAB]);
    page.assert_focus("button", "Close the trace");
    page.type_keys(&[key::ESCAPE]);
    page.assert_focus("button", "user/alice, delete a pod: explicit deny");
    assert!(!page.is_shown("#cell"));
    page.end();
}

#[test]
fn pages_of_the_matrix_turn_by_keys() {
    let page = Visit::to(Folder::large(), &[]);
    page.wait_for("#matrix-paging", "1–50 of 10,003");
    page.tab_to("user/alice, create a pod: implicit deny");
    page.type_keys(&[key::DOWN, key::PAGE_DOWN]);
    page.wait_for("#matrix-paging", "51–100 of 10,003");
    // The same place on the next page
    page.wait_for_focus("user/worker-00049, create a pod: implicit deny");
    page.tab_to("Next callers");
    page.type_keys(&[key::ENTER]);
    page.wait_for("#matrix-paging", "101–150 of 10,003");
    page.assert_focus("button", "Next callers");
    page.press_with(key::SHIFT, key::TAB);
    page.assert_focus("button", "Previous callers");
    page.end();
}

#[test]
fn a_manifest_is_judged_and_a_difference_is_read_by_keys() {
    let candidate = Folder::with("TestOnly.json", &TEST_ONLY.replace("\"test\"", "\"dev\""));
    let page = Visit::to(
        Folder::small(),
        &["--candidate", candidate.path().to_str().unwrap()],
    );
    page.type_keys(&[key::TAB, key::TAB, key::RIGHT, key::TAB]);
    page.assert_focus("radio", "Kubernetes user");
    page.type_keys(&[key::TAB]);
    page.assert_focus("combobox", "User");
    page.press("alice@example.com");
    page.wait_for("#verdict-summary", "1 denied");
    page.type_keys(&[key::TAB]);
    page.assert_focus("textbox", "Groups");
    page.type_keys(&[key::TAB]);
    page.assert_focus("combobox", "What is done");
    page.type_keys(&[key::TAB]);
    page.assert_focus("textbox", "Manifest (YAML or JSON, several with ---)");
    // Tab leaves the text, so that it is no trap
    page.type_keys(&[key::TAB]);
    page.assert_focus("button", "Copy");
    page.type_keys(&[key::TAB]);
    page.assert_focus("region", "Lines to paste");
    page.press_with(key::SHIFT, key::TAB);
    page.press_with(key::SHIFT, key::TAB);
    page.press_with(key::CONTROL, 'a');
    page.press("kind: [");
    page.wait_for("#verdict-summary", "1 error");

    page.open(&page.server.url);
    page.wait_for("#matrix-body", "user/alice");
    page.type_keys(&[key::TAB, key::TAB, key::LEFT]);
    page.assert_focus("tab", "What would change");
    page.wait_for("#gains", "user/alice");
    page.type_keys(&[key::TAB]);
    page.assert_focus("searchbox", "Search");
    page.type_keys(&[key::TAB, key::ENTER]);
    page.wait_for_focus("One of these requests, under both");
    page.type_keys(&[key::ESCAPE]);
    assert!(!page.is_shown("#difference"));
    assert!(page.focus().1.starts_with("user/alice"), "{:?}", page.focus());
    page.end();
}

#[test]
fn a_screen_reader_has_landmarks_names_and_live_regions() {
    let page = Visit::to(Folder::small(), &[]);
    for (selector, role, label) in [
        ("header", "banner", ""),
        ("nav", "navigation", "Views"),
        ("main", "main", ""),
        ("[role=tablist]", "tablist", "Views"),
        ("#panel-matrix", "tabpanel", "Who may do what"),
        ("#matrix", "grid", "Who may do what"),
        (
            "#matrix thead th:nth-child(2)",
            "columnheader",
            "create a pod, eci:CreateContainerGroup",
        ),
        ("#matrix-paging [role=status]", "status", ""),
        ("#status", "status", ""),
    ] {
        let element = page.find(selector);
        assert_eq!(page.role(&element), role, "{selector}");
        assert_eq!(page.label(&element), label, "{selector}");
    }
    // Everything that takes the focus has a name, in every view
    for tab in ["#tab-matrix", "#tab-verdict", "#tab-differences"] {
        page.click(tab);
        for element in page.all("button, input, select, textarea, summary, [tabindex='0']") {
            let is_shown = !page.text(&element).is_empty() || !page.role(&element).is_empty();
            let (role, label) = (page.role(&element), page.label(&element));
            assert!(
                !is_shown || role == "none" || role == "generic" || !label.is_empty(),
                "a {role} without a name"
            );
        }
    }
    assert_eq!(page.value("document.documentElement.lang"), "en");
    page.end();
}
