//! deploy/import/dump.sh against a program that answers like the aliyun CLI: from an account to a configuration.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use ram_policy::{Document, DocumentKind};
use ramgate::testing::config::{folder, load};

use crate::run::{ACCOUNT, ramgate};

const NUMBER: &str = "1234567890123456";

/// Runs the script with pages of some entries; `failing` is a call that fails
fn dump(folder: &Path, arguments: &[&str], page: usize, failing: &str) -> Output {
    Command::new("deploy/import/dump.sh")
        .args(arguments)
        .env("RAMGATE_ALIYUN", "tests/suites/import/aliyun.sh")
        .env("FAKE_LOG", folder.join("calls"))
        .env("FAKE_PAGE", page.to_string())
        .env("FAKE_FAIL", failing)
        .output()
        .unwrap()
}

#[track_caller]
fn dumped(folder: &Path, arguments: &[&str], page: usize) {
    let output = dump(folder, arguments, page, "");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// From the account to a configuration that decides, with no work by hand but the bindings
#[test]
fn an_account_becomes_a_directory_that_lacks_only_bindings() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    dumped(folder.path(), &[&path("dump")], 5);
    dumped(folder.path(), &["--control", NUMBER, &path("dump")], 5);
    std::fs::create_dir(path("config")).unwrap();
    let own = "resourceGroups: [{id: rg-acmedefault, name: default, default: true}]\nbindings: [{principal: user/*, subjects: [{kind: User, name: '*@corp.example'}]}]\n";
    std::fs::write(path("config/own.yaml"), own).unwrap();
    let arguments = [
        "import",
        "aliyun",
        &path("dump"),
        "--out",
        &path("config"),
        "--region",
        "cn-hangzhou",
    ];
    let printed = ramgate(folder.path(), &arguments).exits(0);
    assert_eq!(
        printed.replace(&path("config"), "config"),
        "config: 12 users, 5 groups, 6 roles, 3 resource groups, 9 policies; 10 files changed, 0 removed, 0 as before\n"
    );
    let configuration = load(&folder::read(Path::new(&path("config"))).unwrap()).unwrap();
    assert!(configuration.warnings.is_empty(), "{:?}", configuration.warnings);
    assert_eq!(configuration.policies.principals().len(), 12 + 6);
    // Both scopes, groups, a Deny, a role that is passed, and a control policy
    let decides = |principal: &str, more: &[&str], wanted: &str| {
        let config = path("config");
        let mut arguments = vec!["simulate", "--config-dir", &config, "--principal", principal];
        arguments.extend(more);
        let printed = ramgate(folder.path(), &arguments).printed;
        assert!(printed.starts_with(wanted), "{principal} {more:?}: {printed}");
    };
    let create = ["--action", "eci:CreateContainerGroup"];
    let with = |more: &[&'static str]| [&create[..], more].concat();
    decides(
        "user/dmitri",
        &with(&["--context", "acs:RequestTag/env=test"]),
        "Allow",
    );
    decides(
        "user/dmitri",
        &with(&["--context", "acs:RequestTag/env=prod"]),
        "ImplicitDeny",
    );
    decides("user/alice", &with(&["--resource-group", "rg-acmeshop"]), "Allow");
    decides(
        "user/alice",
        &with(&["--resource-group", "rg-acmedata"]),
        "ImplicitDeny",
    );
    decides("user/farid", &with(&["--resource-group", "rg-acmedata"]), "Allow");
    decides(
        "user/bo",
        &with(&["--context", "acs:RequestTag/env=prod"]),
        "ExplicitDeny",
    );
    decides(
        "user/gwen",
        &with(&["--context", "acs:RequestTag/lifecycle=spot"]),
        "ExplicitDeny",
    );
    decides(
        "user/jun",
        &[
            "--action",
            "ram:PassRole",
            "--resource",
            "acs:ram::1234567890123456:role/DataLoader",
        ],
        "Allow",
    );
}

/// Whatever the size of a page, the account is the same
#[test]
fn pages_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut texts = BTreeSet::new();
    for page in [1, 2, 3, 12, 100] {
        let path = |name: &str| folder.path().join(format!("{name}-{page}")).display().to_string();
        dumped(folder.path(), &[&path("dump")], page);
        dumped(folder.path(), &["--control", NUMBER, &path("dump")], page);
        let arguments = [
            "import",
            "aliyun",
            &path("dump"),
            "--out",
            &path("config"),
            "--region",
            "cn-hangzhou",
        ];
        ramgate(folder.path(), &arguments).exits(0);
        texts.insert(std::fs::read_to_string(path("config") + "/ram.yaml").unwrap());
    }
    let fixture = folder.path().join("fixture");
    let out = fixture.display().to_string();
    ramgate(
        folder.path(),
        &[
            "import",
            "aliyun",
            ACCOUNT,
            "--out",
            &out,
            "--region",
            "cn-hangzhou",
        ],
    )
    .exits(0);
    texts.insert(std::fs::read_to_string(fixture.join("ram.yaml")).unwrap());
    assert_eq!(texts.len(), 1);
}

#[test]
fn a_call_that_fails_leaves_a_dump_that_is_refused() {
    for (number, failing) in [
        "ListUsers",
        "ListPolicyAttachments",
        "ListUsersForGroup",
        "GetRole",
        "GetPolicy",
        "GetCallerIdentity",
    ]
    .iter()
    .enumerate()
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(number.to_string()).display().to_string();
        let output = dump(folder.path(), &[&path], 5, failing);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(failing),
            "{failing}: {said}"
        );
        assert!(
            !Path::new(&path).join("GetCallerIdentity.json").exists(),
            "{failing}"
        );
        if *failing != "GetCallerIdentity" {
            let out = folder.path().join("out").display().to_string();
            let arguments = ["import", "aliyun", &path, "--out", &out, "--region", "r"];
            let printed = ramgate(folder.path(), &arguments).exits(if number == 0 { 1 } else { 3 });
            assert!(
                printed.contains("missing") || printed.contains("no file of a dump"),
                "{failing}: {printed}"
            );
        }
    }
}

#[test]
fn a_folder_with_answers_of_another_day_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump").display().to_string();
    dumped(folder.path(), &[&path], 100);
    let output = dump(folder.path(), &[&path], 100, "");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not empty"));
    for wrong in [
        &[][..],
        &["a", "b"],
        &["--control", "a"],
        &["--control", "../..", &path],
        &["-x"],
    ] {
        assert!(!dump(folder.path(), wrong, 100, "").status.success(), "{wrong:?}");
    }
}

/// The script makes calls that its RAM policies allow, and those policies allow nothing else
#[test]
fn the_script_s_policies_allow_its_calls_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump").display().to_string();
    for (file, arguments) in [
        ("policy.json", &[path.as_str()][..]),
        ("control-policy.json", &["--control", NUMBER, &path]),
    ] {
        let _ = std::fs::remove_file(folder.path().join("calls"));
        dumped(folder.path(), arguments, 5);
        let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
        let calls: BTreeSet<String> = calls
            .lines()
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(":"))
            .collect();
        let policy = std::fs::read(Path::new("deploy/import").join(file)).unwrap();
        let policy = Document::parse(&policy, DocumentKind::Identity).unwrap().document;
        for call in &calls {
            let mut statements = policy.statements.iter();
            assert!(
                statements.any(|statement| statement.covers_action(call)),
                "{file} does not allow {call}"
            );
        }
        let statements = policy.statements.iter();
        for pattern in statements.flat_map(|statement| statement.actions.patterns()) {
            // It is not known which of the two names RAM asks for
            let action = pattern.as_str().replace(
                "ram:ListPolicyAttachments",
                "resourcemanager:ListPolicyAttachments",
            );
            assert!(
                calls.contains(&action),
                "{file} allows {action}, which nothing calls"
            );
            let (_, name) = action.split_once(':').unwrap();
            assert!(name.starts_with("Get") || name.starts_with("List"), "{action}");
        }
    }
}
