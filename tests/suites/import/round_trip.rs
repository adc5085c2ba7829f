//! What a directory says, put into answers of the CLI and imported, is what it said.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ramgate::testing::import::{Form, InputFile, OwnDocuments, Settings, aliyun, documents, files};
use ramgate::testing::yaml;
use serde_json::{Value, json};

const ACCOUNT: &str = "1234567890123456";

/// The sections of a directory, as JSON, and the policies by their names
#[derive(Clone, Debug)]
struct Directory {
    sections: BTreeMap<String, Value>,
    policies: BTreeMap<String, Value>,
}

impl Directory {
    fn list(&self, section: &str) -> &[Value] {
        self.sections
            .get(section)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// The answers of the CLI, in pages of some entries
    fn dump(&self, page: usize) -> Vec<InputFile> {
        let mut dump = vec![file(
            "GetCallerIdentity.json",
            &json!({"AccountId": ACCOUNT, "RequestId": "r"}),
        )];
        let named = |section: &str, field: &str, id: &str| -> Vec<Value> {
            let entry = |entry: &Value| {
                let mut item = json!({field: entry["name"]});
                if let Some(value) = entry.get("id") {
                    item[id] = value.clone();
                }
                item
            };
            self.list(section).iter().map(entry).collect()
        };
        dump.push(listed(
            "ListUsers.json",
            "Users",
            "User",
            &named("users", "UserName", "UserId"),
            page,
        ));
        dump.push(listed(
            "ListGroups.json",
            "Groups",
            "Group",
            &named("groups", "GroupName", "GroupId"),
            page,
        ));
        for group in self.list("groups") {
            let is_member = |user: &&Value| {
                user["groups"]
                    .as_array()
                    .is_some_and(|groups| groups.contains(&group["name"]))
            };
            let members = self.list("users").iter().filter(is_member);
            let members: Vec<Value> = members.map(|user| json!({"UserName": user["name"]})).collect();
            let name = format!("ListUsersForGroup/{}.json", group["name"].as_str().unwrap());
            dump.push(listed(&name, "Users", "User", &members, page));
        }
        let linked = self.sections["account"]["serviceLinkedRoles"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut roles = named("roles", "RoleName", "RoleId");
        roles.extend(linked.iter().map(|name| json!({"RoleName": name})));
        dump.push(listed("ListRoles.json", "Roles", "Role", &roles, page));
        for role in self.list("roles") {
            let mut item = json!({"RoleName": role["name"], "AssumeRolePolicyDocument": role["trustPolicy"].to_string(), "IsServiceLinkedRole": false});
            if let Some(id) = role.get("id") {
                item["RoleId"] = id.clone();
            }
            dump.push(file(
                &format!("GetRole/{}.json", role["name"].as_str().unwrap()),
                &json!({"Role": item}),
            ));
        }
        for name in &linked {
            let item =
                json!({"RoleName": name, "AssumeRolePolicyDocument": "{}", "IsServiceLinkedRole": true});
            dump.push(file(
                &format!("GetRole/{}.json", name.as_str().unwrap()),
                &json!({"Role": item}),
            ));
        }
        let groups: Vec<Value> = self
            .list("resourceGroups")
            .iter()
            .map(|group| match group.get("name") {
                Some(name) => json!({"Id": group["id"], "Name": name}),
                None => json!({"Id": group["id"]}),
            })
            .collect();
        dump.push(counted(
            "ListResourceGroups.json",
            "ResourceGroups",
            "ResourceGroup",
            &groups,
            page,
        ));
        dump.push(counted(
            "ListPolicyAttachments.json",
            "PolicyAttachments",
            "PolicyAttachment",
            &self.attachments(),
            page,
        ));
        for (name, policy) in &self.policies {
            let answer = json!({"Policy": {"PolicyName": name, "PolicyType": "Custom"}, "DefaultPolicyVersion": {"PolicyDocument": policy.to_string()}});
            dump.push(file(&format!("GetPolicy/Custom/{name}.json"), &answer));
        }
        dump
    }

    fn attachments(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for (section, kind, domain) in [
            ("users", "IMSUser", "acme.onaliyun.com"),
            ("groups", "IMSGroup", "group.acme.onaliyun.com"),
            ("roles", "ServiceRole", "role.acme.onaliyunservice.com"),
        ] {
            for entry in self.list(section) {
                for grant in entry["policies"].as_array().into_iter().flatten() {
                    let policy = grant["policy"].as_str().unwrap();
                    let policy_type = if self.policies.contains_key(policy) {
                        "Custom"
                    } else {
                        "System"
                    };
                    let scope = grant["resourceGroup"].as_str().unwrap_or(ACCOUNT);
                    let name = format!("{}@{domain}", entry["name"].as_str().unwrap());
                    all.push(json!({"PolicyName": policy, "PolicyType": policy_type, "PrincipalName": name, "PrincipalType": kind, "ResourceGroupId": scope}));
                }
            }
        }
        all
    }

    /// The same with the order that an import gives
    fn sorted(mut self) -> Self {
        for (name, section) in &mut self.sections {
            let Value::Array(entries) = section else { continue };
            for entry in entries.iter_mut() {
                if let Some(Value::Array(groups)) = entry.get_mut("groups") {
                    groups.sort_by_key(|group| group.to_string());
                }
                if let Some(Value::Array(grants)) = entry.get_mut("policies") {
                    grants.sort_by_key(Value::to_string);
                }
            }
            let key = if name == "resourceGroups" { "id" } else { "name" };
            entries.sort_by_key(|entry| entry[key].as_str().unwrap().to_lowercase());
        }
        self
    }
}

fn file(path: &str, value: &Value) -> InputFile {
    InputFile {
        path: path.to_owned(),
        bytes: value.to_string().into_bytes(),
    }
}

fn listed(path: &str, plural: &str, singular: &str, items: &[Value], page: usize) -> InputFile {
    let mut pages: Vec<Value> = items
        .chunks(page)
        .map(|chunk| json!({"RequestId": "r", "IsTruncated": true, "Marker": "m", plural: {singular: chunk}}))
        .collect();
    match pages.last_mut() {
        Some(last) => last["IsTruncated"] = false.into(),
        None => pages.push(json!({"RequestId": "r", "IsTruncated": false})),
    }
    file(
        path,
        &if pages.len() == 1 {
            pages.remove(0)
        } else {
            pages.into()
        },
    )
}

fn counted(path: &str, plural: &str, singular: &str, items: &[Value], page: usize) -> InputFile {
    let mut pages: Vec<Value> = items
        .chunks(page)
        .map(|chunk| json!({"RequestId": "r", "TotalCount": items.len(), plural: {singular: chunk}}))
        .collect();
    if pages.is_empty() {
        pages.push(json!({"RequestId": "r", "TotalCount": 0}));
    }
    file(path, &pages.into())
}

/// What an import writes, and its directory as data
fn imported(dump: &[InputFile]) -> (BTreeMap<String, String>, Directory) {
    let data = aliyun::read(dump, None).unwrap_or_else(|faults| panic!("{faults:?}"));
    let settings = Settings {
        region: Some("cn-hangzhou".to_owned()),
    };
    let documents = documents(&data, &OwnDocuments::default(), &settings).unwrap();
    let files = files(&documents, Form::Folder, "ns");
    let read = |text: &str| yaml::parse(text).unwrap()[0].to_json();
    let mut sections: BTreeMap<String, Value> = BTreeMap::new();
    for (name, section) in read(&files["ram.yaml"]).as_object().unwrap() {
        sections.insert(name.clone(), section.clone());
    }
    let policies = files.iter().filter_map(|(file, text)| {
        let name = file.strip_suffix(".json")?;
        Some((name.to_owned(), serde_json::from_str(text).unwrap()))
    });
    let policies = policies.collect();
    (files, Directory { sections, policies })
}

#[track_caller]
fn comes_back(directory: &Directory, page: usize) {
    let (files, back) = imported(&directory.dump(page));
    let (wanted, found) = (directory.clone().sorted(), back.clone().sorted());
    assert_eq!(found.sections, wanted.sections);
    assert_eq!(found.policies, wanted.policies);
    // What was written is written again, byte by byte
    assert_eq!(imported(&back.dump(page)).0, files);
}

/// The reference example's RAM data, without what is not RAM's
#[test]
fn the_reference_example_comes_back() {
    let mut sections: BTreeMap<String, Value> = BTreeMap::new();
    let mut policies = BTreeMap::new();
    for entry in std::fs::read_dir("deploy/examples/reference/config").unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().unwrap() == "json" {
            policies.insert(name, serde_json::from_str(&text).unwrap());
            continue;
        }
        for (name, section) in yaml::parse(&text).unwrap()[0].to_json().as_object().unwrap() {
            sections.insert(name.clone(), section.clone());
        }
    }
    sections
        .retain(|name, _| ["account", "resourceGroups", "users", "groups", "roles"].contains(&name.as_str()));
    let account = &sections["account"];
    let account = json!({"id": account["id"], "region": account["region"], "serviceLinkedRoles": account["serviceLinkedRoles"]});
    sections.insert("account".to_owned(), account);
    for group in sections
        .get_mut("resourceGroups")
        .unwrap()
        .as_array_mut()
        .unwrap()
    {
        group.as_object_mut().unwrap().remove("default");
    }
    let directory = Directory { sections, policies };
    for page in [1, 2, 100] {
        comes_back(&directory, page);
    }
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    let name = prop_oneof![
        "[a-zA-Z][a-zA-Z0-9._-]{0,8}",
        "[a-z]{2}",
        "[a-z]{2}\\.2",
        "[0-9._-]{1,4}",
        Just("no".to_owned())
    ];
    // RAM ignores the case of role names
    let distinct = |names: Vec<String>| {
        let mut seen = BTreeSet::new();
        let fresh = names.into_iter().filter(|name| seen.insert(name.to_lowercase()));
        fresh.collect::<BTreeSet<String>>()
    };
    prop::collection::vec(name, 0..6).prop_map(distinct)
}

/// Indices into lists of other names
type Picks = Vec<(usize, usize)>;

fn picks() -> impl Strategy<Value = Vec<Picks>> {
    prop::collection::vec(prop::collection::vec((0..20usize, 0..20usize), 0..4), 20)
}

fn directory() -> impl Strategy<Value = Directory> {
    let parts = (
        names(),
        names(),
        names(),
        names(),
        prop::collection::btree_set("[a-zA-Z0-9-]{1,6}", 0..5),
        picks(),
        picks(),
    );
    parts.prop_map(|(users, groups, roles, scopes, policies, grants, members)| {
        let groups: Vec<&String> = groups.iter().collect();
        let scopes: Vec<&String> = scopes.iter().filter(|scope| scope.bytes().any(|byte| !byte.is_ascii_digit())).collect();
        let known: Vec<&str> = policies.iter().map(String::as_str).chain(["AliyunECIFullAccess"]).collect();
        let policy = |at: usize| json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["eci:*"], "Resource": ["*"],
            "Condition": {"StringEquals": {"acs:RequestTag/é\"\n": [format!("\u{7f}\u{feff}{at}: [x]")]}}}]});
        let granted = |at: usize| -> Vec<Value> {
            let grant = |(policy, scope): &(usize, usize)| {
                let policy = known[policy % known.len()];
                match scopes.get(*scope) {
                    Some(scope) => json!({"policy": policy, "resourceGroup": scope}),
                    None => json!({"policy": policy}),
                }
            };
            let mut all: Vec<Value> = grants[at % grants.len()].iter().map(grant).collect();
            all.sort_by_key(Value::to_string);
            all.dedup();
            all
        };
        let entry = |at: usize, name: &String| {
            let mut entry = json!({"name": name});
            if !granted(at).is_empty() {
                entry["policies"] = granted(at).into();
            }
            entry
        };
        let user = |(at, name): (usize, &String)| {
            let mut user = entry(at, name);
            if at % 3 != 0 {
                user["id"] = format!("20{at}").into();
            }
            let picked = members[at].iter().filter_map(|(group, _)| groups.get(*group));
            let picked: BTreeSet<&&String> = picked.collect();
            if !picked.is_empty() {
                user["groups"] = json!(picked);
            }
            user
        };
        let role = |(at, name): (usize, &String)| {
            let mut role = entry(at + 7, name);
            role["trustPolicy"] = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}}]});
            role
        };
        let mut sections = BTreeMap::from([("account".to_owned(), json!({"id": ACCOUNT, "region": "cn-hangzhou"}))]);
        let mut put = |name: &str, entries: Vec<Value>| {
            if !entries.is_empty() {
                sections.insert(name.to_owned(), entries.into());
            }
        };
        put("users", users.iter().enumerate().map(user).collect());
        put("groups", groups.iter().enumerate().map(|(at, name)| entry(at + 3, name)).collect());
        put("roles", roles.iter().enumerate().map(role).collect());
        put("resourceGroups", scopes.iter().map(|id| json!({"id": id, "name": "x: y"})).collect());
        let policies = policies.iter().enumerate().map(|(at, name)| (name.clone(), policy(at)));
        Directory {
            policies: policies.collect(),
            sections,
        }
    })
}

proptest! {
    #[test]
    fn any_directory_comes_back(directory in directory(), page in 1..4usize) {
        comes_back(&directory, page);
    }
}
