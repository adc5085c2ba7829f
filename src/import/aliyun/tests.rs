//! A small account, whose dump is damaged in one way at a time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::import::{Documents, OwnDocuments, Settings, documents};

/// Each file's path and contents
type Files = BTreeMap<String, Value>;

const ACCOUNT: &str = "1234567890123456";

fn policy_text(statement: &Value) -> Value {
    json!({"Version": "1", "Statement": [statement]})
        .to_string()
        .into()
}

fn allow() -> Value {
    policy_text(&json!({"Effect": "Allow", "Action": "eci:*", "Resource": "*"}))
}

fn get_policy(kind: &str, name: &str, document: Value) -> Value {
    json!({"RequestId": "r", "Policy": {"PolicyName": name, "PolicyType": kind, "AttachmentCount": 1},
        "DefaultPolicyVersion": {"VersionId": "v2", "IsDefaultVersion": true, "PolicyDocument": document}})
}

fn attachment(policy: &str, kind: &str, principal: &str, principal_type: &str, scope: &str) -> Value {
    json!({"PolicyName": policy, "PolicyType": kind, "PrincipalName": principal, "PrincipalType": principal_type,
        "ResourceGroupId": scope, "AttachDate": "2026-01-01T00:00:00Z"})
}

fn attachments(all: &[Value]) -> Value {
    json!({"RequestId": "r", "PageNumber": 1, "PageSize": 100, "TotalCount": all.len(), "PolicyAttachments": {"PolicyAttachment": all}})
}

fn users(names: &[&str]) -> Value {
    let user = |(number, name): (usize, &&str)| json!({"UserId": format!("20{number}"), "UserName": name, "DisplayName": name});
    let users: Vec<Value> = names.iter().enumerate().map(user).collect();
    json!({"RequestId": "r", "IsTruncated": false, "Users": {"User": users}})
}

fn role(name: &str, service: &str) -> Value {
    let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [service]}}]});
    json!({"RequestId": "r", "Role": {"RoleName": name, "RoleId": "301", "Arn": format!("acs:ram::{ACCOUNT}:role/{}", name.to_lowercase()),
        "AssumeRolePolicyDocument": trust.to_string(), "IsServiceLinkedRole": false}})
}

/// alice and bob, the group dev with bob in it, the role Runner, and a policy of each type
fn base() -> Files {
    let files = [
        (
            "GetCallerIdentity.json",
            json!({"AccountId": ACCOUNT, "Arn": format!("acs:ram::{ACCOUNT}:user/reader"), "RequestId": "r"}),
        ),
        ("ListUsers.json", users(&["alice", "bob"])),
        (
            "ListGroups.json",
            json!({"RequestId": "r", "IsTruncated": false, "Groups": {"Group": [{"GroupId": "g-1", "GroupName": "dev"}]}}),
        ),
        (
            "ListUsersForGroup/dev.json",
            json!({"RequestId": "r", "IsTruncated": false, "Users": {"User": [{"UserName": "bob", "JoinDate": "2026"}]}}),
        ),
        (
            "ListRoles.json",
            json!({"RequestId": "r", "IsTruncated": false, "Roles": {"Role": [{"RoleName": "Runner", "RoleId": "301"}]}}),
        ),
        ("GetRole/Runner.json", role("Runner", "ecs.aliyuncs.com")),
        (
            "ListResourceGroups.json",
            json!({"RequestId": "r", "TotalCount": 1, "PageNumber": 1, "PageSize": 100,
            "ResourceGroups": {"ResourceGroup": [{"Id": "rg-shop", "Name": "shop", "AccountId": ACCOUNT, "Status": "OK"}]}}),
        ),
        (
            "GetPolicy/Custom/EciTestOnly.json",
            get_policy("Custom", "EciTestOnly", allow()),
        ),
        (
            "GetPolicy/System/AliyunOSSReadOnlyAccess.json",
            get_policy(
                "System",
                "AliyunOSSReadOnlyAccess",
                policy_text(
                    &json!({"Effect": "Allow", "Action": ["oss:Get*", "oss:List*"], "Resource": "*"}),
                ),
            ),
        ),
        (
            "ListPolicyAttachments.json",
            attachments(&[
                attachment(
                    "EciTestOnly",
                    "Custom",
                    "alice@acme.onaliyun.com",
                    "IMSUser",
                    ACCOUNT,
                ),
                attachment(
                    "EciTestOnly",
                    "Custom",
                    "dev@group.acme.onaliyun.com",
                    "IMSGroup",
                    "rg-shop",
                ),
                attachment(
                    "AliyunOSSReadOnlyAccess",
                    "System",
                    "Runner@role.1234567890123456.onaliyunservice.com",
                    "ServiceRole",
                    ACCOUNT,
                ),
                attachment(
                    "AliyunECIReadOnlyAccess",
                    "System",
                    "bob@acme.onaliyun.com",
                    "IMSUser",
                    ACCOUNT,
                ),
            ]),
        ),
    ];
    files.map(|(path, value)| (path.to_owned(), value)).into()
}

fn input(files: &Files) -> Vec<InputFile> {
    let file = |(path, value): (&String, &Value)| InputFile {
        path: path.clone(),
        bytes: value.to_string().into_bytes(),
    };
    files.iter().map(file).collect()
}

fn imported(files: &Files) -> Result<Documents, Vec<String>> {
    let settings = Settings {
        region: Some("cn-hangzhou".to_owned()),
    };
    let data = read(&input(files), None);
    let documents = data.and_then(|data| documents(&data, &OwnDocuments::default(), &settings));
    documents.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn with(change: impl FnOnce(&mut Files)) -> Result<Documents, Vec<String>> {
    let mut files = base();
    change(&mut files);
    imported(&files)
}

fn put(path: &str, value: Value) -> Result<Documents, Vec<String>> {
    with(|files| {
        files.insert(path.to_owned(), value);
    })
}

/// All entries of a section
fn entries(documents: &Documents, name: &str) -> String {
    let section = documents
        .sections
        .iter()
        .find(|section| section.name == name)
        .unwrap();
    section.entries.join("\n")
}

#[track_caller]
fn refused(result: Result<Documents, Vec<String>>, words: &str) {
    let faults = result.expect_err(words);
    assert!(
        faults.iter().any(|fault| fault.contains(words)),
        "`{words}` is not in {faults:#?}"
    );
}

#[test]
fn a_whole_dump_becomes_a_directory() {
    let documents = imported(&base()).unwrap();
    assert_eq!(
        documents.account.as_deref(),
        Some(r#"{id: "1234567890123456", region: cn-hangzhou}"#)
    );
    assert_eq!(
        entries(&documents, "users"),
        "{name: alice, id: \"200\", policies: [{policy: EciTestOnly}]}\n{name: bob, id: \"201\", groups: [dev], policies: [{policy: AliyunECIReadOnlyAccess}]}"
    );
    assert_eq!(
        entries(&documents, "groups"),
        "{name: dev, policies: [{policy: EciTestOnly, resourceGroup: rg-shop}]}"
    );
    assert!(entries(&documents, "roles").contains("policies: [{policy: AliyunOSSReadOnlyAccess}]"));
    assert_eq!(
        documents.policies.keys().collect::<Vec<_>>(),
        ["AliyunOSSReadOnlyAccess", "EciTestOnly"]
    );
    assert!(documents.notes.is_empty() && documents.left_out.is_empty());
}

#[test]
fn trap_1_grants_come_from_the_call_that_shows_every_scope() {
    refused(
        with(|files| {
            files.remove("ListPolicyAttachments.json");
            let answer = json!({"RequestId": "r", "Policies": {"Policy": [{"PolicyName": "EciTestOnly", "PolicyType": "Custom"}]}});
            files.insert("ListPoliciesForUser/alice.json".to_owned(), answer);
        }),
        "ListPolicyAttachments.json: is missing: aliyun resourcemanager ListPolicyAttachments",
    );
    let answer = |policy: &str| json!({"RequestId": "r", "Policies": {"Policy": [{"PolicyName": policy, "PolicyType": "Custom"}]}});
    assert!(put("ListPoliciesForUser/alice.json", answer("EciTestOnly")).is_ok());
    refused(
        put("ListPoliciesForUser/alice.json", answer("Another")),
        "not among those of ListPolicyAttachments",
    );
    // The group has it in one resource group alone
    refused(
        put("ListPoliciesForGroup/dev.json", answer("EciTestOnly")),
        "not among those of ListPolicyAttachments",
    );
    let foreign = attachments(&[attachment(
        "EciTestOnly",
        "Custom",
        "alice@acme.onaliyun.com",
        "IMSUser",
        "9999999999999999",
    )]);
    refused(
        put("ListPolicyAttachments.json", foreign),
        "`9999999999999999` is neither the account 1234567890123456 nor a resource group",
    );
}

#[test]
fn trap_2_principals_are_matched_by_known_names() {
    let one = |name: &str, kind: &str| {
        let all = attachments(&[attachment("EciTestOnly", "Custom", name, kind, ACCOUNT)]);
        put("ListPolicyAttachments.json", all)
    };
    assert!(one("alice@1234567890123456.onaliyun.com", "IMSUser").is_ok());
    assert!(one("RUNNER@role.acme.onaliyunservice.com", "ServiceRole").is_ok());
    refused(one("alice@corp.example", "IMSUser"), "is in a domain of its own");
    refused(
        one("carol@acme.onaliyun.com", "IMSUser"),
        "ListUsers does not show `user/carol`",
    );
    refused(
        one("alice@acme.onaliyun.com", "IMSGroup"),
        "is in a domain of its own",
    );
    refused(one("alice", "IMSUser"), "has no domain");
    let two = attachments(&[
        attachment(
            "EciTestOnly",
            "Custom",
            "alice@acme.onaliyun.com",
            "IMSUser",
            ACCOUNT,
        ),
        attachment(
            "EciTestOnly",
            "Custom",
            "bob@other.onaliyun.com",
            "IMSUser",
            ACCOUNT,
        ),
    ]);
    refused(
        put("ListPolicyAttachments.json", two),
        "cannot both be this account's alias",
    );
}

#[test]
fn trap_3_the_default_version_counts_as_text_or_object_and_is_not_repaired() {
    let path = "GetPolicy/Custom/EciTestOnly.json";
    let object =
        json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]});
    let as_object = put(path, get_policy("Custom", "EciTestOnly", object.clone())).unwrap();
    let read: Value = serde_json::from_str(&as_object.policies["EciTestOnly"]).unwrap();
    assert_eq!(read, object);
    // The deprecated field is of another version
    let mut old = get_policy("Custom", "EciTestOnly", allow());
    old["Policy"]["PolicyDocument"] =
        policy_text(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    assert!(put(path, old).unwrap().policies["EciTestOnly"].contains("eci:*"));
    let mut gone = get_policy("Custom", "EciTestOnly", allow());
    gone["Policy"]["PolicyDocument"] = allow();
    gone["DefaultPolicyVersion"]
        .as_object_mut()
        .unwrap()
        .remove("PolicyDocument");
    refused(
        put(path, gone),
        "`DefaultPolicyVersion.PolicyDocument` is missing",
    );
    let mut other = get_policy("Custom", "EciTestOnly", allow());
    other["DefaultPolicyVersion"]["IsDefaultVersion"] = false.into();
    refused(put(path, other), "a version of the policy that is not in force");
    // A number as version is the engine's to judge: written as it is, or left out aloud
    let mut number = object;
    number["Version"] = 1.into();
    let documents = put(path, get_policy("Custom", "EciTestOnly", number)).unwrap();
    match documents.policies.get("EciTestOnly") {
        Some(text) => assert!(
            text.contains("\"Version\": 1") && !text.contains("\"1\""),
            "{text}"
        ),
        None => assert!(documents.left_out.contains_key("EciTestOnly")),
    }
    refused(
        put(path, get_policy("Custom", "Another", allow())),
        "the file's name says another one",
    );
}

#[test]
fn trap_4_a_list_with_a_hole_is_refused() {
    let truncated = json!({"RequestId": "r", "IsTruncated": true, "Marker": "m", "Users": {"User": [{"UserId": "200", "UserName": "alice"}]}});
    let last = json!({"RequestId": "r", "IsTruncated": false, "Users": {"User": [{"UserId": "201", "UserName": "bob"}]}});
    refused(
        put("ListUsers.json", truncated.clone()),
        "ListUsers.json:1:1: IsTruncated is true, and no further page is there",
    );
    let two = |second: &str| {
        with(|files| {
            files.insert("ListUsers.json".to_owned(), truncated.clone());
            files.insert(second.to_owned(), last.clone());
        })
    };
    assert!(two("ListUsers.2.json").is_ok());
    refused(two("ListUsers.3.json"), "page 2 is missing before page 3");
    assert!(put("ListUsers.json", json!([truncated, last])).is_ok());
    refused(
        put("ListUsers.json", json!([last, truncated])),
        "IsTruncated is false, and a further page is there",
    );
    refused(
        put("ListUsers.json", json!([truncated, truncated, last])),
        "user `alice` is there twice",
    );
    // Pages by number say how many there are
    let short = |total: usize| {
        let mut page = attachments(&[attachment(
            "EciTestOnly",
            "Custom",
            "alice@acme.onaliyun.com",
            "IMSUser",
            ACCOUNT,
        )]);
        page["TotalCount"] = total.into();
        put("ListPolicyAttachments.json", page)
    };
    assert!(short(1).is_ok());
    refused(short(2), "TotalCount is 2, and 1 are there");
    refused(short(0), "TotalCount is 0, and 1 are there");
    // The pager's list is whole by itself, and nothing stands beside it
    let bare = json!([{"UserId": "200", "UserName": "alice"}, {"UserId": "201", "UserName": "bob"}]);
    assert!(put("ListUsers.json", bare.clone()).is_ok());
    // An empty one is an answer without entries
    let empty = put("ListUsersForGroup/dev.json", json!([])).unwrap();
    assert!(!entries(&empty, "users").contains("groups"), "nobody is in it");
    refused(
        with(|files| {
            files.insert("ListUsers.json".to_owned(), bare.clone());
            files.insert("ListUsers.2.json".to_owned(), last.clone());
        }),
        "stands beside other pages",
    );
    refused(
        put("ListUsers.json", json!([last, {"UserId": "1", "UserName": "x"}])),
        "pages and items stand in one list",
    );
    let silent = json!({"RequestId": "r", "Users": {"User": [{"UserId": "200", "UserName": "alice"}]}});
    refused(
        put("ListUsers.json", silent),
        "neither IsTruncated nor TotalCount",
    );
    refused(put("ListUsers.json", json!({})), "no answer of ListUsers");
    let error = json!({"RequestId": "r", "Code": "NoPermission", "Message": "no"});
    refused(put("ListUsers.json", error), "failed with code `NoPermission`");
}

#[test]
fn trap_4_pages_of_a_group_whose_name_ends_like_a_page() {
    let members = |names: &[&str], truncated: bool| {
        let users: Vec<Value> = names.iter().map(|name| json!({"UserName": name})).collect();
        json!({"RequestId": "r", "IsTruncated": truncated, "Users": {"User": users}})
    };
    let groups = |names: &[&str]| {
        let groups: Vec<Value> = names.iter().map(|name| json!({"GroupName": name})).collect();
        json!({"RequestId": "r", "IsTruncated": false, "Groups": {"Group": groups}})
    };
    let both = |first: Value, names: &[&str]| {
        with(|files| {
            files.insert("ListGroups.json".to_owned(), groups(names));
            files.insert("ListUsersForGroup/dev.json".to_owned(), first);
            files.insert(
                "ListUsersForGroup/dev.2.json".to_owned(),
                members(&["bob"], false),
            );
        })
    };
    let paged = both(members(&["alice"], true), &["dev"]).unwrap();
    assert_eq!(entries(&paged, "users").matches("groups: [dev]").count(), 2);
    let two = both(members(&["alice"], false), &["dev", "dev.2"]).unwrap();
    assert!(entries(&two, "users").contains(r#"name: bob, id: "201", groups: [dev.2]"#));
    refused(
        both(members(&["alice"], true), &["dev", "dev.2"]),
        "no further page is there",
    );
}

#[test]
fn trap_5_policies_of_two_types_with_one_name_clash() {
    let both = |name: &str, own: &str| {
        with(|files| {
            files.insert(
                format!("GetPolicy/Custom/{own}.json"),
                get_policy("Custom", own, allow()),
            );
            let all = attachments(&[
                attachment(own, "Custom", "alice@acme.onaliyun.com", "IMSUser", ACCOUNT),
                attachment(name, "System", "bob@acme.onaliyun.com", "IMSUser", ACCOUNT),
            ]);
            files.insert("ListPolicyAttachments.json".to_owned(), all);
        })
    };
    refused(
        both("AliyunOSSReadOnlyAccess", "AliyunOSSReadOnlyAccess"),
        "are both called `AliyunOSSReadOnlyAccess`",
    );
    refused(
        both("AliyunOSSReadOnlyAccess", "AliyunECIFullAccess"),
        "are both called `AliyunECIFullAccess`",
    );
    // A system policy that nobody has is not written
    let none = put("ListPolicyAttachments.json", attachments(&[])).unwrap();
    assert_eq!(none.policies.keys().collect::<Vec<_>>(), ["EciTestOnly"]);
    // One that is built in is not written either; another text is worth a word
    let path = "GetPolicy/System/AliyunECIReadOnlyAccess.json";
    let other = put(path, get_policy("System", "AliyunECIReadOnlyAccess", allow())).unwrap();
    assert!(!other.policies.contains_key("AliyunECIReadOnlyAccess"));
    assert!(
        other.notes.iter().any(|note| note.contains("built into ramgate")),
        "{:?}",
        other.notes
    );
}

#[test]
fn trap_6_users_of_ims_have_another_name_field() {
    let ims = |name: &str| {
        json!({"RequestId": "r", "IsTruncated": false, "Users": {"User": [
            {"UserId": "200", "UserPrincipalName": name, "Status": "active"},
            {"UserId": "201", "UserPrincipalName": "bob@acme.onaliyun.com"}]}})
    };
    let documents = put("ListUsers.json", ims("alice@acme.onaliyun.com")).unwrap();
    assert!(entries(&documents, "users").contains(r#"{name: alice, id: "200""#));
    refused(
        put("ListUsers.json", ims("alice@corp.example")),
        "is in a domain of its own",
    );
    refused(put("ListUsers.json", ims("alice")), "has no domain");
}

#[test]
fn trap_7_the_default_group_and_bindings_stay_with_the_user() {
    let documents = imported(&base()).unwrap();
    assert_eq!(entries(&documents, "resourceGroups"), "{id: rg-shop, name: shop}");
    let names: Vec<&str> = documents.sections.iter().map(|section| section.name).collect();
    assert_eq!(names, ["resourceGroups", "users", "groups", "roles"]);
    // A file of the user's own that has the group keeps it
    let own = crate::config::NamedDocument::new(
        "own.yaml",
        crate::config::ParsedDocument::directory(
            b"account: {id: '1234567890123456', region: r}\nresourceGroups: [{id: rg-shop, default: true}]\n",
        ),
    );
    let data = read(&input(&base()), None).unwrap();
    let documents = super::super::documents(&data, &OwnDocuments::new([&own]), &Settings::default()).unwrap();
    assert_eq!(
        (entries(&documents, "resourceGroups").as_str(), documents.account),
        ("", None)
    );
}

/// The second dump, for an account in the folder fd-team below the root folder
fn with_control_policies(change: impl FnOnce(&mut Files)) -> Result<Documents, Vec<String>> {
    let attached = |names: &[(&str, &str)]| {
        let all: Vec<Value> = names
            .iter()
            .map(|(name, kind)| json!({"PolicyId": format!("cp-{name}"), "PolicyName": name, "PolicyType": kind, "EffectScope": "RAM"}))
            .collect();
        json!({"RequestId": "r", "ControlPolicyAttachments": {"ControlPolicyAttachment": all}})
    };
    with(|files| {
        let deny =
            policy_text(&json!({"Effect": "Deny", "Action": "eci:CreateContainerGroup", "Resource": "*"}));
        let more = [
            (
                "GetAccount.json",
                json!({"RequestId": "r", "Account": {"AccountId": ACCOUNT, "FolderId": "fd-team"}}),
            ),
            (
                "ListAncestors/fd-team.json",
                json!({"RequestId": "r", "Folders": {"Folder": [
                {"FolderId": "r-root", "FolderName": "root"}, {"FolderId": "fd-above", "FolderName": "above"}]}}),
            ),
            (
                "ListControlPolicyAttachmentsForTarget/r-root.json",
                attached(&[("FullAliyunAccess", "System")]),
            ),
            (
                "ListControlPolicyAttachmentsForTarget/fd-above.json",
                attached(&[("FullAliyunAccess", "System"), ("NoEci", "Custom")]),
            ),
            (
                "ListControlPolicyAttachmentsForTarget/fd-team.json",
                attached(&[("FullAliyunAccess", "System")]),
            ),
            (
                &format!("ListControlPolicyAttachmentsForTarget/{ACCOUNT}.json"),
                attached(&[("FullAliyunAccess", "System")]),
            ),
            (
                "GetControlPolicy/cp-NoEci.json",
                json!({"RequestId": "r", "ControlPolicy": {"PolicyId": "cp-NoEci", "PolicyName": "NoEci",
                "PolicyType": "Custom", "EffectScope": "RAM", "PolicyDocument": deny}}),
            ),
        ];
        files.extend(more.map(|(path, value)| (path.to_owned(), value)));
        change(files);
    })
}

#[test]
fn trap_8_control_policies_come_from_a_second_dump_root_first() {
    let documents = with_control_policies(|_| {}).unwrap();
    assert!(
        documents.account.as_ref().unwrap().contains(
            "controlPolicies: [[FullAliyunAccess], [FullAliyunAccess, NoEci], [FullAliyunAccess], [FullAliyunAccess]]"
        ),
        "{:?}",
        documents.account
    );
    assert!(documents.policies.contains_key("NoEci"));
    for file in [
        "GetAccount.json",
        "ListAncestors/fd-team.json",
        "ListControlPolicyAttachmentsForTarget/fd-above.json",
        "GetControlPolicy/cp-NoEci.json",
    ] {
        refused(
            with_control_policies(|files| drop(files.remove(file))),
            "is missing",
        );
    }
    let folders =
        json!({"RequestId": "r", "Folders": {"Folder": [{"FolderId": "fd-above"}, {"FolderId": "r-root"}]}});
    refused(
        with_control_policies(|files| drop(files.insert("ListAncestors/fd-team.json".to_owned(), folders))),
        "expected the order from the root down",
    );
    let nothing = json!({"RequestId": "r", "ControlPolicyAttachments": {}});
    refused(
        with_control_policies(|files| {
            files.insert(
                "ListControlPolicyAttachmentsForTarget/fd-team.json".to_owned(),
                nothing,
            );
        }),
        "nothing is attached",
    );
}

#[test]
fn trap_9_what_cannot_be_read_is_left_out_aloud_or_stops_the_import() {
    let path = "GetPolicy/Custom/EciTestOnly.json";
    let unreadable = json!({"Effect": "Allow", "Action": "eci:*", "NotResource": "acs:eci:*:*:*"});
    let documents = put(
        path,
        get_policy("Custom", "EciTestOnly", policy_text(&unreadable)),
    )
    .unwrap();
    let left_out = &documents.left_out["EciTestOnly"];
    assert!(left_out.reason.contains("NotResource"));
    assert_eq!(
        left_out.holders.iter().collect::<Vec<_>>(),
        ["group/dev", "user/alice"]
    );
    assert_eq!(entries(&documents, "groups"), "{name: dev}");
    assert!(!documents.policies.contains_key("EciTestOnly"));

    let denies = json!({"Version": "1", "Statement": [unreadable, {"Effect": "Deny", "Action": "eci:*", "Resource": "*"}]});
    let denies = get_policy("Custom", "EciTestOnly", denies.to_string().into());
    refused(
        put(path, denies.clone()),
        "may deny something, and ramgate cannot read it",
    );
    // Nobody has it, so it denies nothing
    let unattached = with(|files| {
        files.insert(path.to_owned(), denies);
        files.insert("ListPolicyAttachments.json".to_owned(), attachments(&[]));
    });
    assert!(unattached.unwrap().left_out.contains_key("EciTestOnly"));

    let mut trust = role("Runner", "ecs.aliyuncs.com");
    trust["Role"]["AssumeRolePolicyDocument"] = r#"{"Version": "1", "Statement": []}"#.into();
    refused(
        put("GetRole/Runner.json", trust),
        "ramgate cannot read the trust policy",
    );

    let control = with_control_policies(|files| {
        let policy = files.get_mut("GetControlPolicy/cp-NoEci.json").unwrap();
        policy["ControlPolicy"]["PolicyDocument"] =
            policy_text(&json!({"Effect": "Allow", "Action": "*", "NotResource": "acs:eci:*:*:*"}));
    });
    refused(control, "control policy `NoEci` is in force");
}

#[test]
fn a_truncated_dump_is_refused_by_the_name_of_what_is_missing() {
    for (file, words) in [
        (
            "ListUsers.json",
            "ListUsers.json: is missing: aliyun ram ListUsers",
        ),
        (
            "ListGroups.json",
            "ListGroups.json: is missing: aliyun ram ListGroups",
        ),
        (
            "ListRoles.json",
            "ListRoles.json: is missing: aliyun ram ListRoles",
        ),
        (
            "ListResourceGroups.json",
            "ListResourceGroups.json: is missing: aliyun resourcemanager ListResourceGroups",
        ),
        (
            "ListUsersForGroup/dev.json",
            "ListUsersForGroup/dev.json: is missing: aliyun ram ListUsersForGroup --GroupName dev",
        ),
        (
            "GetRole/Runner.json",
            "is missing: aliyun ram GetRole --RoleName Runner",
        ),
        (
            "GetPolicy/Custom/EciTestOnly.json",
            "GetPolicy/Custom/EciTestOnly.json is missing",
        ),
        (
            "GetPolicy/System/AliyunOSSReadOnlyAccess.json",
            "GetPolicy/System/AliyunOSSReadOnlyAccess.json is missing",
        ),
    ] {
        refused(with(|files| drop(files.remove(file))), words);
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let other = json!({"AccountId": "9999999999999999", "RequestId": "r"});
    refused(
        put("GetCallerIdentity.json", other),
        "is of account 9999999999999999",
    );
    let unknown = json!({"RequestId": "r", "IsTruncated": false, "Users": {"User": [{"UserName": "eve"}]}});
    refused(
        put("ListUsersForGroup/dev.json", unknown.clone()),
        "ListUsers shows no user `eve`",
    );
    refused(
        put("ListUsersForGroup/ops.json", unknown),
        "ListGroups shows no group of this file's name",
    );
    refused(
        put("GetRole/Other.json", role("Other", "ecs.aliyuncs.com")),
        "ListRoles shows no role `Other`",
    );
    let again = attachment(
        "EciTestOnly",
        "Custom",
        "alice@acme.onaliyun.com",
        "IMSUser",
        ACCOUNT,
    );
    refused(
        put("ListPolicyAttachments.json", attachments(&[again.clone(), again])),
        "there twice",
    );
    let bad = json!({"RequestId": "r", "IsTruncated": false, "Users": {"User": [{"UserName": "a b"}]}});
    refused(put("ListUsers.json", bad), "`a b` is no user name");
}

#[test]
fn the_account_is_in_the_role_s_names_if_nobody_says_who_called() {
    let documents = with(|files| drop(files.remove("GetCallerIdentity.json"))).unwrap();
    assert!(documents.account.unwrap().contains(ACCOUNT));
    let data = read(&input(&base()), Some("42"));
    assert!(
        data.unwrap_err()[0]
            .to_string()
            .contains("what was read before is of account 42")
    );
}

#[test]
fn service_linked_roles_are_named_and_nothing_else() {
    let documents = with(|files| {
        let mut linked = role("AliyunServiceRoleForECI", "eci.aliyuncs.com");
        linked["Role"]["IsServiceLinkedRole"] = true.into();
        files.insert("GetRole/AliyunServiceRoleForECI.json".to_owned(), linked);
        let roles = json!({"RequestId": "r", "IsTruncated": false, "Roles": {"Role": [{"RoleName": "Runner"}, {"RoleName": "AliyunServiceRoleForECI"}]}});
        files.insert("ListRoles.json".to_owned(), roles);
        let name = "AliyunServiceRoleForECI@role.acme.onaliyunservice.com";
        let all = attachments(&[attachment(
            "AliyunServiceRolePolicyForOther",
            "System",
            name,
            "ServiceRole",
            ACCOUNT,
        )]);
        files.insert("ListPolicyAttachments.json".to_owned(), all);
    });
    let documents = documents.unwrap();
    assert!(
        documents
            .account
            .as_ref()
            .unwrap()
            .contains("serviceLinkedRoles: [AliyunServiceRoleForECI]")
    );
    assert!(!entries(&documents, "roles").contains("AliyunServiceRole"));
}

#[test]
fn other_files_are_named() {
    let documents = put("ListUser.json", json!({})).unwrap();
    assert_eq!(
        documents.notes,
        ["ListUser.json is no answer of a call that is read"]
    );
}

#[test]
fn the_answer_of_another_call_is_no_empty_list() {
    let groups = json!({"RequestId": "r", "IsTruncated": false, "Groups": {"Group": [{"GroupName": "dev"}]}});
    let mut files = base();
    files.insert("ListUsersForGroup/dev.json".to_owned(), groups);
    let faults = imported(&files).unwrap_err();
    assert!(
        faults[0].contains("this is no answer of ListUsersForGroup: it has no `Users`"),
        "{faults:?}"
    );
    // The CLI leaves out a list that is empty
    let empty = json!({"RequestId": "r", "IsTruncated": false});
    files.insert("ListUsersForGroup/dev.json".to_owned(), empty);
    imported(&files).unwrap();
}
