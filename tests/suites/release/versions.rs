//! One version, said everywhere, and the tag that it needs.

use std::fs;
use std::process::Output;

use crate::dist::{VERSION, error_of, refused, text};
use crate::source::Source;

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
        refused(&source.script("version.sh", &[]), reason);
    }
}

#[test]
fn a_tag_of_another_version_is_refused() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    prints(&source.script("version.sh", &["v7.8.9"]), "7.8.9");
    for tag in ["v7.8.8", "7.8.9", "v7.8.9-rc.1", "v7.8.9; id", "$(id)", ""] {
        let reason = format!("the tag is `{tag}`, but this source is version 7.8.9: tag it v7.8.9");
        refused(&source.script("version.sh", &[tag]), &reason);
    }
}

#[test]
fn a_version_without_a_section_in_the_changelog_is_refused() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    source.edit("CHANGELOG.md", "## [7.8.9]", "## [7.8.8]");
    refused(
        &source.script("version.sh", &["v7.8.9"]),
        "CHANGELOG.md has no section `## [7.8.9] - YYYY-MM-DD`",
    );
}

/// The tag's commit is this one, and main has it
#[test]
fn a_tag_is_released_only_from_main() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    source.commit();
    refused(&source.script("tag.sh", &["v7.8.9"]), "there is no tag v7.8.9");
    source.git(&["tag", "v7.8.9"]);
    refused(
        &source.script("tag.sh", &["v7.8.9"]),
        "there is no branch origin/main",
    );
    source.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert!(source.script("tag.sh", &["v7.8.9"]).status.success());
    source.git(&["commit", "--quiet", "--allow-empty", "--message=two"]);
    refused(
        &source.script("tag.sh", &["v7.8.9"]),
        "the tag v7.8.9 is on commit ",
    );
    source.git(&["tag", "--force", "v7.8.9"]);
    refused(
        &source.script("tag.sh", &["v7.8.9"]),
        "which is not on origin/main: merge it first",
    );
}

/// Everything that says the version says the new one, and the rest stays as it was
#[test]
fn a_new_version_is_written_everywhere() {
    let source = Source::copy();
    let before = |file: &str| text(&crate::dist::repository(file));
    let unreleased = text(&source.path("CHANGELOG.md"));
    let prose = format!("Since {VERSION} and until version {VERSION}, `prepare.sh {VERSION}` is prose.\n");
    let readme = before("README.md");
    fs::write(source.path("README.md"), format!("{readme}{prose}")).unwrap();
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
    assert!(
        text(&source.path("README.md")).ends_with(&prose),
        "only commands change"
    );
    let changelog = text(&source.path("CHANGELOG.md"));
    let (_, section) = changelog
        .split_once("\n## [Unreleased]\n\n## [7.8.9-rc.1] - 2")
        .unwrap();
    let (_, section) = section.split_once('\n').unwrap();
    assert!(
        unreleased.ends_with(section),
        "what was unreleased is in the new section"
    );
}

/// The first release is of the version that the source says already
#[test]
fn the_version_of_the_source_can_be_prepared() {
    let source = Source::copy();
    let changelog = text(&source.path("CHANGELOG.md"));
    if changelog.contains(&format!("\n## [{VERSION}]")) {
        return;
    }
    assert!(source.script("prepare.sh", &[VERSION]).status.success());
    prints(&source.script("version.sh", &[&format!("v{VERSION}")]), VERSION);
}

/// All tests here, and the rehearsal, also run on the commit of a release, whose changelog has nothing under Unreleased.
#[test]
fn a_version_can_follow_one_that_was_just_prepared() {
    let source = Source::copy();
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    source.add_news();
    let output = source.script("prepare.sh", &["7.9.0"]);
    assert!(output.status.success(), "{}", error_of(&output));
    let changelog = text(&source.path("CHANGELOG.md"));
    let headings: Vec<&str> = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## ["))
        .take(3)
        .map(|line| line.split(']').next().unwrap())
        .collect();
    assert_eq!(headings, ["Unreleased", "7.9.0", "7.8.9"]);
}

/// What the candidates of a version had is the version's own, by kind
#[test]
fn a_candidate_becomes_a_release() {
    let source = Source::copy();
    let changelog = text(&source.path("CHANGELOG.md"));
    let (head, rest) = changelog.split_once("## [Unreleased]\n").unwrap();
    let earlier = rest
        .split_once("\n## [")
        .map(|(_, earlier)| format!("\n## [{earlier}"));
    let earlier = earlier.unwrap_or_default();
    let write = |sections: &str| {
        let text = format!("{head}## [Unreleased]\n{sections}{earlier}");
        fs::write(source.path("CHANGELOG.md"), text).unwrap();
    };
    let one = "\n## [7.8.9-rc.1] - 2026-01-01\n\n### Added\n\n- One\n  and on\n\n  and on\n- Two\n\n### Fixed\n\n- Three\n";
    let two = "\n## [7.8.9-rc.2] - 2026-01-02\n\n### Fixed\n\n- Four\n\n### Added\n\n- Five\n";
    let other = "\n## [7.8.8-rc.1] - 2025-01-01\n\n### Added\n\n- Six\n";
    write(&format!("{two}{one}{other}"));
    // A candidate has only what is new in it.
    refused(
        &source.script("prepare.sh", &["7.8.9-rc.3"]),
        "nothing under Unreleased",
    );
    let output = source.script("prepare.sh", &["7.8.9"]);
    assert!(output.status.success(), "{}", error_of(&output));
    let found = text(&source.path("CHANGELOG.md"));
    let (_, found) = found.split_once("## [Unreleased]\n\n## [7.8.9] - 2").unwrap();
    let (_, found) = found.split_once('\n').unwrap();
    let expected =
        "\n### Fixed\n\n- Four\n- Three\n\n### Added\n\n- Five\n- One\n  and on\n\n  and on\n- Two\n";
    assert_eq!(found, format!("{expected}{other}{earlier}"));
    let notes = String::from_utf8(source.script("notes.sh", &[]).stdout).unwrap();
    assert_eq!(notes.trim(), expected.trim());

    write(&format!("\n### Fixed\n\n- Zero\n{one}"));
    let output = source.script("prepare.sh", &["7.8.9"]);
    assert!(output.status.success(), "{}", error_of(&output));
    let found = text(&source.path("CHANGELOG.md"));
    assert!(found.contains("\n### Fixed\n\n- Zero\n- Three\n"), "{found}");
    assert!(!found.contains("7.8.9-rc.1]"), "{found}");
}

#[test]
fn a_version_is_prepared_once_and_only_if_there_is_news() {
    let source = Source::copy();
    for version in ["1.2", "v1.2.3", "1.2.3;id", ""] {
        refused(&source.script("prepare.sh", &[version]), "say the new version");
    }
    assert!(source.script("prepare.sh", &["7.8.9"]).status.success());
    refused(
        &source.script("prepare.sh", &["7.8.9"]),
        "CHANGELOG.md has a section for 7.8.9 already",
    );
    refused(
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
