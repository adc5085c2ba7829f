//! An account's RAM data, and the API's answers about it.

use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "1234567890123456";

/// Users, groups, roles, policies and attachments
#[derive(Clone, Debug)]
pub(crate) struct AccountData {
    pub(crate) number: String,
    pub(crate) users: Vec<String>,
    /// Name and members
    pub(crate) groups: Vec<(String, Vec<String>)>,
    pub(crate) roles: Vec<String>,
    /// Type, name and document
    pub(crate) policies: Vec<(String, String, Value)>,
    pub(crate) resource_groups: Vec<String>,
    /// Type and name of the policy, type and name of the principal, scope
    pub(crate) attachments: Vec<[String; 5]>,
}

/// What a call asks for
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments(pub(crate) Vec<(String, String)>);

impl Arguments {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.get(name).map(|text| text.parse().unwrap())
    }
}

fn policy(tag: &str) -> Value {
    json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*",
        "Condition": {"StringEquals": {"acs:RequestTag/team": tag}}}]})
}

impl Default for AccountData {
    /// 12 users, 5 groups, 6 roles, 8 policies, and attachments in both scopes
    fn default() -> Self {
        let users: Vec<String> = (0..12).map(|n| format!("user{n}")).collect();
        let groups: Vec<(String, Vec<String>)> = (0..5)
            .map(|n| {
                (
                    format!("group.{n}"),
                    vec![format!("user{n}"), format!("user{}", n + 5)],
                )
            })
            .collect();
        let roles: Vec<String> = (0..6).map(|n| format!("Role{n}")).collect();
        let mut policies: Vec<(String, String, Value)> = (0..7)
            .map(|n| ("Custom".to_owned(), format!("Team{n}"), policy(&format!("t{n}"))))
            .collect();
        let read = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:Get*", "Resource": "*"}]});
        policies.push(("System".to_owned(), "AliyunOSSReadOnlyAccess".to_owned(), read));
        let mut account = Self {
            number: ACCOUNT.to_owned(),
            users,
            groups,
            roles,
            policies,
            resource_groups: vec!["rg-default".to_owned(), "rg-shop".to_owned()],
            attachments: Vec::new(),
        };
        for number in 0..12 {
            account.attach(
                &format!("Team{}", number % 7),
                &format!("user{number}"),
                "rg-shop",
            );
        }
        account.attach_any(
            "System",
            "AliyunOSSReadOnlyAccess",
            "IMSGroup",
            "group.0@group.acme.onaliyun.com",
            ACCOUNT,
        );
        account.attach_any(
            "Custom",
            "Team1",
            "ServiceRole",
            "Role1@role.acme.onaliyunservice.com",
            ACCOUNT,
        );
        account
    }
}

impl AccountData {
    /// Attaches a policy of the account to a user
    pub(crate) fn attach(&mut self, policy: &str, user: &str, scope: &str) {
        self.attach_any(
            "Custom",
            policy,
            "IMSUser",
            &format!("{user}@acme.onaliyun.com"),
            scope,
        );
    }

    fn attach_any(&mut self, kind: &str, policy: &str, principal_kind: &str, principal: &str, scope: &str) {
        self.attachments
            .push([kind, policy, principal_kind, principal, scope].map(str::to_owned));
    }

    /// Adds users, each with an attachment
    pub(crate) fn grow(&mut self, number: usize) {
        for number in 0..number {
            let user = format!("more{number}");
            self.attach("Team0", &user, ACCOUNT);
            self.users.push(user);
        }
    }

    /// Removes a user with everything that names it
    pub(crate) fn remove_user(&mut self, user: &str) {
        self.users.retain(|name| name != user);
        for (_, members) in &mut self.groups {
            members.retain(|name| name != user);
        }
        let principal = format!("{user}@acme.onaliyun.com");
        self.attachments.retain(|attachment| attachment[3] != principal);
    }

    /// The answer to a call, without its RequestId; the error's code if there is none
    pub(crate) fn answer(
        &self,
        action: &str,
        arguments: &Arguments,
        ram_page: usize,
    ) -> Result<Value, &'static str> {
        let by_marker = |outer: &str, inner: &str, items: Vec<Value>| {
            let start: usize = arguments
                .get("Marker")
                .map_or(0, |marker| marker.trim_start_matches('m').parse().unwrap());
            let most = arguments.number("MaxItems").unwrap().min(ram_page);
            let end = items.len().min(start + most);
            let mut answer = json!({"IsTruncated": end < items.len(), outer: {inner: items[start..end]}});
            if end < items.len() {
                answer["Marker"] = json!(format!("m{end}"));
            }
            Ok(answer)
        };
        let by_number = |outer: &str, inner: &str, items: Vec<Value>| {
            let (number, size) = (
                arguments.number("PageNumber").unwrap(),
                arguments.number("PageSize").unwrap(),
            );
            assert!(size <= 100, "ResourceManager takes no larger page than 100");
            let page: Vec<&Value> = items.iter().skip((number - 1) * size).take(size).collect();
            Ok(
                json!({"PageNumber": number, "PageSize": size, "TotalCount": items.len(), outer: {inner: page}}),
            )
        };
        match action {
            "GetCallerIdentity" => Ok(json!({
                "IdentityType": "AssumedRoleUser", "AccountId": self.number, "RoleId": "33537620082992",
                "PrincipalId": "33537620082992:ramgate-sync",
                "Arn": format!("acs:ram::{}:assumed-role/ramgate-sync/ramgate-sync", self.number),
            })),
            "ListUsers" => by_marker(
                "Users",
                "User",
                self.users.iter().map(|name| self.user(name)).collect(),
            ),
            "ListGroups" => {
                let groups = self
                    .groups
                    .iter()
                    .map(|(name, _)| json!({"GroupName": name, "Comments": ""}));
                by_marker("Groups", "Group", groups.collect())
            }
            "ListUsersForGroup" => {
                let wanted = arguments.get("GroupName").unwrap();
                let Some((_, members)) = self.groups.iter().find(|(name, _)| name == wanted) else {
                    return Err("EntityNotExist.Group");
                };
                let members = members
                    .iter()
                    .map(|name| json!({"UserName": name, "JoinDate": "2025-01-01T00:00:00Z"}));
                by_marker("Users", "User", members.collect())
            }
            "ListRoles" => by_marker(
                "Roles",
                "Role",
                self.roles.iter().map(|name| self.role(name)).collect(),
            ),
            "GetRole" => {
                let wanted = arguments.get("RoleName").unwrap();
                let name = self
                    .roles
                    .iter()
                    .find(|name| *name == wanted)
                    .ok_or("EntityNotExist.Role")?;
                let trust = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"Service": ["ecs.aliyuncs.com"]}}]});
                let mut role = self.role(name);
                role["AssumeRolePolicyDocument"] = json!(trust.to_string());
                Ok(json!({"Role": role}))
            }
            "GetPolicy" => {
                let wanted = (
                    arguments.get("PolicyType").unwrap(),
                    arguments.get("PolicyName").unwrap(),
                );
                let found = self
                    .policies
                    .iter()
                    .find(|(kind, name, _)| (kind.as_str(), name.as_str()) == wanted);
                let (kind, name, document) = found.ok_or("EntityNotExist.Policy")?;
                Ok(json!({
                    "Policy": {"PolicyName": name, "PolicyType": kind, "DefaultVersion": "v1"},
                    "DefaultPolicyVersion": {"VersionId": "v1", "IsDefaultVersion": true, "PolicyDocument": document.to_string()},
                }))
            }
            "ListResourceGroups" => {
                let groups = self.resource_groups.iter();
                let groups =
                    groups.map(|id| json!({"Id": id, "Name": id, "AccountId": self.number, "Status": "OK"}));
                by_number("ResourceGroups", "ResourceGroup", groups.collect())
            }
            "ListPolicyAttachments" => {
                let attachments = self.attachments.iter().map(|[kind, policy, principal_kind, principal, scope]| {
                    json!({"PolicyType": kind, "PolicyName": policy, "PrincipalType": principal_kind,
                        "PrincipalName": principal, "ResourceGroupId": scope, "AttachDate": "2025-01-01T00:00:00Z"})
                });
                by_number("PolicyAttachments", "PolicyAttachment", attachments.collect())
            }
            _ => Err("InvalidAction.NotFound"),
        }
    }

    fn user(&self, name: &str) -> Value {
        let digits = digits(name);
        json!({"UserId": format!("2{digits}"), "UserName": name, "DisplayName": name, "Comments": "",
            "CreateDate": "2025-01-01T00:00:00Z"})
    }

    fn role(&self, name: &str) -> Value {
        let digits = digits(name);
        json!({"RoleId": format!("3{digits}"), "RoleName": name, "Arn": format!("acs:ram::{}:role/{name}", self.number),
            "IsServiceLinkedRole": false})
    }
}

/// An id that differs for names of the tests
fn digits(name: &str) -> String {
    let last = name.len().saturating_sub(20);
    name.bytes()
        .skip(last)
        .map(|byte| (byte % 10).to_string())
        .collect()
}
