//! Every format of every command has the shape that its readers expect.

use roxmltree::Document;
use serde_json::Value;

use crate::folder::{CHECK, DIFF, Folder, LINT, TEST};

/// The commands with their exit codes, those included that have no result
const LINES: [(&str, i32); 9] = [
    (CHECK, 2),
    (LINT, 0),
    (TEST, 2),
    (DIFF, 2),
    ("diff config config", 0),
    ("check -f app.yaml --config-dir broken --as bob@example.com", 3),
    ("lint broken", 3),
    ("test cases.yaml --config-dir nowhere", 1),
    (
        "check -f strange.yaml --config-dir config --as bob@example.com",
        1,
    ),
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        "broken/Bad.json",
        "{\n  \"Version\": \"1\",\n  \"Statement\": 7\n}",
    );
    folder.write("broken/people.yaml", "user: []");
    folder.write(
        "strange.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: 1}}",
    );
    folder
}

/// The published schema; [`schema/README.md`] says where it comes from
fn schema() -> jsonschema::Validator {
    let mut schema: Value = serde_json::from_str(include_str!("schema/sarif-2.1.0.json")).unwrap();
    // As published, these are no regular expressions; ramgate writes no `language`
    for owner in ["run", "toolComponent"] {
        let language = schema
            .pointer_mut(&format!("/definitions/{owner}/properties/language"))
            .unwrap();
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn sarif_fits_its_published_schema() {
    let (folder, schema) = (folder(), schema());
    for (line, code) in LINES {
        let output = folder.run(&format!("{line} --output sarif"));
        assert_eq!(output.status.code(), Some(code), "{line}");
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        let faults: Vec<String> = schema.iter_errors(&log).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{line}: {faults:#?}\n{log:#}");
        let run = &log["runs"][0];
        let is_complete = &run["invocations"][0]["executionSuccessful"];
        assert_eq!(is_complete, &Value::Bool(code != 1), "{line}");
        let results = run["results"].as_array().unwrap();
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            let rule = &run["tool"]["driver"]["rules"][index];
            assert_eq!(rule["id"], result["ruleId"], "{line}");
        }
    }
    assert!(
        schema
            .iter_errors(&serde_json::json!({"version": "2.1.0"}))
            .next()
            .is_some()
    );
}

#[test]
fn junit_is_xml_whose_counts_are_right() {
    let folder = folder();
    for (line, code) in LINES {
        let text = folder.text(&format!("{line} --output junit"));
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{line}: {error}\n{text}"));
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        let count = |name: &str| {
            let found = root.descendants().filter(|node| node.has_tag_name(name));
            found.count().to_string()
        };
        assert_eq!(
            root.attribute("tests"),
            Some(count("testcase").as_str()),
            "{line}"
        );
        assert_eq!(
            root.attribute("failures"),
            Some(count("failure").as_str()),
            "{line}"
        );
        assert_eq!(root.attribute("errors"), Some(count("error").as_str()), "{line}");
        assert_ne!(count("testcase"), "0", "{line}");
        let is_bad = count("failure") != "0" || count("error") != "0";
        assert_eq!(is_bad, code != 0, "{line}\n{text}");
        for suite in root.children().filter(roxmltree::Node::is_element) {
            let cases = suite.children().filter(roxmltree::Node::is_element);
            assert_eq!(suite.attribute("tests"), Some(cases.count().to_string().as_str()));
        }
    }
}

#[test]
fn names_of_cases_come_through_xml() {
    let text = Folder::new().text(&format!("{TEST} --output junit"));
    let document = Document::parse(&text).unwrap();
    let failure = document
        .descendants()
        .find(|node| node.has_tag_name("failure"))
        .unwrap();
    let case = failure.parent().unwrap();
    assert_eq!(case.attribute("name"), Some("must <not> & \"never\""));
    assert_eq!(
        (case.attribute("file"), case.attribute("line")),
        (Some("cases.yaml"), Some("4"))
    );
    assert!(
        failure
            .text()
            .unwrap()
            .starts_with("cases.yaml:4:1: CaseFailed: expected \"Allow\""),
        "{failure:?}"
    );
}

#[test]
fn doubts_are_errors_only_where_they_count() {
    let folder = Folder::new();
    folder.write(
        "config/Unused.json",
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#,
    );
    let commands = |flags: &str| folder.text(&format!("{LINT}{flags} --output github"));
    assert!(
        commands("").starts_with("::warning file=config/Unused.json"),
        "{}",
        commands("")
    );
    assert!(commands(" --deny-warnings").starts_with("::error file=config/Unused.json"));
    folder.write("doubt.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {eci: 'true'}}\nspec: {containers: [{name: c}]}");
    let check = "check -f doubt.yaml --config-dir config --as bob@example.com --output github";
    assert!(
        folder
            .text(check)
            .starts_with("::warning file=doubt.yaml,line=1,"),
        "{}",
        folder.text(check)
    );
    assert!(
        folder
            .text(&format!("{check} --strict"))
            .starts_with("::error file=doubt.yaml")
    );
}

#[test]
fn other_commands_refuse_formats_of_findings() {
    let line =
        "simulate --config-dir config --principal user/bob --action eci:CreateContainerGroup --output sarif";
    let output = Folder::new().run(line);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("check, diff, lint, preflight and test")
    );
}
