//! What people read about releases.

use std::fs;

use crate::dist::{VERSION, repository, text};

/// The first block of commands below a heading
fn block(page: &str, heading: &str) -> Vec<String> {
    let (_, section) = page
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    let (_, block) = section.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// Chart and files are verified by one command each, the same on both pages
#[test]
fn the_readme_has_the_two_commands_that_verify_a_release() {
    let commands = block(&text(&repository("docs/release.md")), "## Verify");
    assert_eq!(commands.len(), 2, "{commands:#?}");
    let identity = format!(
        "--certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-identity \
         https://github.com/ramgate/ramgate/.github/workflows/release.yaml@refs/tags/v{VERSION}"
    );
    assert_eq!(
        commands[0],
        format!("cosign verify ghcr.io/ramgate/charts/ramgate:{VERSION} {identity}")
    );
    assert_eq!(
        commands[1],
        format!(
            "cosign verify-blob SHA256SUMS --bundle SHA256SUMS.sigstore.json {identity} && sha256sum --check --ignore-missing SHA256SUMS"
        )
    );
    let readme = text(&repository("README.md"));
    for command in commands {
        assert!(
            readme.lines().any(|line| line.trim() == command),
            "README.md lacks {command}"
        );
    }
    // The identity is the file that signs
    assert!(repository(".github/workflows/release.yaml").exists());
}

/// The page names every script that somebody may call
#[test]
fn the_page_names_every_script() {
    let page = text(&repository("docs/release.md"));
    for entry in fs::read_dir(repository("scripts/release")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let sourced = ["common.sh", "oci.sh", "signing.sh"];
        if name.ends_with(".sh") && !sourced.contains(&name.as_str()) {
            let named = page.contains(&format!("`{name}`")) || page.contains(&format!("`{name} "));
            assert!(named, "docs/release.md lacks {name}");
        }
    }
}

/// Without both flags, GitHub takes what any workflow, or this one on any branch, has attested
#[test]
fn github_is_asked_for_this_workflow_and_this_tag() {
    let mut asked = 0;
    let docs = fs::read_dir(repository("docs")).unwrap();
    let pages = docs.map(|entry| entry.unwrap().path());
    for page in pages.chain(["README.md", "SECURITY.md", "charts/ramgate/README.md"].map(repository)) {
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for line in text(&page)
            .lines()
            .filter(|line| line.contains("gh attestation verify"))
        {
            let workflow =
                "--repo ramgate/ramgate --signer-workflow ramgate/ramgate/.github/workflows/release.yaml";
            assert!(
                line.contains(&format!("{workflow} --source-ref refs/tags/v{VERSION}")),
                "{}: {line}",
                page.display()
            );
            asked += 1;
        }
    }
    assert_eq!(asked, 1);
}
