//! Findings have the true line in the file, also in a document within a ConfigMap.

use crate::folder::{CHECK, DIFF, Folder, LINT, TEST};

/// The commands of GitHub that are printed
fn commands(folder: &Folder, line: &str) -> Vec<String> {
    let text = folder.text(&format!("{line} --output github"));
    let commands = text.lines().filter(|line| line.starts_with("::"));
    commands.map(str::to_owned).collect()
}

#[test]
fn a_denial_is_at_the_annotation_that_causes_it() {
    let folder = Folder::new();
    let found = commands(&folder, CHECK);
    assert!(
        found[0]
            .starts_with("::error file=app.yaml,line=14,col=9,title=ImplicitDeny::Deployment default/bad: "),
        "{found:#?}"
    );
    folder.write("bare.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: {eci: 'true'}\nspec: {containers: [{name: c}]}");
    let found = commands(&folder, &CHECK.replace("app.yaml", "bare.yaml"));
    assert!(
        found[0].starts_with("::error file=bare.yaml,line=3,col=1,"),
        "{found:#?}"
    );
}

#[test]
fn a_failed_case_is_where_it_is_written() {
    let found = commands(&Folder::new(), TEST);
    assert!(
        found[0].starts_with("::error file=cases.yaml,line=4,col=1,title=CaseFailed::must <not>"),
        "{found:#?}"
    );
    let human = Folder::new().text(TEST);
    assert!(human.starts_with("cases.yaml:4: must <not>"), "{human}");
}

#[test]
fn a_difference_is_at_the_statement_that_decides() {
    let found = commands(&Folder::new(), DIFF);
    assert!(
        found[0].starts_with("::error file=next/rules.yaml,line=12,col=9,title=NewlyAllowed::user/bob: "),
        "{found:#?}"
    );
    // The statement is gone in the new directory, so its place is in the old one
    let folder = Folder::new();
    folder.write(
        "next/rules.yaml",
        &folder.read("next/rules.yaml").replace("Allow", "Deny"),
    );
    let found = commands(&folder, DIFF);
    assert!(found[0].contains("line=12,col=9,title=NewlyDenied"), "{found:#?}");
}

#[test]
fn documents_in_a_config_map_have_the_lines_of_the_file() {
    let folder = Folder::new();
    let text = folder.read("config/rules.yaml");
    // A fault of the policy, in the sixth line of its text
    folder.write("broken/rules.yaml", &text.replace("StringEquals", "StringEqual"));
    let human = folder.text("lint broken");
    assert!(
        human.starts_with("broken/rules.yaml:13:24: rules/TestOnly.json: "),
        "{human}"
    );
    let json = folder.json("lint broken --output json");
    let error = &json["errors"][0];
    assert_eq!(
        (&error["file"], &error["line"], &error["column"]),
        (&"broken/rules.yaml".into(), &13.into(), &24.into())
    );
    let found = commands(&folder, "lint broken");
    assert!(
        found[0].starts_with(
            "::error file=broken/rules.yaml,line=13,col=24,title=Invalid::rules/TestOnly.json: "
        ),
        "{found:#?}"
    );
    // The same of a command that only reads the directory
    let check = "check -f app.yaml --config-dir broken --as bob@example.com";
    let error = String::from_utf8(folder.run(check).stderr).unwrap();
    assert!(
        error.starts_with("broken/rules.yaml:13:24: rules/TestOnly.json: "),
        "{error}"
    );
    let found = commands(&folder, check);
    assert!(
        found[0].starts_with("::error file=broken/rules.yaml,line=13,col=24,"),
        "{found:#?}"
    );
}

#[test]
fn a_warning_in_a_config_map_has_the_line_of_the_file() {
    let folder = Folder::new();
    let text = folder.read("config/rules.yaml");
    folder.write(
        "config/rules.yaml",
        &text.replace("\"Version\": \"1\"", "\"Version\": 1"),
    );
    let json = folder.json(&format!("{LINT} --output json"));
    let warnings = json["warnings"].as_array().unwrap();
    let unquoted = warnings.iter().find(|warning| warning["code"] == "Unquoted");
    let unquoted = unquoted.unwrap_or_else(|| panic!("{json:#}"));
    assert_eq!(
        (&unquoted["file"], &unquoted["line"]),
        (&"config/rules.yaml".into(), &10.into())
    );
}
