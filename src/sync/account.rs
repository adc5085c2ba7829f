//! Reads an account: the calls whose answers make a dump, as the import takes it.
//!
//! Only calls that read are made. ListPolicyAttachments without arguments shows the grants of every scope, so it says which
//! policies there are to read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::alibaba_cloud::{Answer, CloudClient, CloudError, CloudFault, ListCall, PageStyle, Service};
use crate::import::InputFile;

/// The largest pages that RAM gives
const RAM_PAGE: PageStyle = PageStyle::Marker { size: 1000 };
/// The largest pages that ResourceManager gives
const RESOURCE_MANAGER_PAGE: PageStyle = PageStyle::Number { size: 100 };

/// The answers about an account
#[derive(Debug)]
pub(super) struct AccountDump {
    /// The account's number
    pub(super) account: String,
    /// The answers, named by call and argument
    pub(super) files: Vec<InputFile>,
}

/// Reads everything
///
/// # Errors
/// A call fails, a page is missing, or the credentials are of another account
pub(super) async fn read(client: &CloudClient, wanted: Option<&str>) -> Result<AccountDump, CloudError> {
    let mut reader = AccountReader {
        client,
        files: Vec::new(),
    };
    let account = reader.account(wanted).await?;
    reader
        .list(Service::Ram, "ListUsers", RAM_PAGE, "/Users/User")
        .await?;
    let groups = reader
        .list(Service::Ram, "ListGroups", RAM_PAGE, "/Groups/Group")
        .await?;
    for group in names(Service::Ram, "ListGroups", &groups, "GroupName")? {
        reader.members(&group).await?;
    }
    let roles = reader
        .list(Service::Ram, "ListRoles", RAM_PAGE, "/Roles/Role")
        .await?;
    for role in names(Service::Ram, "ListRoles", &roles, "RoleName")? {
        reader.get("GetRole", &role, &[("RoleName", &role)]).await?;
    }
    let manager = Service::ResourceManager;
    reader
        .list(
            manager,
            "ListResourceGroups",
            RESOURCE_MANAGER_PAGE,
            "/ResourceGroups/ResourceGroup",
        )
        .await?;
    let attachments = reader
        .list(
            manager,
            "ListPolicyAttachments",
            RESOURCE_MANAGER_PAGE,
            "/PolicyAttachments/PolicyAttachment",
        )
        .await?;
    for (kind, policy) in policies(&attachments)? {
        let arguments = [("PolicyType", kind.as_str()), ("PolicyName", policy.as_str())];
        reader
            .get("GetPolicy", &format!("{kind}/{policy}"), &arguments)
            .await?;
    }
    Ok(AccountDump {
        account,
        files: reader.files,
    })
}

struct AccountReader<'a> {
    client: &'a CloudClient,
    files: Vec<InputFile>,
}

impl AccountReader<'_> {
    /// The account of the credentials
    async fn account(&mut self, wanted: Option<&str>) -> Result<String, CloudError> {
        let action = "GetCallerIdentity";
        let answer = self.client.call(Service::Sts, action, &[]).await?;
        let account =
            text(&answer.json, "AccountId").ok_or_else(|| incomplete(Service::Sts, action, "AccountId"))?;
        let account = account.to_owned();
        for (what, known) in [
            ("--account is", wanted),
            ("the role is of", self.client.role_account()),
        ] {
            if let Some(known) = known.filter(|known| *known != account) {
                let message = format!("the credentials are of account {account}, and {what} {known}");
                return Err(unreadable(Service::Sts, action, message));
            }
        }
        self.files.push(InputFile {
            path: format!("{action}.json"),
            bytes: answer.bytes,
        });
        Ok(account)
    }

    /// Reads a list, and returns its items
    async fn list(
        &mut self,
        service: Service,
        action: &str,
        style: PageStyle,
        items: &str,
    ) -> Result<Vec<Value>, CloudError> {
        let call = ListCall {
            service,
            action,
            parameters: &[],
            style,
            items,
        };
        let answers = self.client.list(&call).await?;
        let found = answers
            .iter()
            .filter_map(|answer| answer.json.pointer(items)?.as_array());
        let found = found.flatten().cloned().collect();
        self.files.push(InputFile {
            path: format!("{action}.json"),
            bytes: pages(&answers),
        });
        Ok(found)
    }

    async fn members(&mut self, group: &str) -> Result<(), CloudError> {
        let action = "ListUsersForGroup";
        let call = ListCall {
            service: Service::Ram,
            action,
            parameters: &[("GroupName", group)],
            style: RAM_PAGE,
            items: "/Users/User",
        };
        let answers = self.client.list(&call).await?;
        self.files.push(InputFile {
            path: format!("{action}/{group}.json"),
            bytes: pages(&answers),
        });
        Ok(())
    }

    async fn get(&mut self, action: &str, name: &str, arguments: &[(&str, &str)]) -> Result<(), CloudError> {
        let answer = self.client.call(Service::Ram, action, arguments).await?;
        self.files.push(InputFile {
            path: format!("{action}/{name}.json"),
            bytes: answer.bytes,
        });
        Ok(())
    }
}

/// All pages as one list, each as it came
fn pages(answers: &[Answer]) -> Vec<u8> {
    let mut bytes = vec![b'['];
    for (number, answer) in answers.iter().enumerate() {
        if number > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(&answer.bytes);
    }
    bytes.push(b']');
    bytes
}

/// The names in a list, each once
fn names(
    service: Service,
    action: &str,
    items: &[Value],
    field: &str,
) -> Result<BTreeSet<String>, CloudError> {
    let name = |item: &Value| {
        text(item, field)
            .map(str::to_owned)
            .ok_or_else(|| incomplete(service, action, field))
    };
    items.iter().map(name).collect()
}

/// The type and name of each policy that is attached
fn policies(attachments: &[Value]) -> Result<BTreeSet<(String, String)>, CloudError> {
    let (service, action) = (Service::ResourceManager, "ListPolicyAttachments");
    let field = |item: &Value, field: &str| {
        text(item, field)
            .map(str::to_owned)
            .ok_or_else(|| incomplete(service, action, field))
    };
    attachments
        .iter()
        .map(|item| Ok((field(item, "PolicyType")?, field(item, "PolicyName")?)))
        .collect()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn incomplete(service: Service, action: &str, field: &str) -> CloudError {
    unreadable(service, action, format!("`{field}` is missing"))
}

fn unreadable(service: Service, action: &str, message: String) -> CloudError {
    CloudError {
        call: format!("{} {action}", service.name()),
        fault: CloudFault::Unreadable(message),
    }
}
