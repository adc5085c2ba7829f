//! The section `account`.

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::{LocatedText, strings};
use crate::config::directory::name_rules::{self, check_not_empty, shortened};
use eci_calls::{Account, ResourceGroup};
use ram_policy::source::{Fault, Node, Position, Value};

/// The `account` section of a document
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountSection {
    pub(crate) at: Position,
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) cluster_id: Option<String>,
    pub(crate) service_linked_roles: Option<Vec<String>>,
    /// One list a level of the resource directory
    pub(crate) control_policies: Vec<Vec<LocatedText>>,
    pub(crate) pass_role_service: Option<String>,
    /// Keys of a requester's extra information whose values name their RAM user or role
    pub(crate) trusted_extra: Vec<String>,
    /// Condition keys that are known of every request, with their values
    pub(crate) context: Vec<(String, Vec<String>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    id: LocatedText,
    region: LocatedText,
    cluster_id: Option<LocatedText>,
    service_linked_roles: Option<Vec<LocatedText>>,
    #[serde(default)]
    control_policies: Vec<Node>,
    pass_role_service: Option<LocatedText>,
    #[serde(default)]
    trusted_extra: Vec<LocatedText>,
    context: Option<Node>,
}

/// Reads the section
///
/// # Errors
/// Every fault in it: of its shape, of names, of empty lists
pub(crate) fn read(node: &Node) -> Result<AccountSection, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = wire.name_faults();
    let control_policies = faults.handle_each(&wire.control_policies, control_policies);
    let section = AccountSection {
        at: node.at,
        id: wire.id.into(),
        region: wire.region.into(),
        cluster_id: wire.cluster_id.map(String::from),
        service_linked_roles: wire.service_linked_roles.map(strings),
        control_policies,
        pass_role_service: wire
            .pass_role_service
            .map(String::from)
            .filter(|service| !service.is_empty()),
        trusted_extra: strings(wire.trusted_extra),
        context: wire
            .context
            .and_then(|node| faults.handle(context(&node)))
            .unwrap_or_default(),
    };
    faults.finish(section)
}

impl Wire {
    fn name_faults(&self) -> Faults {
        let mut faults = Faults::default();
        faults.handle(name_rules::ACCOUNT.check(&self.id));
        faults.handle(name_rules::REGION.check(&self.region));
        if let Some(id) = &self.cluster_id {
            faults.handle(name_rules::CLUSTER.check(id));
        }
        for role in self.service_linked_roles.iter().flatten() {
            faults.handle(name_rules::ROLE.check(role));
        }
        for key in &self.trusted_extra {
            faults.handle(check_not_empty(key, "extra key"));
        }
        faults
    }
}

fn control_policies(level: &Node) -> Result<Vec<LocatedText>, Fault> {
    let policies: Vec<LocatedText> = level.read()?;
    if policies.is_empty() {
        let message = "a level without a control policy allows nothing: name FullAliyunAccess at least";
        return Err(Fault::new(level.at, message));
    }
    Ok(policies)
}

fn context(node: &Node) -> Result<Vec<(String, Vec<String>)>, Faults> {
    let Value::Map(entries) = &node.value else {
        let message = format!("expected condition keys as an object, found {}", node.kind());
        return Err(Fault::new(node.at, message).into());
    };
    let mut faults = Faults::default();
    let mut pairs = Vec::new();
    for (key, node) in entries {
        if key.text.is_empty() {
            faults.push(Fault::new(key.at, "an empty condition key is not accepted"));
        }
        let Some(values) = faults.handle(condition_values(node)) else {
            continue;
        };
        if values.is_empty() {
            let message = format!("`{}` has no value: leave the key out", shortened(&key.text));
            faults.push(Fault::new(node.at, message));
        }
        pairs.push((key.text.clone(), strings(values)));
    }
    faults.finish(pairs)
}

/// The values of a condition key, of which a single one needs no list
fn condition_values(node: &Node) -> Result<Vec<LocatedText>, Fault> {
    match node.value {
        Value::List(_) => node.read(),
        _ => Ok(vec![node.read()?]),
    }
}

impl AccountSection {
    /// The account for the ECI layer
    pub(crate) fn to_account(&self, resource_groups: Vec<ResourceGroup>) -> Account {
        Account {
            region: self.region.clone(),
            service_linked_roles: self
                .service_linked_roles
                .as_ref()
                .map(|roles| roles.iter().cloned().collect()),
            pass_role_service: self.pass_role_service.clone(),
            resource_groups,
            context: self.context.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn a_full_section_is_read() {
        let text = r#"{id: "123", region: cn-hangzhou, clusterId: c0ffee, serviceLinkedRoles: [AliyunServiceRoleForECI],
            controlPolicies: [[FullAliyunAccess], [A, B]], passRoleService: "", trustedExtra: [canonicalArn],
            context: {acs:SecureTransport: "true", acs:SourceIp: [192.0.2.1, 192.0.2.2]}}"#;
        let section = parsed(text, read).unwrap();
        assert_eq!(
            (section.id.as_str(), section.cluster_id.as_deref()),
            ("123", Some("c0ffee"))
        );
        assert_eq!(section.pass_role_service, None);
        assert_eq!(section.trusted_extra, ["canonicalArn"]);
        assert_eq!(section.control_policies[1].len(), 2);
        assert_eq!(
            section.context[0],
            ("acs:SecureTransport".into(), vec!["true".into()])
        );
        assert_eq!(section.context[1].1.len(), 2);
    }

    #[test]
    fn an_empty_list_of_service_linked_roles_differs_from_none() {
        let none = parsed("{id: '1', region: r, serviceLinkedRoles: []}", read).unwrap();
        assert_eq!(none.service_linked_roles, Some(Vec::new()));
        assert_eq!(
            parsed("{id: '1', region: r}", read).unwrap().service_linked_roles,
            None
        );
    }

    #[test]
    fn every_fault_is_found() {
        let faults = parsed(
            "{id: 12a, region: CN, clusterId: '', trustedExtra: [''], controlPolicies: [[], a], context: {'': x, a: [], b: 1}}",
            read,
        )
        .unwrap_err();
        for expected in [
            "1:6: `12a` is no account id",
            "`CN` is no region",
            "`` is no cluster id",
            "an empty extra key is not accepted",
            "allows nothing: name FullAliyunAccess",
            "expected a list, found `a`",
            "an empty condition key",
            "`a` has no value",
            "put it in quotes",
        ] {
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
        assert!(
            parsed("{id: 123, region: r}", read)
                .unwrap_err()
                .contains("put it in quotes")
        );
        assert!(
            parsed("{region: r}", read)
                .unwrap_err()
                .contains("missing field `id`")
        );
        assert!(parsed("[]", read).unwrap_err().contains("1:1: "));
    }
}
