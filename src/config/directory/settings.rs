//! The `account` and `cluster` sections.

use serde::Deserialize;

use crate::config::directory::carrier::{Carrier, Injector};
use crate::config::directory::name::shortened;
use crate::config::directory::selector::Selector;
use crate::config::directory::text::Text;
use crate::config::directory::{carrier, name, selector};
use ram_policy::source::{Fault, Node, Position, Value};

/// How many tags the custom tags annotation may carry on a pod, by its documentation
const MAX_CUSTOM_TAGS: usize = 3;
/// How many tags the ECI API takes; the setting may not go beyond it
const MAX_API_TAGS: usize = 20;

/// The `account` section as one document wrote it
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountSection {
    pub(crate) at: Position,
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) cluster_id: Option<String>,
    pub(crate) service_linked_roles: Option<Vec<String>>,
    pub(crate) control_policies: Vec<Vec<Text>>,
    pub(crate) pass_role_service: Option<String>,
    pub(crate) context: Vec<(String, Vec<String>)>,
}

/// What the gate must know about the cluster: the `cluster` section
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Every pod of the cluster is ECI's
    pub serverless: bool,
    /// Which nodes are virtual
    pub virtual_nodes: Vec<Selector>,
    /// Which nodes look virtual but belong to ACS
    pub acs_nodes: Vec<Selector>,
    /// Namespaces whose pods may all reach ECI
    pub burst_namespaces: Vec<Selector>,
    /// RuntimeClasses whose scheduling leads to virtual nodes
    pub runtime_classes: Vec<String>,
    /// How many custom tags a pod may carry after mapping
    pub max_custom_tags: usize,
    /// Whether `kube-system/eci-profile` is read
    pub eci_profile: bool,
    /// What becomes of changes to it by those who could not make such pods themselves
    pub eci_profile_changes: ProfileChanges,
    /// Whether who scales a workload up is asked about
    pub judge_scale: bool,
    /// Controllers, beside the built-in ones, whose pods carry their template's stamp
    pub carriers: Vec<Carrier>,
    /// Users who may edit templates without becoming the requester
    pub keepers: Vec<String>,
    /// Users added to the built-in control-plane identities
    pub control_plane: Vec<String>,
    /// What other webhooks put into pods after their template was stamped
    pub injectors: Vec<Injector>,
}

/// What becomes of a change of the eci-profile that its author has no right to
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileChanges {
    /// It is recorded
    #[default]
    Record,
    /// It is denied
    Refuse,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self {
            serverless: false,
            virtual_nodes: vec![
                Selector::label("type", "virtual-kubelet"),
                Selector::label("k8s.aliyun.com/vnode", "true"),
            ],
            acs_nodes: Vec::new(),
            burst_namespaces: Vec::new(),
            runtime_classes: Vec::new(),
            max_custom_tags: MAX_CUSTOM_TAGS,
            eci_profile: true,
            eci_profile_changes: ProfileChanges::Record,
            judge_scale: false,
            carriers: Vec::new(),
            keepers: Vec::new(),
            control_plane: Vec::new(),
            injectors: Vec::new(),
        }
    }
}

impl ClusterSettings {
    /// Paths of the fields that may change in an object of a listed kind without a change of its pods: those that each of its
    /// carriers names
    pub fn harmless(&self, group: &str, resource: &str) -> Vec<&str> {
        let mut carriers = self
            .carriers
            .iter()
            .filter(|carrier| carrier.group == group && carrier.resource == resource);
        let first = carriers.next().into_iter();
        let others: Vec<_> = carriers.collect();
        first
            .flat_map(|carrier| &carrier.harmless)
            .filter(|path| others.iter().all(|other| other.harmless.contains(path)))
            .map(String::as_str)
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountWire {
    id: Text,
    region: Text,
    cluster_id: Option<Text>,
    service_linked_roles: Option<Vec<Text>>,
    #[serde(default)]
    control_policies: Vec<Node>,
    pass_role_service: Option<Text>,
    context: Option<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ClusterWire {
    #[serde(default)]
    serverless: bool,
    virtual_nodes: Option<Node>,
    acs_nodes: Option<Node>,
    burst_namespaces: Option<Node>,
    #[serde(default)]
    runtime_classes: Vec<Text>,
    max_custom_tags: Option<Node>,
    eci_profile: Option<bool>,
    #[serde(default)]
    eci_profile_changes: ProfileChanges,
    #[serde(default)]
    judge_scale: bool,
    #[serde(default)]
    carriers: Vec<Node>,
    #[serde(default)]
    keepers: Vec<Text>,
    #[serde(default)]
    control_plane: Vec<Text>,
    #[serde(default)]
    injectors: Vec<Node>,
}

/// Reads the `account` section
pub(crate) fn account(node: &Node, faults: &mut Vec<Fault>) -> Option<AccountSection> {
    let wire: AccountWire = read(node, faults)?;
    name::ACCOUNT.check(&wire.id, faults);
    name::REGION.check(&wire.region, faults);
    wire.cluster_id
        .iter()
        .for_each(|id| name::CLUSTER.check(id, faults));
    wire.service_linked_roles
        .iter()
        .flatten()
        .for_each(|role| name::ROLE.check(role, faults));
    Some(AccountSection {
        at: node.at,
        id: wire.id.as_str().to_owned(),
        region: wire.region.as_str().to_owned(),
        cluster_id: wire.cluster_id.map(owned),
        service_linked_roles: wire
            .service_linked_roles
            .map(|roles| roles.into_iter().map(owned).collect()),
        control_policies: wire
            .control_policies
            .iter()
            .filter_map(|level| control_level(level, faults))
            .collect(),
        pass_role_service: wire
            .pass_role_service
            .map(owned)
            .filter(|service| !service.is_empty()),
        context: wire.context.map_or_else(Vec::new, |node| context(&node, faults)),
    })
}

/// Reads the `cluster` section
pub(crate) fn cluster(node: &Node, faults: &mut Vec<Fault>) -> Option<ClusterSettings> {
    let wire: ClusterWire = read(node, faults)?;
    let defaults = ClusterSettings::default();
    let max_custom_tags = match &wire.max_custom_tags {
        Some(number) => most_tags(number, faults)?,
        None => defaults.max_custom_tags,
    };
    if let Some(Node {
        at,
        value: Value::List(items),
    }) = &wire.virtual_nodes
        && items.is_empty()
    {
        faults.push(Fault::new(
            *at,
            "without a selector no node would be virtual: leave the key out for the default",
        ));
    }
    wire.runtime_classes
        .iter()
        .for_each(|class| check_filled(class, "RuntimeClass", faults));
    wire.keepers
        .iter()
        .chain(&wire.control_plane)
        .for_each(|user| check_filled(user, "user name", faults));
    Some(ClusterSettings {
        serverless: wire.serverless,
        virtual_nodes: wire
            .virtual_nodes
            .map_or(defaults.virtual_nodes, |list| selectors(&list, faults)),
        acs_nodes: wire
            .acs_nodes
            .map_or(defaults.acs_nodes, |list| selectors(&list, faults)),
        burst_namespaces: wire
            .burst_namespaces
            .map_or(defaults.burst_namespaces, |list| selectors(&list, faults)),
        runtime_classes: wire.runtime_classes.into_iter().map(owned).collect(),
        max_custom_tags,
        eci_profile: wire.eci_profile.unwrap_or(defaults.eci_profile),
        eci_profile_changes: wire.eci_profile_changes,
        judge_scale: wire.judge_scale,
        carriers: wire
            .carriers
            .iter()
            .filter_map(|node| carrier::carrier(node, faults))
            .collect(),
        injectors: wire
            .injectors
            .iter()
            .filter_map(|node| carrier::injector(node, faults))
            .collect(),
        keepers: wire.keepers.into_iter().map(owned).collect(),
        control_plane: wire.control_plane.into_iter().map(owned).collect(),
    })
}

pub(crate) fn read<'de, T: Deserialize<'de>>(node: &'de Node, faults: &mut Vec<Fault>) -> Option<T> {
    node.read().map_err(|fault| faults.push(fault)).ok()
}

pub(crate) fn owned(text: Text) -> String {
    text.as_str().to_owned()
}

pub(crate) fn check_filled(text: &Text, what: &str, faults: &mut Vec<Fault>) {
    if text.is_empty() {
        faults.push(text.fault(format!("an empty {what} is not accepted")));
    }
}

fn control_level(node: &Node, faults: &mut Vec<Fault>) -> Option<Vec<Text>> {
    let policies: Vec<Text> = read(node, faults)?;
    if policies.is_empty() {
        faults.push(Fault::new(
            node.at,
            "a level without a control policy allows nothing: name FullAliyunAccess at least",
        ));
    }
    Some(policies)
}

fn context(node: &Node, faults: &mut Vec<Fault>) -> Vec<(String, Vec<String>)> {
    let Value::Map(entries) = &node.value else {
        faults.push(Fault::new(
            node.at,
            format!("expected condition keys as an object, found {}", node.kind()),
        ));
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for (key, node) in entries {
        if key.text.is_empty() {
            faults.push(Fault::new(key.at, "an empty condition key is not accepted"));
        }
        let values = match node.value {
            Value::List(_) => read::<Vec<Text>>(node, faults),
            _ => read::<Text>(node, faults).map(|value| vec![value]),
        };
        let Some(values) = values else { continue };
        if values.is_empty() {
            faults.push(Fault::new(
                node.at,
                format!("`{}` has no value: leave the key out", shortened(&key.text)),
            ));
        }
        pairs.push((key.text.clone(), values.into_iter().map(owned).collect()));
    }
    pairs
}

fn most_tags(node: &Node, faults: &mut Vec<Fault>) -> Option<usize> {
    let number: usize = read(node, faults)?;
    if number > MAX_API_TAGS {
        faults.push(Fault::new(
            node.at,
            format!("{number} is more than the {MAX_API_TAGS} tags that ECI takes"),
        ));
    }
    Some(number)
}

fn selectors(list: &Node, faults: &mut Vec<Fault>) -> Vec<Selector> {
    let Value::List(items) = &list.value else {
        faults.push(Fault::new(
            list.at,
            format!("expected a list of label selectors, found {}", list.kind()),
        ));
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| selector::read(item, faults))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::yaml;

    /// A section of a text, or what is wrong with it
    pub(crate) fn checked<T>(
        text: &str,
        read: impl Fn(&Node, &mut Vec<Fault>) -> Option<T>,
    ) -> Result<T, String> {
        let mut faults = Vec::new();
        let section = read(&yaml::parse(text).unwrap()[0], &mut faults);
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        section.filter(|_| told.is_empty()).ok_or(told.join("\n"))
    }

    #[test]
    fn a_whole_account_is_read() {
        let text = r#"{id: "123", region: cn-hangzhou, clusterId: c0ffee, serviceLinkedRoles: [AliyunServiceRoleForECI],
            controlPolicies: [[FullAliyunAccess], [A, B]], passRoleService: "",
            context: {acs:SecureTransport: "true", acs:SourceIp: [192.0.2.1, 192.0.2.2]}}"#;
        let section = checked(text, account).unwrap();
        assert_eq!(
            (section.id.as_str(), section.cluster_id.as_deref()),
            ("123", Some("c0ffee"))
        );
        assert_eq!(section.pass_role_service, None);
        assert_eq!(section.control_policies[1].len(), 2);
        assert_eq!(
            section.context[0],
            ("acs:SecureTransport".into(), vec!["true".into()])
        );
        assert_eq!(section.context[1].1.len(), 2);
    }

    #[test]
    fn no_service_linked_role_is_not_the_same_as_not_known() {
        let none = checked("{id: '1', region: r, serviceLinkedRoles: []}", account).unwrap();
        assert_eq!(none.service_linked_roles, Some(Vec::new()));
        assert_eq!(
            checked("{id: '1', region: r}", account)
                .unwrap()
                .service_linked_roles,
            None
        );
    }

    #[test]
    fn account_faults_are_all_told() {
        let told = checked(
            "{id: 12a, region: CN, clusterId: '', controlPolicies: [[], a], context: {'': x, a: [], b: 1}}",
            account,
        )
        .unwrap_err();
        for wanted in [
            "1:6: `12a` is no account id",
            "`CN` is no region",
            "`` is no cluster id",
            "allows nothing: name FullAliyunAccess",
            "expected a list, found `a`",
            "an empty condition key",
            "`a` has no value",
            "put it in quotes",
        ] {
            assert!(told.contains(wanted), "{wanted} is not among\n{told}");
        }
        assert!(
            checked("{id: 123, region: r}", account)
                .unwrap_err()
                .contains("put it in quotes")
        );
        assert!(
            checked("{region: r}", account)
                .unwrap_err()
                .contains("missing field `id`")
        );
        assert!(checked("[]", account).unwrap_err().contains("1:1: "));
    }

    #[test]
    fn an_empty_cluster_section_is_the_default() {
        assert_eq!(checked("{}", cluster).unwrap(), ClusterSettings::default());
    }

    #[test]
    fn a_whole_cluster_section_is_read() {
        let text = r#"
serverless: true
virtualNodes: [{matchLabels: {type: vk}}]
acsNodes: [{matchExpressions: [{key: acs, operator: Exists}]}]
burstNamespaces: [{matchLabels: {burst: "yes"}}]
maxCustomTags: 20
eciProfile: false
carriers:
- {user: "system:serviceaccount:kruise-system:kruise-manager", group: apps.kruise.io, kind: CloneSet, resource: clonesets,
   templates: [spec.template]}
keepers: ["system:serviceaccount:tools:reloader"]
runtimeClasses: [eci]
controlPlane: ["system:serviceaccount:kube-system:my-janitor"]
"#;
        let settings = checked(text, cluster).unwrap();
        assert!(settings.serverless && !settings.eci_profile);
        assert_eq!(settings.virtual_nodes, [Selector::label("type", "vk")]);
        assert_eq!(
            (
                settings.max_custom_tags,
                settings.acs_nodes.len(),
                settings.burst_namespaces.len()
            ),
            (20, 1, 1)
        );
        assert_eq!(settings.carriers[0].templates, ["spec.template"]);
        assert_eq!(settings.keepers, ["system:serviceaccount:tools:reloader"]);
        assert_eq!(settings.runtime_classes, ["eci"]);
        assert_eq!(settings.control_plane.len(), 1);
    }

    #[test]
    fn cluster_faults_are_all_told() {
        let text = "
virtualNodes: []
acsNodes: [{}]
burstNamespaces: {matchLabels: {a: b}}
carriers:
- {user: '', group: '', kind: K, resource: ks, templates: []}
- {user: u, group: '', kind: K, resource: ks, templates: [spec..template]}
- {user: u, kind: K}
keepers: ['']
";
        let told = checked(text, cluster).unwrap_err();
        for wanted in [
            "2:15: without a selector no node would be virtual",
            "3:12: an empty selector",
            "4:18: expected a list of label selectors, found an object",
            "6:10: an empty user name",
            "6:3: a carrier names at least one path",
            "7:59: `spec..template` is not a path",
            "8:3: missing field `group`",
            "9:11: an empty user name",
        ] {
            assert!(told.contains(wanted), "{wanted} is not among\n{told}");
        }
        assert!(
            checked("maxCustomTags: 21", cluster)
                .unwrap_err()
                .contains("1:16: 21 is more than the 20")
        );
        assert!(checked("maxCustomTags: -1", cluster).is_err());
        assert!(
            checked("serverles: true", cluster)
                .unwrap_err()
                .contains("unknown field `serverles`")
        );
    }
}
