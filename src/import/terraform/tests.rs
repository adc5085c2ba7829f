//! States and plans as `terraform show -json` prints them.

use serde_json::{Value, json};

use super::*;
use crate::import::{Documents, OwnDocuments, Settings, documents};

fn policy_text(effect: &str, action: &str) -> String {
    json!({"Version": "1", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]}).to_string()
}

const TRUST: &str = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]}"#;

fn resource(kind: &str, name: &str, values: Value) -> Value {
    json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/aliyun/alicloud", "schema_version": 0, "values": values, "sensitive_values": {}})
}

/// Attributes as older and newer versions of the provider name them, in modules of modules
fn resources() -> (Vec<Value>, Vec<Value>, Vec<Value>) {
    let top = vec![
        resource(
            "alicloud_ram_user",
            "alice",
            json!({"id": "201", "name": "alice", "mobile": null}),
        ),
        resource("alicloud_ram_group", "dev", json!({"id": "dev", "name": "dev"})),
        resource(
            "alicloud_ram_group",
            "ops",
            json!({"id": "ops", "group_name": "ops"}),
        ),
        resource(
            "alicloud_ram_group_membership",
            "dev",
            json!({"group_name": "dev", "user_names": ["alice"]}),
        ),
        resource(
            "alicloud_ram_policy",
            "old",
            json!({"name": "Old", "document": policy_text("Allow", "eci:*"), "policy_name": null}),
        ),
    ];
    let child = vec![
        resource(
            "alicloud_ram_policy",
            "new",
            json!({"policy_name": "New", "policy_document": policy_text("Allow", "eci:Describe*"), "document": ""}),
        ),
        resource(
            "alicloud_ram_role",
            "runner",
            json!({"role_name": "Runner", "role_id": "301", "arn": "acs:ram::1234567890123456:role/runner",
            "assume_role_policy_document": TRUST}),
        ),
        resource(
            "alicloud_ram_role",
            "older",
            json!({"name": "Older", "document": TRUST}),
        ),
        resource(
            "alicloud_ram_user_group_attachment",
            "a",
            json!({"group_name": "ops", "user_name": "alice"}),
        ),
        resource(
            "alicloud_ram_user_policy_attachment",
            "a",
            json!({"policy_name": "Old", "policy_type": "Custom", "user_name": "alice"}),
        ),
        resource(
            "alicloud_ram_group_policy_attachment",
            "a",
            json!({"policy_name": "New", "policy_type": "Custom", "group_name": "dev"}),
        ),
    ];
    let deep = vec![
        resource(
            "alicloud_ram_role_policy_attachment",
            "a",
            json!({"policy_name": "AliyunECIFullAccess", "policy_type": "System", "role_name": "runner"}),
        ),
        resource(
            "alicloud_resource_manager_policy_attachment",
            "a",
            json!({"policy_name": "Old", "policy_type": "Custom",
            "principal_name": "ops@group.acme.onaliyun.com", "principal_type": "IMSGroup", "resource_group_id": "rg-shop"}),
        ),
        resource(
            "alicloud_resource_manager_policy_attachment",
            "b",
            json!({"policy_name": "New", "policy_type": "Custom",
            "principal_name": "bob@acme.onaliyun.com", "principal_type": "IMSUser", "resource_group_id": "1234567890123456"}),
        ),
        json!({"address": "data.alicloud_ram_policies.all", "mode": "data", "type": "alicloud_ram_policies", "name": "all", "values": {"name": 7}}),
        json!({"address": "data.alicloud_ram_user.eve", "mode": "data", "type": "alicloud_ram_user", "name": "eve", "values": {"name": "eve"}}),
    ];
    (top, child, deep)
}

fn root_module() -> Value {
    let (top, child, deep) = resources();
    json!({"resources": top, "child_modules": [{"address": "module.a", "resources": child, "child_modules": [{"address": "module.a.module.b", "resources": deep}]}]})
}

fn state(root_module: &Value) -> Value {
    json!({"format_version": "1.0", "terraform_version": "1.9.0", "values": {"outputs": {}, "root_module": root_module}})
}

fn of(resources: &[Value]) -> Value {
    state(&json!({"resources": resources}))
}

fn imported(file: &Value, settings: &TerraformSettings) -> Result<Documents, Vec<String>> {
    let region = Settings {
        region: Some("cn-hangzhou".to_owned()),
    };
    let data = read("state.json", file.to_string().as_bytes(), settings);
    let documents = data.and_then(|data| documents(&data, &OwnDocuments::default(), &region));
    documents.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn account() -> TerraformSettings {
    TerraformSettings {
        account: Some("1234567890123456".to_owned()),
        ..TerraformSettings::default()
    }
}

fn lines(documents: &Documents) -> String {
    let entries = documents.sections.iter().flat_map(|section| &section.entries);
    entries.map(|entry| format!("{entry}\n")).collect()
}

#[track_caller]
fn refused(file: &Value, words: &str) {
    let faults = imported(file, &account()).expect_err(words);
    assert!(
        faults.iter().any(|fault| fault.contains(words)),
        "`{words}` is not in {faults:#?}"
    );
}

#[test]
fn every_version_of_the_provider_and_every_module_is_read() {
    let trust = r#"trustPolicy: {Version: "1", Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: [ecs.aliyuncs.com]}}]}"#;
    let wanted = format!(
        r#"{{id: rg-shop}}
{{name: alice, id: "201", groups: [dev, ops], policies: [{{policy: Old}}]}}
{{name: bob, policies: [{{policy: New}}]}}
{{name: dev, policies: [{{policy: New}}]}}
{{name: ops, policies: [{{policy: Old, resourceGroup: rg-shop}}]}}
{{name: Older, {trust}}}
{{name: Runner, id: "301", {trust}, policies: [{{policy: AliyunECIFullAccess}}]}}
"#
    );
    let documents = imported(&state(&root_module()), &TerraformSettings::default()).unwrap();
    assert_eq!(lines(&documents), wanted);
    assert_eq!(
        documents.account.as_deref(),
        Some(r#"{id: "1234567890123456", region: cn-hangzhou}"#)
    );
    let plan = json!({"format_version": "1.2", "planned_values": {"root_module": root_module()}, "prior_state": state(&json!({})),
        "resource_changes": [], "errored": false, "complete": true});
    assert_eq!(
        lines(&imported(&plan, &TerraformSettings::default()).unwrap()),
        wanted
    );
}

#[test]
fn what_the_plan_does_not_know_is_refused() {
    let policy = resource("alicloud_ram_policy", "p", json!({"policy_name": "P"}));
    let plan = |unknown: Value, policy: &Value| {
        json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": [policy]}},
            "resource_changes": [{"address": "alicloud_ram_policy.p", "change": {"actions": ["create"], "after_unknown": unknown}}]})
    };
    let words = "alicloud_ram_policy.p: the plan does not know `policy_document`";
    refused(
        &plan(json!({"id": true, "policy_document": true}), &policy),
        words,
    );
    refused(
        &plan(json!({"id": true}), &policy),
        "alicloud_ram_policy.p has no `policy_document` or `document`",
    );
    let known = resource(
        "alicloud_ram_policy",
        "p",
        json!({"policy_name": "P", "policy_document": policy_text("Allow", "eci:*")}),
    );
    // The number of something new is never known, and nothing needs it
    assert!(imported(&plan(json!({"id": true, "document": true}), &known), &account()).is_ok());
    let members = resource("alicloud_ram_group_membership", "m", json!({"group_name": "g"}));
    let plan = json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": [members]}},
        "resource_changes": [{"address": "alicloud_ram_group_membership.m", "change": {"after_unknown": {"user_names": [false, true]}}}]});
    refused(&plan, "the plan does not know `user_names`");
    for field in [json!({"errored": true}), json!({"complete": false})] {
        let mut plan = json!({"format_version": "1.2", "planned_values": {"root_module": {}}});
        plan.as_object_mut()
            .unwrap()
            .extend(field.as_object().unwrap().clone());
        refused(&plan, "the plan has errors or is incomplete");
    }
}

#[test]
fn other_formats_are_refused_by_name() {
    refused(
        &json!({"format_version": "2.0", "values": {}}),
        "`format_version` is not 1.x",
    );
    refused(
        &json!({"format_version": "0.2", "values": {}}),
        "`format_version` is not 1.x",
    );
    refused(
        &json!({"version": 4, "terraform_version": "1.9.0", "resources": []}),
        "Terraform's state file itself",
    );
    refused(&json!({"users": []}), "`format_version` is missing");
    refused(&json!([]), "must be an object");
    assert!(imported(&json!({"format_version": "1.0"}), &account()).is_ok());
}

#[test]
fn secrets_are_in_no_output() {
    const SECRET: &str = "hunter2-do-not-print";
    let secrets = [
        resource(
            "alicloud_ram_access_key",
            "k",
            json!({"user_name": "alice", "id": SECRET, "secret": SECRET, "encrypted_secret": SECRET}),
        ),
        resource(
            "alicloud_ram_login_profile",
            "l",
            json!({"user_name": "alice", "password": SECRET}),
        ),
        resource(
            "alicloud_db_account",
            "d",
            json!({"password": SECRET, SECRET: SECRET}),
        ),
        resource(
            "alicloud_ram_user",
            "alice",
            json!({"id": "201", "name": "alice", "email": SECRET, "comments": SECRET, "mobile": SECRET}),
        ),
    ];
    let with = |more: &[Value]| {
        let mut file = of(&[secrets.as_slice(), more].concat());
        file["values"]["outputs"] = json!({"password": {"sensitive": true, "value": SECRET}});
        file["prior_state"] = json!({"values": SECRET});
        file
    };
    let documents = imported(&with(&[]), &account()).unwrap();
    assert!(!format!("{documents:?}").contains(SECRET));
    // Values of a wrong type or in a wrong place
    let wrong = [
        resource("alicloud_ram_user", "b", json!({"name": {"x": SECRET}})),
        resource(
            "alicloud_ram_group_membership",
            "m",
            json!({"group_name": "g", "user_names": {"x": SECRET}}),
        ),
        resource(
            "alicloud_ram_group_membership",
            "n",
            json!({"group_name": "g", "user_names": [[SECRET]]}),
        ),
        resource(
            "alicloud_ram_policy",
            "p",
            json!({"policy_name": "P", "policy_document": SECRET}),
        ),
        resource("alicloud_ram_role", "r", json!({"name": "R", "document": SECRET})),
        resource(
            "alicloud_ram_user_policy_attachment",
            "a",
            json!({"user_name": "alice", "policy_name": "P", "policy_type": SECRET}),
        ),
        json!({"address": "alicloud_ram_user.c", "mode": "managed", "type": "alicloud_ram_user", "values": SECRET}),
        json!({"address": SECRET.len(), "mode": "managed", "type": "alicloud_ram_user", "values": {}}),
    ];
    for each in wrong {
        let mut file = with(std::slice::from_ref(&each));
        // The policy is in force, so that its fault is said
        let attached = resource(
            "alicloud_ram_user_policy_attachment",
            "z",
            json!({"user_name": "alice", "policy_name": "P", "policy_type": "Custom"}),
        );
        file["values"]["root_module"]["resources"]
            .as_array_mut()
            .unwrap()
            .push(attached);
        let faults = imported(&file, &account()).unwrap_err();
        assert!(
            !faults.is_empty() && !faults.concat().contains(SECRET),
            "{faults:?}"
        );
    }
    let text = with(&[]).to_string();
    for broken in [
        text.replace("{\"", &format!("{{\"{SECRET}\":1,\"{SECRET}\":2,\"")),
        text.replace(':', SECRET),
        format!("{SECRET}{text}"),
    ] {
        let faults = read("state.json", broken.as_bytes(), &account()).unwrap_err();
        assert!(
            faults.iter().all(|fault| !fault.to_string().contains(SECRET)),
            "{faults:?}"
        );
    }
}

#[test]
fn what_terraform_does_not_hold_is_said() {
    let attach = |kind: &str, policy: &str| {
        resource(
            "alicloud_ram_user_policy_attachment",
            "a",
            json!({"policy_name": policy, "policy_type": kind, "user_name": "alice"}),
        )
    };
    refused(
        &of(&[attach("System", "AliyunOSSFullAccess")]),
        "put the text into AliyunOSSFullAccess.json",
    );
    refused(
        &of(&[attach("Custom", "Elsewhere")]),
        "custom policy `Elsewhere` is attached, and Terraform does not hold its text",
    );
    assert!(imported(&of(&[attach("System", "AliyunECIFullAccess")]), &account()).is_ok());
    let role = resource(
        "alicloud_ram_role_policy_attachment",
        "a",
        json!({"policy_name": "AliyunECIFullAccess", "policy_type": "System", "role_name": "R"}),
    );
    let documents = imported(&of(&[role]), &account()).unwrap();
    assert!(
        documents.notes[0].contains("role `R` is left out"),
        "{:?}",
        documents.notes
    );
    let nobody = imported(&of(&[]), &TerraformSettings::default()).unwrap_err();
    assert!(nobody[0].contains("give --account"), "{nobody:?}");
    refused(
        &of(&[
            resource("alicloud_ram_user", "a", json!({"name": "alice"})),
            resource("alicloud_ram_user", "b", json!({"name": "alice"})),
        ]),
        "alicloud_ram_user.b: `alice` is defined by another resource too",
    );
}

#[test]
fn control_policies_need_the_folders_above_the_account() {
    let policy = |name: &str, effect: &str| {
        resource(
            "alicloud_resource_manager_control_policy",
            name,
            json!({"id": format!("cp-{name}"), "control_policy_name": name,
            "effect_scope": "RAM", "policy_document": policy_text(effect, "eci:*")}),
        )
    };
    let attach = |name: &str, target: &str| {
        resource(
            "alicloud_resource_manager_control_policy_attachment",
            &format!("{name}-{target}"),
            json!({"policy_id": format!("cp-{name}"), "target_id": target}),
        )
    };
    let file = of(&[
        policy("NoEci", "Deny"),
        policy("OnlyEci", "Allow"),
        attach("NoEci", "r-root"),
        attach("NoEci", "fd-other"),
        attach("OnlyEci", "fd-team"),
        attach("NoEci", "1234567890123456"),
    ]);
    refused(&file, "give --folder for each");
    let settings = TerraformSettings {
        folders: vec!["r-root".to_owned(), "fd-team".to_owned()],
        ..account()
    };
    let documents = imported(&file, &settings).unwrap();
    assert!(
        documents
            .account
            .as_ref()
            .unwrap()
            .contains("controlPolicies: [[FullAliyunAccess, NoEci], [OnlyEci], [FullAliyunAccess, NoEci]]"),
        "{:?}",
        documents.account
    );
}
