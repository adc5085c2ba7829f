//! The section `cluster`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::directory::delegated_controller::{self, DelegatedController};
use crate::config::directory::faults::Faults;
use crate::config::directory::injector::{self, Injector};
use crate::config::directory::label_selector::{self, LabelSelector};
use crate::config::directory::located_text::{LocatedText, strings};
use crate::config::directory::name_rules::check_not_empty;
use crate::config::directory::spawner::{self, Spawner};
use crate::config::directory::virtual_node_marks::{TAINTS, read_resources, read_taints};
use crate::kubernetes::template_place::TemplatePlace;
use ram_policy::source::{Fault, Node, Value};

/// The most tags that the custom tags annotation of a pod takes, by its documentation
const MAX_CUSTOM_TAGS: usize = 3;
/// The most tags that the ECI API takes; the setting may not go beyond it
const MAX_API_TAGS: usize = 20;

/// The `cluster` section: which pods go to ECI, and which users and controllers are trusted
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Whether every pod of the cluster runs on ECI
    pub serverless: bool,
    /// Selectors of the virtual nodes
    pub virtual_nodes: Vec<LabelSelector>,
    /// Keys of the taints that keep other pods off virtual nodes
    pub virtual_node_taints: Vec<String>,
    /// Extended resources that only virtual nodes offer
    pub virtual_node_resources: Vec<String>,
    /// Selectors of nodes that look virtual but belong to ACS
    pub acs_nodes: Vec<LabelSelector>,
    /// Selectors of the namespaces whose pods may all reach ECI
    pub burst_namespaces: Vec<LabelSelector>,
    /// RuntimeClasses that schedule pods to virtual nodes
    pub runtime_classes: Vec<String>,
    /// The most custom tags that a pod may have after mapping
    pub max_custom_tags: usize,
    /// Whether `kube-system/eci-profile` is read
    pub eci_profile: bool,
    /// How a change of it is answered whose author could not create such pods
    pub eci_profile_changes: ProfileChanges,
    /// Whether a user who scales a workload up must be allowed its pods
    pub judge_scale: bool,
    /// Controllers, beside the built-in ones, whose pods carry the stamp of their template
    pub carriers: Vec<DelegatedController>,
    /// Trusted editors: users who may edit templates without becoming the requester
    pub keepers: Vec<String>,
    /// Control-plane users beside the built-in ones
    pub control_plane: Vec<String>,
    /// Changes that other webhooks make to pods after their template was stamped
    pub injectors: Vec<Injector>,
    /// Service accounts whose pods make pods for the person who asked for them
    pub spawners: Vec<Spawner>,
}

/// The answer to a change of the eci-profile that its author has no right to
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
                LabelSelector::label("type", "virtual-kubelet"),
                LabelSelector::label("k8s.aliyun.com/vnode", "true"),
            ],
            virtual_node_taints: TAINTS.map(str::to_owned).to_vec(),
            virtual_node_resources: Vec::new(),
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
            spawners: Vec::new(),
        }
    }
}

impl ClusterSettings {
    /// Whether a service account of a namespace with these labels is listed under `spawners`
    pub(crate) fn is_spawner(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
        account: &str,
    ) -> bool {
        let mut spawners = self.spawners.iter();
        spawners.any(|spawner| spawner.service_account == account && spawner.is_in(namespace, labels))
    }

    /// The places of pod metadata in the objects of a listed resource, each once
    pub(crate) fn places(&self, group: &str, resource: &str) -> Vec<TemplatePlace> {
        let listed = self.carriers.iter();
        let mut places: Vec<TemplatePlace> = listed
            .filter(|carrier| carrier.group == group && carrier.resource == resource)
            .flat_map(|carrier| carrier.templates.iter().cloned())
            .collect();
        places.sort_by(|one, other| one.path.cmp(&other.path));
        places.dedup_by(|one, other| one.path == other.path);
        places
    }

    /// Fields of the status by which the controllers of a resource go; none if one of these controllers asks, as it writes them
    pub(crate) fn stored(&self, group: &str, resource: &str, user: &str) -> Vec<&str> {
        let of_kind = |carrier: &&DelegatedController| carrier.group == group && carrier.resource == resource;
        let carriers: Vec<_> = self.carriers.iter().filter(of_kind).collect();
        if carriers.iter().any(|carrier| carrier.user == user) {
            return Vec::new();
        }
        let fields = carriers.iter().flat_map(|carrier| &carrier.stored);
        fields.map(String::as_str).collect()
    }

    /// Paths of the fields of a resource whose change does not change its pods: those that all of its controllers list
    pub(crate) fn harmless(&self, group: &str, resource: &str) -> Vec<&str> {
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
struct Wire {
    #[serde(default)]
    serverless: bool,
    virtual_nodes: Option<Node>,
    virtual_node_taints: Option<Node>,
    virtual_node_resources: Option<Node>,
    acs_nodes: Option<Node>,
    burst_namespaces: Option<Node>,
    #[serde(default)]
    runtime_classes: Vec<LocatedText>,
    max_custom_tags: Option<Node>,
    eci_profile: Option<bool>,
    #[serde(default)]
    eci_profile_changes: ProfileChanges,
    #[serde(default)]
    judge_scale: bool,
    #[serde(default)]
    carriers: Vec<Node>,
    #[serde(default)]
    keepers: Vec<LocatedText>,
    #[serde(default)]
    control_plane: Vec<LocatedText>,
    #[serde(default)]
    injectors: Vec<Node>,
    #[serde(default)]
    spawners: Vec<Node>,
}

/// Reads the section
///
/// # Errors
/// Every fault in it: of its shape, of selectors, controllers, injectors and spawners, and of empty names
pub(crate) fn read(node: &Node) -> Result<ClusterSettings, Faults> {
    let wire: Wire = node.read()?;
    let defaults = ClusterSettings::default();
    let max_custom_tags = match &wire.max_custom_tags {
        Some(number) => number.read()?,
        None => defaults.max_custom_tags,
    };
    let mut faults = wire.faults(max_custom_tags);
    let mut selectors = |list: Option<Node>, default| match list {
        Some(list) => faults
            .handle(label_selector::read_list(&list))
            .unwrap_or_default(),
        None => default,
    };
    let virtual_nodes = selectors(wire.virtual_nodes, defaults.virtual_nodes);
    let acs_nodes = selectors(wire.acs_nodes, defaults.acs_nodes);
    let burst_namespaces = selectors(wire.burst_namespaces, defaults.burst_namespaces);
    let mut names = |list: Option<Node>, read: fn(&Node) -> Result<Vec<String>, Faults>, default| match list {
        Some(list) => faults.handle(read(&list)).unwrap_or_default(),
        None => default,
    };
    let virtual_node_taints = names(
        wire.virtual_node_taints,
        read_taints,
        defaults.virtual_node_taints,
    );
    let virtual_node_resources = names(wire.virtual_node_resources, read_resources, Vec::new());
    let carriers = faults.handle_each(&wire.carriers, delegated_controller::read_entry);
    let injectors = faults.handle_each(&wire.injectors, injector::read);
    let spawners = faults.handle_each(&wire.spawners, spawner::read);
    faults.finish(ClusterSettings {
        serverless: wire.serverless,
        virtual_nodes,
        virtual_node_taints,
        virtual_node_resources,
        acs_nodes,
        burst_namespaces,
        runtime_classes: strings(wire.runtime_classes),
        max_custom_tags,
        eci_profile: wire.eci_profile.unwrap_or(defaults.eci_profile),
        eci_profile_changes: wire.eci_profile_changes,
        judge_scale: wire.judge_scale,
        carriers: carriers.into_iter().flatten().collect(),
        keepers: strings(wire.keepers),
        control_plane: strings(wire.control_plane),
        injectors,
        spawners,
    })
}

impl Wire {
    fn faults(&self, max_custom_tags: usize) -> Faults {
        let mut faults = Faults::default();
        if let Some(node) = &self.max_custom_tags
            && max_custom_tags > MAX_API_TAGS
        {
            let message = format!("{max_custom_tags} is more than the {MAX_API_TAGS} tags that ECI takes");
            faults.push(Fault::new(node.at, message));
        }
        if let Some(Node {
            at,
            value: Value::List(items),
        }) = &self.virtual_nodes
            && items.is_empty()
        {
            let message = "without a selector no node would be virtual: leave the key out for the default";
            faults.push(Fault::new(*at, message));
        }
        for class in &self.runtime_classes {
            faults.handle(check_not_empty(class, "RuntimeClass"));
        }
        for user in self.keepers.iter().chain(&self.control_plane) {
            faults.handle(check_not_empty(user, "user name"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn an_empty_section_has_the_defaults() {
        assert_eq!(parsed("{}", read).unwrap(), ClusterSettings::default());
    }

    #[test]
    fn a_full_section_is_read() {
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
virtualNodeTaints: [example.com/vk]
virtualNodeResources: [example.com/slots]
spawners: [{namespace: data, serviceAccount: spark}]
controlPlane: ["system:serviceaccount:kube-system:my-janitor"]
"#;
        let settings = parsed(text, read).unwrap();
        assert!(settings.serverless && !settings.eci_profile);
        assert_eq!(settings.virtual_nodes, [LabelSelector::label("type", "vk")]);
        assert_eq!(
            (
                settings.max_custom_tags,
                settings.acs_nodes.len(),
                settings.burst_namespaces.len()
            ),
            (20, 1, 1)
        );
        assert_eq!(settings.carriers[0].templates[0].path, "spec.template");
        assert_eq!(settings.keepers, ["system:serviceaccount:tools:reloader"]);
        assert_eq!(settings.runtime_classes, ["eci"]);
        assert_eq!(settings.virtual_node_taints, ["example.com/vk"]);
        assert_eq!(settings.virtual_node_resources, ["example.com/slots"]);
        assert_eq!(settings.control_plane.len(), 1);
        assert_eq!(settings.spawners[0].service_account, "spark");
    }

    #[test]
    fn every_fault_is_found() {
        let text = "
virtualNodes: []
acsNodes: [{}]
burstNamespaces: {matchLabels: {a: b}}
carriers:
- {user: '', group: '', kind: K, resource: ks, templates: []}
- {user: u, group: '', kind: K, resource: ks, templates: [spec..template]}
- {user: u, kind: K}
keepers: ['']
spawners: [{serviceAccount: spark}]
";
        let faults = parsed(text, read).unwrap_err();
        for expected in [
            "2:15: without a selector no node would be virtual",
            "3:12: an empty selector",
            "4:18: expected a list of label selectors, found an object",
            "6:10: an empty user name",
            "6:3: a carrier names at least one path",
            "7:59: `spec..template` is not a path",
            "8:3: missing field `group`",
            "9:11: an empty user name",
            "10:12: a spawner names either",
        ] {
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
        assert!(
            parsed("maxCustomTags: 21", read)
                .unwrap_err()
                .contains("1:16: 21 is more than the 20")
        );
        assert!(parsed("maxCustomTags: -1", read).is_err());
        assert!(
            parsed("serverles: true", read)
                .unwrap_err()
                .contains("unknown field `serverles`")
        );
    }
}
