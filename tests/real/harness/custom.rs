//! Kinds that are not Kubernetes' own: the image caches of ECI, and workloads of operators.

use serde_json::Value;
use serde_json::json;

/// Their definitions
pub(crate) fn definitions() -> [Value; 3] {
    [
        definition("eci.alibabacloud.com", "ImageCache", "imagecaches", "Cluster"),
        definition("apps.example.com", "CloneSet", "clonesets", "Namespaced"),
        definition(
            "sparkoperator.k8s.io",
            "SparkApplication",
            "sparkapplications",
            "Namespaced",
        ),
    ]
}

/// An image cache with annotations
pub(crate) fn image_cache(name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "eci.alibabacloud.com/v1",
        "kind": "ImageCache",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"images": ["registry.example.com/app:1"]},
    })
}

fn definition(group: &str, kind: &str, plural: &str, scope: &str) -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            // Groups that end in k8s.io are not stored without it.
            "annotations": {"api-approved.kubernetes.io": "unapproved, it is for tests"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}
