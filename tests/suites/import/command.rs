//! The command: what it writes, what it leaves alone, and drift.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{ACCOUNT, Ran, ramgate};

/// A folder with a copy of the account's dump
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        copy(Path::new(ACCOUNT), &place.path("dump"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn import(&self, more: &[&str]) -> Ran {
        let (dump, config) = (self.path("dump"), self.path("config"));
        let mut arguments = vec!["import", "aliyun", dump.to_str().unwrap()];
        arguments.extend(more);
        if !more.contains(&"--check") {
            arguments.extend(["--out", config.to_str().unwrap()]);
        }
        ramgate(self.folder.path(), &arguments)
    }

    fn check(&self, more: &[&str]) -> Ran {
        let config = self.path("config");
        self.import(&[&["--check", config.to_str().unwrap()], more].concat())
    }

    fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let name = format!("dump/{file}");
        let mut value: Value = serde_json::from_str(&self.read(&name)).unwrap();
        change(&mut value);
        self.write(&name, &value.to_string());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

const REGION: [&str; 2] = ["--region", "cn-hangzhou"];

#[test]
fn an_import_replaces_its_own_files_and_touches_no_others() {
    let place = Place::new();
    place.write(
        "config/team/bindings.yaml",
        "bindings: [{principal: user/alice, subjects: [{kind: User, name: a}]}]\n",
    );
    place.write("config/README.md", "notes\n");
    place.import(&REGION).exits(0);
    let first = place.read("config/ram.yaml");
    // A policy goes, a user goes, and somebody has edited what the import wrote
    fs::remove_file(place.path("dump/GetPolicy/Custom/ReadReports.json")).unwrap();
    place.edit("ListPolicyAttachments.json", |answer| {
        let all = answer["PolicyAttachments"]["PolicyAttachment"]
            .as_array_mut()
            .unwrap();
        all.retain(|each| each["PolicyName"] != "ReadReports");
        answer["TotalCount"] = Value::from(all.len());
    });
    place.write("config/EciShop.json", "{}");
    let printed = place.import(&REGION).exits(0);
    assert!(
        printed.contains("2 files changed, 1 removed, 7 as before"),
        "{printed}"
    );
    assert!(!place.path("config/ReadReports.json").exists());
    assert_ne!(place.read("config/ram.yaml"), first);
    assert_eq!(place.read("config/README.md"), "notes\n");
    assert!(place.read("config/team/bindings.yaml").contains("alice"));
    // From files to manifests and back
    let printed = place
        .import(&[&REGION[..], &["--format", "configmaps", "--namespace", "gate"]].concat())
        .exits(0);
    assert!(printed.contains("1 file changed, 9 removed"), "{printed}");
    assert!(
        place
            .read("config/ram-configmaps.yaml")
            .contains("namespace: \"gate\"")
    );
    place.check(&[]).exits(0);
    place.import(&REGION).exits(0);
    assert!(!place.path("config/ram-configmaps.yaml").exists());
    let left: Vec<String> = fs::read_dir(place.path("config"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_file_of_somebody_else_is_never_replaced() {
    for name in ["config/ram.yaml", "config/EciShop.json"] {
        let place = Place::new();
        place.write(name, "groups: []\n");
        let printed = place.import(&REGION).exits(3);
        assert!(
            printed.contains("an import would write this file, and did not write the one that is there"),
            "{printed}"
        );
        assert_eq!(place.read(name), "groups: []\n");
        assert!(!place.path("config/.ramgate-import").exists());
    }
    let place = Place::new();
    place.write(
        "config/.ramgate-import",
        r#"{"files": ["../dump/ListUsers.json"]}"#,
    );
    let printed = place.import(&REGION).exits(1);
    assert!(printed.contains("is no file that an import writes"), "{printed}");
    assert!(place.path("dump/ListUsers.json").exists());
}

#[test]
fn nothing_is_written_unless_all_of_it_is_a_configuration() {
    let place = Place::new();
    place.write(
        "config/bindings.yaml",
        "bindings: [{principal: user/gone, subjects: [{kind: User, name: a}]}]\n",
    );
    let printed = place.import(&REGION).exits(3);
    assert_eq!(
        printed,
        "config/bindings.yaml:1:24: no document defines user `gone`\n"
    );
    assert!(!place.path("config/ram.yaml").exists());
    place.write("config/bindings.yaml", "users: [{name: alice}]\n");
    let printed = place.import(&REGION).exits(3);
    assert!(printed.contains("user `alice` is defined twice"), "{printed}");
}

#[test]
fn the_account_section_may_be_the_user_s() {
    let place = Place::new();
    let account = |id: &str, levels: &str| {
        format!("account: {{id: '{id}', region: cn-hangzhou, clusterId: c1{levels}}}\n")
    };
    let levels = ", controlPolicies: [[FullAliyunAccess], [FullAliyunAccess, NoSpot], [FullAliyunAccess]]";
    place.write("config/account.yaml", &account("1234567890123456", levels));
    place.import(&[]).exits(0);
    assert!(!place.read("config/ram.yaml").contains("account:"));
    place.check(&[]).exits(2);
    place.write(
        "config/account.yaml",
        &account(
            "1234567890123456",
            &format!("{levels}, serviceLinkedRoles: [AliyunServiceRoleForECI]"),
        ),
    );
    place.check(&[]).exits(0);
    place.write("config/account.yaml", &account("1234567890123456", ""));
    let printed = place.import(&[]).exits(3);
    assert!(
        printed.contains("config/account.yaml: the account's control policies are others now: write controlPolicies: [[FullAliyunAccess], [FullAliyunAccess, NoSpot], [FullAliyunAccess]]"),
        "{printed}"
    );
    place.write("config/account.yaml", &account("42", levels));
    let printed = place.import(&[]).exits(3);
    assert!(
        printed.contains("what was read before is of account 42"),
        "{printed}"
    );
}

#[test]
fn a_region_is_needed_and_comes_from_nowhere_else() {
    let place = Place::new();
    let printed = place.import(&[]).exits(3);
    assert!(printed.contains("give the cluster's with --region"), "{printed}");
    let printed = place.import(&["--region", "CN"]).exits(3);
    assert!(printed.contains("`CN` is no region"), "{printed}");
    let printed = place
        .import(&[&REGION[..], &["--account", "42"]].concat())
        .exits(3);
    assert!(
        printed.contains("dump/GetCallerIdentity.json:1:1: this is of account 1234567890123456"),
        "{printed}"
    );
}

#[test]
fn drift_is_shown_entry_by_entry() {
    let place = Place::new();
    place.write(
        "config/own.yaml",
        "bindings: [{principal: user/alice, subjects: [{kind: User, name: a}]}]\n",
    );
    place.import(&REGION).exits(0);
    let printed = place.check(&[]).exits(0);
    assert!(printed.ends_with("config: RAM is what it says\n"), "{printed}");
    place.edit("ListUsers.json", |answer| {
        let users = answer["Users"]["User"].as_array_mut().unwrap();
        users.push(json!({"UserId": "999", "UserName": "zoe"}));
        users[0]["UserId"] = "1".into();
    });
    place.edit("ListUsersForGroup/contractors.json", |answer| {
        answer["Users"] = json!({"User": [{"UserName": "zoe"}]})
    });
    place.edit("ListPolicyAttachments.json", |answer| {
        answer["PolicyAttachments"]["PolicyAttachment"][0]["ResourceGroupId"] = "rg-acmeshop".into();
    });
    place.edit("GetPolicy/Custom/EciShop.json", |answer| {
        let text = answer["DefaultPolicyVersion"]["PolicyDocument"]
            .as_str()
            .unwrap()
            .replace("eci:Delete*", "eci:*");
        answer["DefaultPolicyVersion"]["PolicyDocument"] = text.into();
    });
    let before = place.read("config/ram.yaml");
    let printed = place.check(&[]).exits(2);
    assert_eq!(
        printed.replace(&place.path("config").display().to_string(), "config"),
        "- group/developers: policy EciTestOnly\n\
         + group/developers: policy EciTestOnly in rg-acmeshop\n\
         ~ policy EciShop: text differs\n\
         ~ user/alice: id 201000000000000000 -> 1\n\
         + user/zoe: group contractors\n\
         + user/zoe: id 999\n\
         + user/zoe\n\
         config: 7 differences (+ in RAM alone, - in the directory alone, ~ differs)\n"
    );
    assert_eq!(place.read("config/ram.yaml"), before);
    let json: Value = serde_json::from_str(&place.check(&["--output", "json"]).exits(2)).unwrap();
    assert_eq!(
        (json["equal"].as_bool(), json["partial"].as_bool()),
        (Some(false), Some(false))
    );
    assert_eq!(
        json["drift"][3],
        json!({"change": "changed", "entity": "user/alice", "what": "id", "directory": "201000000000000000", "ram": "1"})
    );
    place.import(&REGION).exits(0);
    place.check(&[]).exits(0);
}

/// A directory that people wrote by hand is compared as well
#[test]
fn a_directory_without_an_import_is_compared() {
    let place = Place::new();
    place.import(&REGION).exits(0);
    fs::remove_file(place.path("config/.ramgate-import")).unwrap();
    place.check(&[]).exits(0);
    let text = place.read("config/ram.yaml").replace(
        "{name: hana, id: \"201000000000000007\", groups: [operators]}",
        "{name: hana}",
    );
    place.write("config/ram.yaml", &text);
    let printed = place.check(&[]).exits(2);
    assert!(
        printed.starts_with("+ user/hana: group operators\n+ user/hana: id 201000000000000007\n"),
        "{printed}"
    );
}

#[test]
fn a_policy_that_cannot_be_read_is_left_out_aloud_until_there_is_one_of_your_own() {
    let place = Place::new();
    place.edit("GetPolicy/Custom/EciShop.json", |answer| {
        let text = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "NotResource": "acs:eci:*:*:*"}]});
        answer["DefaultPolicyVersion"]["PolicyDocument"] = text.to_string().into();
    });
    let printed = place.import(&REGION).exits(0);
    assert!(
        printed.starts_with("LEFT OUT: policy `EciShop`, which only allows and which ramgate cannot read: "),
        "{printed}"
    );
    assert!(
        printed.contains("less is allowed to group/data.team, role/Deployer, user/alice, user/build-bot\n"),
        "{printed}"
    );
    assert!(
        !place.path("config/EciShop.json").exists() && !place.read("config/ram.yaml").contains("EciShop")
    );
    place.check(&[]).exits(0);
    let own = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]});
    place.write("config/EciShop.json", &own.to_string());
    let printed = place.import(&REGION).exits(0);
    assert!(
        printed.contains("note: custom policy `EciShop` is the one that the directory defines itself"),
        "{printed}"
    );
    assert!(
        place
            .read("config/ram.yaml")
            .contains("{policy: EciShop, resourceGroup: rg-acmeshop}")
    );
    assert_eq!(place.read("config/EciShop.json"), own.to_string());
    place.check(&[]).exits(0);
    let json: Value = serde_json::from_str(
        &place
            .import(&[&REGION[..], &["--output", "json"]].concat())
            .exits(0),
    )
    .unwrap();
    assert_eq!(
        json["counts"],
        json!({"users": 12, "groups": 5, "roles": 6, "resourceGroups": 3, "policies": 8})
    );
}

/// The example is what an import of the account makes
#[test]
fn the_example_is_up_to_date() {
    let place = Place::new();
    let example = Path::new("deploy/examples/import/config");
    place.write(
        "config/own.yaml",
        &fs::read_to_string(example.join("own.yaml")).unwrap(),
    );
    place.import(&REGION).exits(0);
    let files = |folder: &Path| -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        files.sort();
        files
    };
    assert_eq!(files(&place.path("config")), files(example));
}
