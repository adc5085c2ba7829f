//! The cost of an import: an account with 10,000 users, 500 groups, 200 roles, 300 policies and 5,000 attachments, from the
//! answers of the aliyun CLI and from a state of Terraform, to the texts that are written. Run with `cargo bench --bench import`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot be set up may panic"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ramgate::testing::config::{NamedDocument, check, folder};
use ramgate::testing::import::terraform::{self, TerraformSettings};
use ramgate::testing::import::{Form, InputFile, OwnDocuments, RamData, Settings, aliyun, documents, files};
use serde_json::{Value, json};

const ACCOUNT: &str = "1234567890123456";
const USERS: usize = 10_000;
const GROUPS: usize = 500;
const ROLES: usize = 200;
const POLICIES: usize = 300;
const ATTACHMENTS: usize = 5_000;

fn policy(number: usize) -> String {
    let tag = |key: &str| json!({"StringEquals": {key: format!("t{number}")}});
    json!({"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": ["eci:Describe*", "eci:List*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "eci:Create*", "Resource": "*", "Condition": tag("acs:RequestTag/team")},
        {"Effect": "Allow", "Action": ["eci:Update*", "eci:Delete*"], "Resource": "*", "Condition": tag("acs:ResourceTag/team")},
    ]})
    .to_string()
}

fn trust() -> String {
    json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]})
        .to_string()
}

/// Most grants are groups', and some are for one resource group
fn attachment(number: usize) -> Value {
    let (name, kind) = match number % 4 {
        0 => (format!("user{number}@acme.onaliyun.com"), "IMSUser"),
        1 => (
            format!("role{}@role.acme.onaliyunservice.com", number % ROLES),
            "ServiceRole",
        ),
        _ => (
            format!("group{}@group.acme.onaliyun.com", number % GROUPS),
            "IMSGroup",
        ),
    };
    let scope = if number.is_multiple_of(3) {
        "rg-shop"
    } else {
        ACCOUNT
    };
    // Each has its own policy among those of its holder
    let policy = number / ROLES * 7 % POLICIES + number % 7;
    json!({"PolicyName": format!("Policy{}", policy % POLICIES), "PolicyType": "Custom", "PrincipalName": name, "PrincipalType": kind,
        "ResourceGroupId": scope, "AttachDate": "2026-01-01T08:00:00Z", "Description": ""})
}

fn attachments() -> Vec<Value> {
    let mut seen = BTreeMap::new();
    for each in (0..).map(attachment).take(20 * ATTACHMENTS) {
        if seen.len() == ATTACHMENTS {
            break;
        }
        let user = each["PrincipalName"]
            .as_str()
            .unwrap()
            .split('@')
            .next()
            .unwrap()
            .to_owned();
        if !user.starts_with("user") || user["user".len()..].parse::<usize>().unwrap() < USERS {
            seen.insert(each.to_string(), each);
        }
    }
    assert_eq!(seen.len(), ATTACHMENTS);
    seen.into_values().collect()
}

fn file(path: &str, value: &Value) -> InputFile {
    InputFile {
        path: path.to_owned(),
        bytes: format!("{value:#}").into_bytes(),
    }
}

fn dump() -> Vec<InputFile> {
    let users: Vec<Value> = (0..USERS)
        .map(|number| {
            json!({"UserId": format!("20{number:016}"), "UserName": format!("user{number}"), "DisplayName": format!("User {number}"),
                "Comments": "", "CreateDate": "2026-01-01T08:00:00Z", "UpdateDate": "2026-01-01T08:00:00Z"})
        })
        .collect();
    let pages: Vec<Value> = users
        .chunks(1000)
        .enumerate()
        .map(|(at, users)| json!({"RequestId": "r", "IsTruncated": at + 1 < USERS / 1000, "Users": {"User": users}}))
        .collect();
    let groups: Vec<Value> = (0..GROUPS)
        .map(|number| json!({"GroupName": format!("group{number}")}))
        .collect();
    let roles: Vec<Value> = (0..ROLES)
        .map(|number| json!({"RoleName": format!("role{number}")}))
        .collect();
    let all = attachments();
    let found: Vec<Value> = all
        .chunks(100)
        .map(|page| json!({"RequestId": "r", "TotalCount": ATTACHMENTS, "PolicyAttachments": {"PolicyAttachment": page}}))
        .collect();
    let mut files = vec![
        file("GetCallerIdentity.json", &json!({"AccountId": ACCOUNT})),
        file("ListUsers.json", &pages.into()),
        file(
            "ListGroups.json",
            &json!({"IsTruncated": false, "Groups": {"Group": groups}}),
        ),
        file(
            "ListRoles.json",
            &json!({"IsTruncated": false, "Roles": {"Role": roles}}),
        ),
        file(
            "ListResourceGroups.json",
            &json!({"TotalCount": 1, "ResourceGroups": {"ResourceGroup": [{"Id": "rg-shop"}]}}),
        ),
        file("ListPolicyAttachments.json", &found.into()),
    ];
    for number in 0..GROUPS {
        let members: Vec<Value> = (0..USERS / GROUPS)
            .map(|at| json!({"UserName": format!("user{}", at * GROUPS + number)}))
            .collect();
        let answer = json!({"IsTruncated": false, "Users": {"User": members}});
        files.push(file(&format!("ListUsersForGroup/group{number}.json"), &answer));
    }
    for number in 0..ROLES {
        let answer =
            json!({"Role": {"RoleName": format!("role{number}"), "AssumeRolePolicyDocument": trust()}});
        files.push(file(&format!("GetRole/role{number}.json"), &answer));
    }
    for number in 0..POLICIES {
        let answer = json!({"Policy": {"PolicyName": format!("Policy{number}"), "PolicyType": "Custom"},
            "DefaultPolicyVersion": {"IsDefaultVersion": true, "PolicyDocument": policy(number)}});
        files.push(file(&format!("GetPolicy/Custom/Policy{number}.json"), &answer));
    }
    files
}

fn state() -> Vec<u8> {
    let mut resources = Vec::new();
    let mut add = |kind: &str, number: usize, values: Value| {
        resources.push(json!({"address": format!("alicloud_{kind}.r{number}"), "mode": "managed", "type": format!("alicloud_{kind}"),
            "name": format!("r{number}"), "values": values}));
    };
    for number in 0..USERS {
        add(
            "ram_user",
            number,
            json!({"id": format!("20{number:016}"), "name": format!("user{number}")}),
        );
    }
    for number in 0..GROUPS {
        let members: Vec<String> = (0..USERS / GROUPS)
            .map(|at| format!("user{}", at * GROUPS + number))
            .collect();
        add(
            "ram_group",
            number,
            json!({"group_name": format!("group{number}")}),
        );
        add(
            "ram_group_membership",
            number,
            json!({"group_name": format!("group{number}"), "user_names": members}),
        );
    }
    for number in 0..ROLES {
        add(
            "ram_role",
            number,
            json!({"role_name": format!("role{number}"), "assume_role_policy_document": trust()}),
        );
    }
    for number in 0..POLICIES {
        add(
            "ram_policy",
            number,
            json!({"policy_name": format!("Policy{number}"), "policy_document": policy(number)}),
        );
    }
    for (number, each) in attachments().into_iter().enumerate() {
        add(
            "resource_manager_policy_attachment",
            number,
            json!({"policy_name": each["PolicyName"], "policy_type": each["PolicyType"],
            "principal_name": each["PrincipalName"], "principal_type": each["PrincipalType"], "resource_group_id": each["ResourceGroupId"]}),
        );
    }
    json!({"format_version": "1.0", "values": {"root_module": {"resources": resources}}})
        .to_string()
        .into_bytes()
}

/// Writes the texts, and checks as the command does that they are a configuration
fn written(data: &RamData) -> usize {
    let settings = Settings {
        region: Some("cn-hangzhou".to_owned()),
    };
    let documents = documents(data, &OwnDocuments::default(), &settings).unwrap();
    let files = files(&documents, Form::Folder, "ns");
    let parsed: Vec<NamedDocument> = files
        .iter()
        .flat_map(|(file, text)| folder::documents(Path::new(file), text.as_bytes()))
        .collect();
    assert!(check(parsed.iter().map(|named| (named.name.as_str(), &named.document))).is_empty());
    files.values().map(String::len).sum()
}

fn bench(criterion: &mut Criterion) {
    let (dump, state) = (dump(), state());
    let settings = TerraformSettings {
        account: Some(ACCOUNT.to_owned()),
        ..TerraformSettings::default()
    };
    let mut group =
        criterion.benchmark_group(format!("import of {USERS} users with {ATTACHMENTS} attachments"));
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("aliyun", |bencher| {
        bencher.iter(|| written(&aliyun::read(black_box(&dump), None).unwrap()));
    });
    group.bench_function("terraform", |bencher| {
        bencher.iter(|| written(&terraform::read("state.json", black_box(&state), &settings).unwrap()));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
