//! One version, said everywhere, and the tag that it needs.

use std::fs;
use std::process::Output;

use crate::dist::{VERSION, error_of, text};
use crate::source::Source;

#[track_caller]
fn refuses(output: &Output, reason: &str) {
    let said = error_of(output);
    assert!(!output.status.success() && said.contains(reason), "{said}");
}

#[track_caller]
fn prints(output: &Output, version: &str) {
    assert!(output.status.success(), "{}", error_of(output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), version);
}

#[test]
fn a_version_that_one_file_says_otherwise_is_refused() {
    let own = format!("{VERSION}\"");
    for (file, from, to, reason) in [
        (
            "charts/ramgate/Chart.yaml",
            "\nversion: ",
            "\nversion: 9",
            "charts/ramgate/Chart.yaml: version is `9",
        ),
        (
            "charts/ramgate/Chart.yaml",
            "\nappVersion: ",
            "\nappVersion: 9",
            "charts/ramgate/Chart.yaml: appVersion is `9",
        ),
        (
            "Cargo.toml",
            "[workspace.package]\nversion = \"",
            "[workspace.package]\nversion = \"9",
            "Chart.yaml: version is `",
        ),
        (
            "Cargo.toml",
            "[workspace.package]\nversion = \"",
            "[workspace.package]\nversion = \"x",
            "which is no version such as 1.2.3",
        ),
        (
            "Cargo.lock",
            &format!("name = \"ramgate\"\nversion = \"{own}"),
            "name = \"ramgate\"\nversion = \"9.9.9\"",
            "Cargo.lock: ramgate is `9.9.9`",
        ),
    ] {
        let source = Source::copy();
        prints(&source.script("version.sh", &[]), VERSION);
        source.edit(file, from, to);
        refuses(&source.script("version.sh", &[]), reason);
    }
}

#[test]
fn a_tag_of_another_version_is_refused() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    prints(&source.script("version.sh", &["v7.8.9"]), "7.8.9");
    for tag in ["v7.8.8", "7.8.9", "v7.8.9-rc.1", "v7.8.9; id", "$(id)", ""] {
        let reason = format!("the tag is `{tag}`, but this source is version 7.8.9: tag it v7.8.9");
        refuses(&source.script("version.sh", &[tag]), &reason);
    }
}

#[test]
fn a_version_without_a_section_in_the_changelog_is_refused() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    source.edit("CHANGELOG.md", "## [7.8.9]", "## [7.8.8]");
    refuses(
        &source.script("version.sh", &["v7.8.9"]),
        "CHANGELOG.md has no section `## [7.8.9] - YYYY-MM-DD`",
    );
}

/// The tag's commit is this one, and main has it
#[test]
fn a_tag_is_released_only_from_main() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    source.git(&["init", "--quiet", "--initial-branch=main"]);
    source.git(&["add", "--all"]);
    source.git(&["commit", "--quiet", "--message=one"]);
    refuses(&source.script("tag.sh", &["v7.8.9"]), "there is no tag v7.8.9");
    source.git(&["tag", "v7.8.9"]);
    refuses(
        &source.script("tag.sh", &["v7.8.9"]),
        "there is no branch origin/main",
    );
    source.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert!(source.script("tag.sh", &["v7.8.9"]).status.success());
    source.git(&["commit", "--quiet", "--allow-empty", "--message=two"]);
    refuses(
        &source.script("tag.sh", &["v7.8.9"]),
        "the tag v7.8.9 is on commit ",
    );
    source.git(&["tag", "--force", "v7.8.9"]);
    refuses(
        &source.script("tag.sh", &["v7.8.9"]),
        "which is not on origin/main: merge it first",
    );
}

/// Everything that says the version says the new one, and the rest stays as it was
#[test]
fn a_new_version_is_written_everywhere() {
    let source = Source::copy();
    let before = |file: &str| text(&crate::dist::repository(file));
    let output = source.script("prepare.sh", &["7.8.9-rc.1"]);
    assert!(output.status.success(), "{}", error_of(&output));
    prints(&source.script("version.sh", &["v7.8.9-rc.1"]), "7.8.9-rc.1");
    for (file, packages) in [
        ("Cargo.lock", 3),
        ("fuzz/Cargo.lock", 3),
        ("benches/peers/Cargo.lock", 1),
    ] {
        let (old, new) = (before(file), text(&source.path(file)));
        assert_eq!(old.lines().count(), new.lines().count());
        let changed: Vec<&str> = old
            .lines()
            .zip(new.lines())
            .filter_map(|(old, new)| (old != new).then_some(new))
            .collect();
        assert_eq!(
            changed,
            vec!["version = \"7.8.9-rc.1\""; packages],
            "{file}: ramgate and its crates"
        );
    }
    let manifests = text(&source.path("deploy/manifests/ramgate.yaml"));
    assert!(manifests.contains("image: ghcr.io/ramgate/ramgate:7.8.9-rc.1\n"));
    for file in [
        "README.md",
        "docs/release.md",
        "charts/ramgate/README.md",
        "Dockerfile",
        "deploy/manifests/ramgate.yaml",
    ] {
        let new = text(&source.path(file));
        let old = format!("ramgate:{VERSION}");
        assert!(
            !new.contains(&old)
                && !new.contains(&format!("v{VERSION}"))
                && !new.contains(&format!("--version {VERSION}")),
            "{file}"
        );
    }
    let changelog = text(&source.path("CHANGELOG.md"));
    let (_, section) = changelog
        .split_once("\n## [Unreleased]\n\n## [7.8.9-rc.1] - 2")
        .unwrap();
    let (_, section) = section.split_once('\n').unwrap();
    assert!(
        before("CHANGELOG.md").ends_with(section),
        "what was unreleased is in the new section"
    );
}

#[test]
fn a_version_is_prepared_once_and_only_if_there_is_news() {
    let source = Source::copy();
    for version in ["1.2", "v1.2.3", "1.2.3;id", ""] {
        refuses(&source.script("prepare.sh", &[version]), "say the new version");
    }
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    refuses(
        &source.script("prepare.sh", &["7.8.9"]),
        "CHANGELOG.md has a section for 7.8.9 already",
    );
    refuses(
        &source.script("prepare.sh", &["7.9.0"]),
        "nothing under Unreleased",
    );
}

/// The text of a release is the section of its version and nothing of another one
#[test]
fn notes_are_the_section_of_the_version() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    let changelog = text(&source.path("CHANGELOG.md"));
    let news = "## [Unreleased]\n\n### Security\n\n- Later, see [there](docs/release.md) and `[a]` \"b\" \\\n  and on.\n";
    fs::write(
        source.path("CHANGELOG.md"),
        changelog.replace("## [Unreleased]\n", news),
    )
    .unwrap();
    let notes = |arguments: &[&str]| String::from_utf8(source.script("notes.sh", arguments).stdout).unwrap();
    assert!(!notes(&[]).contains("Later") && notes(&[]).contains("\n- "));
    source.edit("CHANGELOG.md", "## [7.8.9]", "## [7.8.8]");
    assert_eq!(
        notes(&[]).trim(),
        "### Security\n\n- Later, see [there](docs/release.md) and `[a]` \"b\" \\\n  and on."
    );
    assert_eq!(
        crate::dist::document(&notes(&["--artifacthub"])),
        serde_json::json!([{"kind": "security", "description": "Later, see there and `[a]` \"b\" \\ and on."}])
    );
}
