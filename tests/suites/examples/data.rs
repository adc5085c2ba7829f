//! Examples load and decide as their case files say; blocks of data in pages are files, or load; shown runs are real.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page::{Block, Page, pages};
use jiff::Timestamp;
use ram_policy::source::json;
use ram_policy::{Document, DocumentKind};
use ramgate::testing::admission::{Mode, Modes, Operation, Request, offline};
use ramgate::testing::config as store;
use ramgate::testing::config::{Configuration, ParsedDocument, folder};
use ramgate::testing::kubernetes::ClusterSnapshot;
use ramgate::testing::{cases, yaml};

fn examples() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("deploy/examples")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

fn configuration(example: &Path) -> Configuration {
    let documents = folder::read(&example.join("config")).unwrap();
    store::load(&documents).unwrap_or_else(|faults| panic!("{}: {faults:?}", example.display()))
}

#[test]
fn every_example_loads_without_a_warning() {
    assert!(!examples().is_empty());
    for example in examples() {
        let warnings = configuration(&example).warnings;
        assert!(warnings.is_empty(), "{}: {warnings:?}", example.display());
    }
    let demo = folder::read(Path::new("deploy/demo/config")).unwrap();
    store::load(&demo).unwrap();
}

#[test]
fn every_example_decides_as_its_cases_say() {
    for example in examples() {
        let file = example.join("cases.yaml");
        let documents = folder::read(&example.join("config")).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let results = cases::run(&file, &bytes, &documents)
            .unwrap_or_else(|faults| panic!("{}: {faults:?}", file.display()));
        let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(!results.is_empty(), "{} has no case", file.display());
    }
}

#[test]
fn every_example_is_linked_from_a_page() {
    let linked: String = pages().iter().flat_map(Page::links).collect();
    for example in examples() {
        assert!(
            linked.contains(example.to_str().unwrap()),
            "no page links {}",
            example.display()
        );
    }
}

/// Blocks that are data are a file's whole content, or are read as what they say they are
#[test]
fn every_block_of_data_is_a_file_or_loads() {
    for page in pages() {
        for block in page
            .blocks()
            .iter()
            .filter(|block| ["yaml", "json"].contains(&block.language.as_str()))
        {
            if let Err(message) = check(block) {
                panic!("{}:{}: {message}", page.path.display(), block.line);
            }
        }
    }
}

fn check(block: &Block) -> Result<(), String> {
    if let Some(file) = block.mark.strip_prefix("file=") {
        let wanted = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        return if block.text == wanted {
            Ok(())
        } else {
            Err(format!("differs from {file}"))
        };
    }
    match block.mark.as_str() {
        "cases" => {
            let results = cases::run(Path::new("block.yaml"), block.text.as_bytes(), &[])
                .map_err(|faults| format!("{faults:?}"))?;
            let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
            if failed.is_empty() {
                Ok(())
            } else {
                Err(format!("{failed:#?}"))
            }
        }
        "directory" => match ParsedDocument::directory(block.text.as_bytes()).faults() {
            [] => Ok(()),
            faults => Err(format!("{faults:?}")),
        },
        "policy" => Document::parse(block.text.as_bytes(), DocumentKind::Identity)
            .map(drop)
            .map_err(|fault| fault.to_string()),
        "output" => json::parse(&block.text)
            .map(drop)
            .map_err(|fault| fault.to_string()),
        "manifest" => yaml::parse(&block.text)
            .map(drop)
            .map_err(|fault| fault.to_string()),
        other => Err(format!(
            "`{other}` says neither which file it is nor how to read it"
        )),
    }
}

/// `$ ramgate …` and what it prints
#[test]
fn every_shown_run_prints_what_is_shown() {
    let mut runs = 0;
    for page in pages() {
        for block in page.blocks().iter().filter(|block| block.mark == "run") {
            for run in block.text.split("$ ramgate ").skip(1) {
                let (command, shown) = run.split_once('\n').unwrap();
                let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
                    .args(command.split_whitespace())
                    .output()
                    .unwrap();
                let printed =
                    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
                assert_eq!(
                    printed,
                    shown,
                    "{}:{}: {command}",
                    page.path.display(),
                    block.line
                );
                runs += 1;
            }
        }
    }
    assert!(runs > 4);
}

/// The denial that the README takes apart is the one that the quick start's pod gets
#[test]
fn the_denial_of_the_quick_start_is_a_real_one() {
    let example = Path::new("deploy/examples/quickstart");
    let configuration = configuration(example);
    let pod = std::fs::read_to_string(example.join("pod.yaml")).unwrap();
    let pod = yaml::parse(&pod).unwrap()[0].to_json();
    let request = Request {
        operation: Operation::Create(&pod),
        subresource: "",
        user: "alice@example.com",
        groups: &[],
        extra: None,
    };
    let modes = Modes::everywhere(Mode::Enforce);
    let done = offline::run(
        &request,
        &configuration,
        &ClusterSnapshot::default(),
        &modes,
        Timestamp::now(),
    )
    .unwrap();
    assert!(!done.allowed);

    let readme = Page::read("README.md");
    let blocks = readme.blocks();
    let shown = blocks.iter().find(|block| block.mark == "denied").unwrap();
    let (before, message) = shown.text.trim_end().split_once("denied the request: ").unwrap();
    assert_eq!(message, done.message);
    assert!(
        before.contains("marked.ramgate.io") && before.contains("deploy/examples/quickstart/pod.yaml"),
        "{before}"
    );
}

#[test]
fn the_first_command_of_the_readme_prints_what_stands_there() {
    let readme = Page::read("README.md");
    let blocks = readme.blocks();
    let shown = blocks.iter().find(|block| block.mark == "check").unwrap();
    let text = std::fs::read_to_string("README.md").unwrap();
    let first = text.lines().find(|line| line.starts_with("docker run ")).unwrap();
    let (image, arguments) = first.split_once(" check ").unwrap();
    assert!(
        image.ends_with(concat!("/ramgate:", env!("CARGO_PKG_VERSION"))),
        "{image}"
    );
    let ran = Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .arg("check")
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&printed), sorted(&shown.text));
    assert_eq!(ran.status.code(), Some(2));
}
