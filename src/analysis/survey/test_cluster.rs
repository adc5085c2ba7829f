//! A small cluster for tests: its configuration, namespaces, nodes and workloads.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use serde_json::{Value, json};

use crate::admission::offline;
use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::webhooks::Webhooks;
use crate::analysis::survey::{
    AssumedOwner, AssumedOwners, Reapplication, SurveyedCluster, WorkloadEvaluator, WorkloadKind,
};
use crate::config::{Configuration, NamedDocument, ParsedDocument, load};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::stamp::{KEY_BYTES, KeyRing, Signer};

/// A user who may create instances tagged `env:test`
pub(crate) const ALICE: &str = "alice@example.com";
/// A user who is bound to a RAM user without rights
pub(crate) const CAROL: &str = "carol@example.com";
/// A user who is bound to no principal
pub(crate) const MALLORY: &str = "mallory@example.com";

pub(crate) struct TestCluster {
    pub(crate) configuration: Configuration,
    pub(crate) cluster: SurveyedCluster,
    pub(crate) owners: AssumedOwners,
}

/// A signer with keys of these ids
pub(crate) fn signer(ids: &[&str]) -> Signer {
    let keys = ids.iter().map(|id| {
        let secret: Vec<u8> = id.bytes().cycle().take(KEY_BYTES).collect();
        ((*id).to_owned(), secret)
    });
    Signer::new(KeyRing::new(keys).unwrap(), "cluster-uid")
}

pub(crate) fn now() -> Timestamp {
    "2026-05-04T10:00:00Z".parse().unwrap()
}

impl TestCluster {
    /// A cluster whose directory ends with these YAML sections
    pub(crate) fn new(cluster: &str) -> Self {
        let directory = format!(
            "account: {{id: '123', region: cn-hangzhou}}
users:
  - {{name: alice, policies: [{{policy: Test}}]}}
  - {{name: carol}}
bindings:
  - {{principal: user/alice, subjects: [{{kind: User, name: alice@example.com}}]}}
  - {{principal: user/carol, subjects: [{{kind: User, name: carol@example.com}}]}}
{cluster}"
        );
        let policy = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:Create*", "Resource": "*",
            "Condition": {"StringEquals": {"acs:RequestTag/env": "test"}}}]}"#;
        let documents = [
            NamedDocument::new("directory", ParsedDocument::directory(directory.as_bytes())),
            NamedDocument::new("Test.json", ParsedDocument::policy("Test", policy.as_bytes())),
        ];
        let configuration = load(&documents).unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut cluster = SurveyedCluster {
            release: "ramgate-system".to_owned(),
            ..SurveyedCluster::default()
        };
        cluster.snapshot.signer = Some(Arc::new(signer(&["k1", "k2"])));
        for name in ["kube-system", "ramgate-system", "shop", "bank"] {
            cluster
                .snapshot
                .namespaces
                .insert(name.to_owned(), Arc::new(meta(name, &[])));
        }
        let virtual_node = Meta {
            labels: [("type".to_owned(), "virtual-kubelet".to_owned())].into(),
            ..Meta::default()
        };
        let nodes = [("vk", virtual_node), ("real", Meta::default())];
        cluster.snapshot.nodes = nodes.map(|(name, meta)| (name.to_owned(), Arc::new(meta))).into();
        Self {
            configuration,
            cluster,
            owners: AssumedOwners::default(),
        }
    }

    pub(crate) fn evaluator(&self) -> WorkloadEvaluator<'_> {
        let owners = self.owners.clone();
        let reapplication = Reapplication::new(&self.configuration, &self.cluster, owners);
        WorkloadEvaluator {
            configuration: &self.configuration,
            cluster: &self.cluster,
            // A test may change configuration and cluster until here
            reapplication: Box::leak(Box::new(reapplication)),
            now: now(),
        }
    }

    /// The cluster in which the caller takes this user for the owner of every workload
    pub(crate) fn owned_by(mut self, user: &str) -> Self {
        self.owners.everywhere = Some(AssumedOwner {
            user: user.to_owned(),
            groups: Vec::new(),
        });
        self
    }

    /// The cluster before ramgate is installed
    pub(crate) fn before_installation(mut self) -> Self {
        self.cluster.snapshot.signer = None;
        self.cluster.webhooks = None;
        self
    }

    /// The object after a user created it
    pub(crate) fn made_by(&self, user: &str, object: &Value) -> Value {
        self.made_with(signer(&["k1", "k2"]), user, object)
    }

    pub(crate) fn made_with(&self, signer: Signer, user: &str, object: &Value) -> Value {
        let objects = ClusterSnapshot::new(&[], &self.configuration.cluster)
            .unwrap()
            .signed_by(signer);
        offline::stamped(object, (user, &[], None), &self.configuration, &objects, now()).unwrap()
    }

    pub(crate) fn evaluate(&self, kind: &WorkloadKind, object: &Value) -> Vec<EvaluatedWorkload> {
        self.evaluator().evaluate(kind, object)
    }

    /// The inventory of these objects
    pub(crate) fn inventory(&self, objects: &[Value]) -> Inventory {
        let (mut inventory, evaluator) = (Inventory::default(), self.evaluator());
        for kind in WorkloadKind::all(&self.configuration.cluster) {
            let own = objects.iter().filter(|object| object["kind"] == kind.name());
            own.for_each(|object| inventory.add_object(&evaluator, &kind, object));
        }
        inventory
    }
}

/// The labels of a namespace, with the one that the API server adds
pub(crate) fn meta(name: &str, labels: &[(&str, &str)]) -> Meta {
    let own = [("kubernetes.io/metadata.name", name)];
    let labels = labels.iter().chain(&own);
    Meta {
        labels: labels
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..Meta::default()
    }
}

/// The pod template of a workload that goes to ECI for certain
pub(crate) fn template(tags: &str) -> Value {
    json!({
        "metadata": {
            "labels": {"alibabacloud.com/eci": "true"},
            "annotations": {"k8s.aliyun.com/eci-custom-tags": tags},
        },
        "spec": {"containers": [{"name": "main", "image": "app:1"}]},
    })
}

/// A workload of one of the kinds, in namespace shop
pub(crate) fn workload(kind: &str, name: &str, template: Value) -> Value {
    let api = match kind {
        "Job" | "CronJob" => "batch/v1",
        "ReplicationController" => "v1",
        "CloneSet" => "apps.example.com/v1",
        _ => "apps/v1",
    };
    let spec = match kind {
        "CronJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
        _ => json!({"replicas": 1, "template": template}),
    };
    json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

/// A bare pod in namespace shop that goes to ECI for certain
pub(crate) fn pod(name: &str, tags: &str) -> Value {
    let mut pod = template(tags);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = name.into();
    pod["metadata"]["namespace"] = "shop".into();
    pod
}

/// The object with a controller
pub(crate) fn owned(mut object: Value, api: &str, kind: &str, name: &str) -> Value {
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": api, "kind": kind, "name": name, "uid": "u", "controller": true}]);
    object
}

/// The webhook configurations of the chart with its default values, each object changed by `change`
pub(crate) fn webhooks(change: impl Fn(&mut Value)) -> Webhooks {
    let text = include_str!("../../../deploy/manifests/ramgate.yaml");
    let documents = crate::yaml::parse(text).unwrap();
    let mut objects: Vec<Value> = documents.iter().map(|document| document.to_json()).collect();
    for object in &mut objects {
        for entry in object["webhooks"].as_array_mut().into_iter().flatten() {
            entry["clientConfig"]["caBundle"] = "Y2E=".into();
        }
        change(object);
    }
    let find = |kind: &str| {
        let found = objects.iter().find(|object| object["kind"] == kind);
        found.unwrap().clone()
    };
    let mutating: MutatingWebhookConfiguration =
        serde_json::from_value(find("MutatingWebhookConfiguration")).unwrap();
    let validating: ValidatingWebhookConfiguration =
        serde_json::from_value(find("ValidatingWebhookConfiguration")).unwrap();
    Webhooks::new(mutating, validating)
}
