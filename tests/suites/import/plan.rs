//! Terraform: an import of a state, and what a plan newly allows.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{Ran, ramgate};

const ACCOUNT: [&str; 4] = ["--account", "1234567890123456", "--region", "cn-hangzhou"];

fn policy(statements: &Value) -> String {
    json!({"Version": "1", "Statement": statements}).to_string()
}

fn tagged(value: &str) -> Value {
    json!([{"Effect": "Allow", "Action": "eci:Create*", "Resource": "*", "Condition": {"StringEquals": {"acs:RequestTag/env": value}}}])
}

fn resource(kind: &str, name: &str, values: &Value) -> Value {
    json!({"address": format!("alicloud_{kind}.{name}"), "mode": "managed", "type": format!("alicloud_{kind}"), "name": name, "values": values})
}

fn attach(user: &str, policy: &str, kind: &str) -> Value {
    let values = json!({"user_name": user, "policy_name": policy, "policy_type": kind});
    resource("ram_user_policy_attachment", &format!("{user}-{policy}"), &values)
}

/// alice may create with env=test
fn base() -> Vec<Value> {
    vec![
        resource("ram_user", "alice", &json!({"id": "201", "name": "alice"})),
        resource(
            "ram_policy",
            "p",
            &json!({"policy_name": "Eci", "policy_document": policy(&tagged("test"))}),
        ),
        attach("alice", "Eci", "Custom"),
    ]
}

fn state(resources: &[Value]) -> Value {
    json!({"format_version": "1.0", "values": {"root_module": {"resources": resources}}})
}

fn plan(resources: &[Value]) -> Value {
    json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": resources}}, "resource_changes": [], "errored": false})
}

struct Files {
    folder: TempDir,
}

impl Files {
    fn new(old: &Value, new: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("state.json"), old.to_string()).unwrap();
        std::fs::write(folder.path().join("plan.json"), new.to_string()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn diff(&self, more: &[&str]) -> Ran {
        let (old, new) = (self.path("state.json"), self.path("plan.json"));
        ramgate(
            self.folder.path(),
            &[&["diff", &old, &new], &ACCOUNT[..], more].concat(),
        )
    }
}

fn diff(old: &[Value], new: &[Value]) -> Ran {
    Files::new(&state(old), &plan(new)).diff(&[])
}

#[test]
fn what_a_plan_newly_allows_is_listed_and_fails_the_pipeline() {
    assert_eq!(
        diff(&base(), &base()).exits(0),
        "0 newly allowed, 0 newly denied; other changes that may allow more: 0\n"
    );
    let mut more = base();
    more[1]["values"]["policy_document"] = policy(&tagged("prod")).into();
    let printed = diff(&base(), &more).exits(2);
    assert!(
        printed.contains("+ user/alice: eci:Create* on * if acs:RequestTag/env = prod"),
        "{printed}"
    );
    assert!(
        printed.contains("example: ramgate simulate --bare --config-dir DIR --principal user/alice"),
        "{printed}"
    );
    // Less is allowed
    let printed = diff(&base(), &base()[..2]).exits(0);
    assert!(
        printed.contains("- user/alice") && printed.contains("0 newly allowed, 1 newly denied"),
        "{printed}"
    );
    // Somebody new, with a system policy that is built in
    let mut more = base();
    more.push(attach("bob", "AliyunECIFullAccess", "System"));
    let printed = diff(&base(), &more).exits(2);
    assert!(printed.contains("+ user/bob: eci:*"), "{printed}");
    // The first plan, before there is a state
    let files = Files::new(&json!({"format_version": "1.0"}), &plan(&base()));
    files.diff(&[]).exits(2);
}

#[test]
fn a_grant_whose_policy_is_not_known_counts_by_its_name() {
    let mut more = base();
    more.push(attach("alice", "AliyunOSSFullAccess", "System"));
    let printed = diff(&base(), &more).exits(2);
    assert!(
        printed.contains("+ user/alice: policy AliyunOSSFullAccess, may allow more\n"),
        "{printed}"
    );
    let printed = diff(&more, &more).exits(0);
    assert!(!printed.contains("AliyunOSSFullAccess"), "{printed}");
    // It may have denied something
    let printed = diff(&more, &base()).exits(2);
    assert!(
        printed.contains("- user/alice: policy AliyunOSSFullAccess, may allow more\n"),
        "{printed}"
    );
    // One that only allows, and that the engine does not read
    let odd = |resource: &str| {
        let statement = json!([{"Effect": "Allow", "Action": "eci:*", "NotResource": resource}]);
        let mut all = base();
        all[1]["values"]["policy_document"] = policy(&statement).into();
        all
    };
    diff(&odd("acs:eci:*:*:*"), &odd("acs:eci:*:*:*")).exits(0);
    let printed = diff(&odd("acs:eci:*:*:*"), &odd("acs:oss:*:*:*")).exits(2);
    assert!(
        printed.contains("+ user/alice: policy Eci, may allow more\n"),
        "{printed}"
    );
    let json: Value = serde_json::from_str(
        &Files::new(&state(&base()), &plan(&more))
            .diff(&["--output", "json"])
            .exits(2),
    )
    .unwrap();
    assert_eq!(
        json["notCompared"],
        json!([{"change": "added", "holder": "user/alice", "policy": "AliyunOSSFullAccess", "resourceGroup": null, "mayAllow": true}])
    );
}

#[test]
fn what_others_have_by_another_state_counts_as_well() {
    // A role that this state does not define
    let role = resource(
        "ram_role_policy_attachment",
        "r",
        &json!({"role_name": "Elsewhere", "policy_name": "AdministratorAccess", "policy_type": "System"}),
    );
    let more = [base(), vec![role]].concat();
    let printed = diff(&base(), &more).exits(2);
    assert!(
        printed.contains("+ role/Elsewhere: policy AdministratorAccess, may allow more\n"),
        "{printed}"
    );
    diff(&more, &more).exits(0);
    // A policy that nobody has here
    let alone = |value: &str| {
        let values = json!({"policy_name": "Shared", "policy_document": policy(&tagged(value))});
        [base(), vec![resource("ram_policy", "shared", &values)]].concat()
    };
    let printed = diff(&alone("test"), &alone("prod")).exits(2);
    assert!(
        printed.contains("+ whoever has it elsewhere: policy Shared, may allow more\n"),
        "{printed}"
    );
    diff(&base(), &alone("test")).exits(0);
}

#[test]
fn the_sides_must_be_of_one_kind_and_of_one_account() {
    let files = Files::new(&state(&base()), &plan(&base()));
    let printed = ramgate(
        Path::new("/"),
        &["diff", &files.path("state.json"), "deploy/examples/tags/config"],
    )
    .exits(1);
    assert!(
        printed.contains("only one of OLD and NEW is an output of terraform show -json"),
        "{printed}"
    );
    let printed = ramgate(
        Path::new("/"),
        &[
            "diff",
            &files.path("state.json"),
            &files.path("plan.json"),
            "--account",
            "1",
        ],
    )
    .exits(3);
    assert!(printed.contains("give the cluster's with --region"), "{printed}");
    let unknown = json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": [
        {"address": "alicloud_ram_policy.p", "mode": "managed", "type": "alicloud_ram_policy", "values": {"policy_name": "P"}}]}},
        "resource_changes": [{"address": "alicloud_ram_policy.p", "change": {"after_unknown": {"policy_document": true}}}]});
    let printed = Files::new(&state(&base()), &unknown).diff(&[]).exits(3);
    assert!(
        printed.contains("plan.json:1:") && printed.contains("the plan does not know `policy_document`"),
        "{printed}"
    );
}

#[test]
fn a_state_is_imported_and_marked_as_a_part() {
    let mut resources = base();
    resources.push(attach("alice", "AliyunOSSReadOnlyAccess", "System"));
    resources.push(resource(
        "ram_access_key",
        "k",
        &json!({"user_name": "alice", "secret": "hunter2-do-not-print"}),
    ));
    let files = Files::new(&state(&resources), &plan(&resources));
    let (file, out) = (files.path("state.json"), files.path("config"));
    let import = |more: &[&str]| {
        ramgate(
            files.folder.path(),
            &[&["import", "terraform", &file], &ACCOUNT[..], more].concat(),
        )
    };
    let printed = import(&["--out", &out]).exits(3);
    assert!(
        printed.contains("put the text into AliyunOSSReadOnlyAccess.json in the directory"),
        "{printed}"
    );
    std::fs::create_dir(&out).unwrap();
    let text = policy(&json!([{"Effect": "Allow", "Action": "oss:Get*", "Resource": "*"}]));
    std::fs::write(Path::new(&out).join("AliyunOSSReadOnlyAccess.json"), text).unwrap();
    let printed = import(&["--out", &out]).exits(0);
    assert!(
        printed.starts_with("PARTIAL: this is what Terraform manages, not the account"),
        "{printed}"
    );
    let written = std::fs::read_to_string(Path::new(&out).join("ram.yaml")).unwrap();
    assert!(
        written.contains("# PARTIAL: it holds what Terraform manages"),
        "{written}"
    );
    assert!(
        written.contains(
            r#"{name: alice, id: "201", policies: [{policy: Eci}, {policy: AliyunOSSReadOnlyAccess}]}"#
        ),
        "{written}"
    );
    for text in [&printed, &written] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    import(&["--check", &out]).exits(0);
    // The directory may say more than Terraform, and not less
    let more = written.replace("users:\n", "users:\n  - {name: zoe, policies: [{policy: Eci}]}\n");
    std::fs::write(Path::new(&out).join("ram.yaml"), &more).unwrap();
    import(&["--check", &out]).exits(0);
    std::fs::write(
        Path::new(&out).join("ram.yaml"),
        written.replace("{policy: Eci}, ", ""),
    )
    .unwrap();
    let printed = import(&["--check", &out]).exits(2);
    assert!(printed.contains("+ user/alice: policy Eci\n"), "{printed}");
}
