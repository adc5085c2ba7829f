//! Codes, flags, metrics, log fields, operators, rows and links: pages and code say the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page::{Page, first_cells, pages, quoted};
use ram_policy::{OPERATORS, SYSTEM_POLICIES};
use ramgate::testing::analysis::Code;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    found.sort();
    found
}

/// A source file without its tests
fn code(path: impl AsRef<Path>) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// The texts in double quotes that follow a mark
fn strings_after(text: &str, mark: &str) -> BTreeSet<String> {
    let after = text.split(mark).skip(1);
    after
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(text, _)| text.to_owned())
        .collect()
}

/// The words in backticks of the first cells of a section's tables
fn listed(page: &str, section: &str) -> BTreeSet<String> {
    let section = Page::read(page).section(section);
    first_cells(&section)
        .iter()
        .flat_map(|cell| quoted(cell))
        .collect()
}

#[test]
fn every_code_of_the_source_is_on_the_page_and_no_other() {
    let mut codes = BTreeSet::new();
    for path in sources(Path::new("crates/eci-calls/src"))
        .into_iter()
        .chain(sources(Path::new("src/admission")))
    {
        codes.extend(strings_after(&code(path), "code:"));
    }
    for page in [
        "crates/eci-calls/src/refusal.rs",
        "src/admission/outcome/finding.rs",
        "src/admission/outcome/revision_fault.rs",
        "src/admission/outcome/stamp_fault.rs",
    ] {
        let finding = code(page);
        let function = finding.split("fn code(").nth(1).unwrap();
        codes.extend(strings_after(function.split("\n    }\n").next().unwrap(), "=>"));
    }
    assert!(!codes.is_empty());
    assert_eq!(codes, listed("docs/messages.md", "Codes"));
}

#[test]
fn every_test_that_the_security_page_names_is_there() {
    let sources: String = ["crates", "src", "tests"]
        .into_iter()
        .flat_map(|folder| sources(Path::new(folder)))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let page = Page::read("docs/security.md");
    // Names of tests are the words in backticks that have several parts and nothing but letters in them
    let names: BTreeSet<String> = quoted(&page.text)
        .into_iter()
        .filter(|word| word.matches('_').count() > 2)
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    assert!(!names.is_empty());
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !sources.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_code_of_the_linter_is_on_the_page_and_no_other() {
    let page = Page::read("docs/lint.md");
    let sections = page.text.lines().filter_map(|line| line.strip_prefix("## "));
    let cells = sections
        .filter(|heading| *heading != "Where it shows")
        .flat_map(|heading| listed("docs/lint.md", heading));
    let mut documented: Vec<String> = cells.collect();
    documented.sort();
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    codes.sort_unstable();
    assert_eq!(documented, codes);
}

#[test]
fn every_slip_in_an_annotation_is_on_the_page() {
    let snapshot = "src/admission/fields/snapshots/ramgate__admission__fields__reading__tests__every_slip_has_its_own_words.snap";
    let fragments: Vec<Vec<String>> = listed("docs/messages.md", "Malformed annotations")
        .iter()
        .map(|fragment| fragment.split('…').map(|part| part.trim().to_owned()).collect())
        .collect();
    let mut lines = 0;
    for line in std::fs::read_to_string(snapshot)
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("annotation "))
    {
        let is_listed = fragments
            .iter()
            .any(|parts| parts.iter().all(|part| line.contains(part.as_str())));
        assert!(is_listed, "no row for: {line}");
        lines += 1;
    }
    assert!(lines > 0);
}

#[test]
fn every_metric_is_in_the_table_and_no_other() {
    let groups = std::fs::read_dir("src/telemetry/metrics").unwrap();
    let mut files: Vec<_> = groups.map(|file| file.unwrap().path()).collect();
    files.push("src/telemetry/metrics.rs".into());
    let metrics: BTreeSet<String> = files
        .iter()
        .map(code)
        .flat_map(|source| source.split('"').map(str::to_owned).collect::<Vec<_>>())
        .filter(|text| text.starts_with("ramgate_"))
        .collect();
    let table: BTreeSet<String> = listed("docs/operations.md", "Metrics")
        .into_iter()
        .filter(|name| name.starts_with("ramgate_"))
        .collect();
    assert!(!metrics.is_empty());
    assert_eq!(metrics, table);
}

#[test]
fn every_label_value_of_the_metrics_is_on_the_page() {
    let section = Page::read("docs/operations.md").section("Metrics");
    let words: BTreeSet<String> = section.lines().flat_map(quoted).collect();
    let source = code("src/telemetry/metrics/labels.rs");
    let no_mode = strings_after(&source, "const NO_MODE: &str =");
    assert!(no_mode.len() == 1 && no_mode.is_subset(&words), "{no_mode:?}");
    for list in ["ANSWERS", "DECISIONS", "SCOPES", "MODES"] {
        let values = source
            .split(&format!("const {list}:"))
            .nth(1)
            .unwrap()
            .split("];")
            .next()
            .unwrap();
        let values: Vec<&str> = values
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|value| !value.is_empty())
            .collect();
        assert!(!values.is_empty(), "{list}");
        for value in values {
            assert!(words.contains(value), "{value} of {list} is not on the page");
        }
    }
}

#[test]
fn every_field_of_a_log_line_is_on_the_page() {
    let source = code("src/telemetry/log.rs");
    let function = source
        .split("fn decision(")
        .nth(1)
        .unwrap()
        .split("\n}\n")
        .next()
        .unwrap();
    let fields = function
        .lines()
        .filter_map(|line| line.trim().split_once(" = "))
        .map(|(name, _)| name.to_owned());
    let fields: BTreeSet<String> = fields.filter(|name| !name.contains(' ')).collect();
    assert!(!fields.is_empty());
    assert_eq!(fields, listed("docs/operations.md", "Logs"));
}

#[test]
fn every_alert_is_on_the_page() {
    let rules = std::fs::read_to_string("deploy/observability/rules.yaml").unwrap();
    let alerts: BTreeSet<String> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .map(str::to_owned)
        .collect();
    assert_eq!(alerts, listed("docs/operations.md", "Alerts"));
}

/// What `--help` of a subcommand says
fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_command_has_its_section() {
    let text = help(&[]);
    let commands = text
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let commands: BTreeSet<&str> = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let page = Page::read("docs/commands.md");
    let sections: BTreeSet<&str> = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .chain(["help"])
        .collect();
    assert_eq!(commands, sections);
}

/// The commands of the page with what it says of each; those of a group of commands stand a level deeper
fn commands(page: &Page) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for command in page.text.lines().filter_map(|line| line.strip_prefix("## ")) {
        let section = page.section(command);
        let mut parts = section.split("\n### ");
        let own = parts.next().unwrap().to_owned();
        all.push((command.to_owned(), own));
        for part in parts {
            let (heading, text) = part.split_once('\n').unwrap();
            if heading.starts_with(&format!("{command} ")) {
                all.push((heading.to_owned(), text.to_owned()));
            }
        }
    }
    all
}

#[test]
fn every_command_of_a_group_has_its_section() {
    let page = Page::read("docs/commands.md");
    let sections: BTreeSet<String> = commands(&page)
        .into_iter()
        .filter_map(|(command, _)| Some(command.strip_prefix("stamp ")?.to_owned()))
        .collect();
    let text = help(&["stamp"]);
    let listed = text.split("Commands:\n").nth(1).unwrap();
    let listed = listed.split("\n\n").next().unwrap();
    let names: BTreeSet<String> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(!names.is_empty());
    assert_eq!(names, sections);
}

/// Flags with their defaults, and in the same words where a value is named
#[test]
fn every_flag_is_in_its_table_with_its_default_and_no_other() {
    let page = Page::read("docs/commands.md");
    for (command, section) in commands(&page) {
        let words: Vec<&str> = command.split(' ').collect();
        let options = help(&words);
        let options = options.split("Options:\n").nth(1).unwrap();
        let mut flags = BTreeSet::new();
        for option in options
            .split("\n\n")
            .flat_map(|part| part.split("\n  -").map(str::to_owned).collect::<Vec<_>>())
        {
            let Some(flag) = option.split_whitespace().find(|word| word.starts_with("--")) else {
                continue;
            };
            let flag = flag.trim_end_matches("...").to_owned();
            if !["--output", "--color", "--help", "--version"].contains(&flag.as_str()) {
                flags.insert(flag);
            }
        }
        let rows: Vec<Vec<String>> = section
            .lines()
            .filter(|line| line.starts_with("| `-"))
            .map(|line| line.split('|').skip(1).map(str::to_owned).collect())
            .collect();
        let documented: BTreeSet<String> = rows
            .iter()
            .flat_map(|cells| quoted(&cells[0]))
            .map(|flag| flag.split_whitespace().next().unwrap().to_owned())
            .filter(|flag| flag.starts_with("--"))
            .collect();
        assert_eq!(flags, documented, "{command}");
        for cells in &rows {
            let flag = quoted(&cells[0])
                .into_iter()
                .flat_map(|text| text.split_whitespace().next().map(str::to_owned));
            let flag = flag.into_iter().find(|flag| flag.starts_with("--")).unwrap();
            let about = options.split(&format!("{flag} <")).nth(1).unwrap_or_default();
            let about = about.split("\n      --").next().unwrap();
            let default = about
                .split("[default: ")
                .nth(1)
                .and_then(|rest| rest.split(']').next());
            let shown = quoted(&cells[1]).join(", ");
            assert_eq!(default.unwrap_or_default(), shown, "{command} {flag}");
        }
    }
}

#[test]
fn every_operator_and_system_policy_is_on_the_page() {
    let page = Page::read("docs/policies.md");
    let operators: BTreeSet<String> = OPERATORS
        .iter()
        .map(|operator| operator.name().to_owned())
        .collect();
    assert_eq!(operators, listed("docs/policies.md", "Condition operators"));
    let words: BTreeSet<String> = page.section("System policies").lines().flat_map(quoted).collect();
    for (name, _) in SYSTEM_POLICIES {
        assert!(words.contains(*name), "{name}");
    }
}

/// A row is a case, or is explained beside the cases
#[test]
fn every_row_that_a_page_names_is_there() {
    let mut known = std::fs::read_to_string("tests/cases/README.md").unwrap();
    for entry in std::fs::read_dir("tests/cases/documented").unwrap() {
        known += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    let known: BTreeSet<String> = rows(&known);
    let mut named = 0;
    for page in pages() {
        for row in rows(&page.prose()) {
            assert!(known.contains(&row), "{}: {row} is no row", page.path.display());
            named += 1;
        }
    }
    assert!(named > 0);
}

/// Words such as S14
fn rows(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_row = |word: &&str| {
        word.strip_prefix('S')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.filter(is_row).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    let chart = Page::read("charts/ramgate/README.md");
    let tests = ["tests/README.md", "tests/cases/README.md"].map(Page::read);
    for page in pages().iter().chain([&chart]).chain(&tests) {
        for link in page.links().iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = page.path.parent().unwrap();
            let target = if path.is_empty() {
                page.path.clone()
            } else {
                folder.join(path)
            };
            let place = format!("{}: {link}", page.path.display());
            assert!(target.exists(), "{place} does not exist");
            if !anchor.is_empty() {
                assert!(
                    Page::read(&target).anchors().iter().any(|known| known == anchor),
                    "{place} has no such heading"
                );
            }
            links += 1;
        }
    }
    assert!(links > 0);
}
