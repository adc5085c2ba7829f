//! The data of a revision that claims another controller than a StatefulSet or DaemonSet.
//!
//! Controllers find their revisions by the UID of the owner, and neither they nor Kubernetes check that claim. So a
//! StatefulSet may apply such a revision like any other. It passes only if no pod can get a stamp from it: it leaves the
//! template alone, replaces it by one without a stamp, or turns it into something that is no pod.

use serde_json::{Map, Value};

use crate::kubernetes::controller_revision::patch::{MAX_BYTES, PATCH, REPLACE};
use crate::kubernetes::controller_revision::path::Path;
use crate::kubernetes::controller_revision::problem::Problem;
use crate::kubernetes::controller_revision::tree;
use crate::kubernetes::controller_revision::typed::fold;
use crate::stamp::REQUESTED_BY;

/// The field beside the template that decides the volumes of pods, folded
const VOLUME_CLAIMS: &str = "volumeclaimtemplates";

/// The field that virtual machines of KubeVirt have, while pods have `containers`
const MACHINE: &str = "domain";

/// Fields that pods have and machines hardly ever have, folded; merged into a live template, they would change its pods
const POD_FIELDS: [&str; 31] = [
    "activedeadlineseconds",
    "automountserviceaccounttoken",
    "containers",
    "dnsconfig",
    "dnspolicy",
    "enableservicelinks",
    "ephemeralcontainers",
    "hostaliases",
    "hostipc",
    "hostnameoverride",
    "hostnetwork",
    "hostpid",
    "hostusers",
    "imagepullsecrets",
    "initcontainers",
    "nodename",
    "os",
    "overhead",
    "preemptionpolicy",
    "priority",
    "readinessgates",
    "resources",
    "restartpolicy",
    "runtimeclassname",
    "schedulinggates",
    "securitycontext",
    "serviceaccount",
    "serviceaccountname",
    "sethostnameasfqdn",
    "shareprocessnamespace",
    "workloadref",
];

/// Sources of a machine's volumes that pods do not have; merged into a pod's volume, they are unknown fields
const MACHINE_VOLUME_SOURCES: [&str; 8] = [
    "cloudInitConfigDrive",
    "cloudInitNoCloud",
    "containerDisk",
    "dataVolume",
    "downwardMetrics",
    "emptyDisk",
    "hostDisk",
    "memoryDump",
];

/// Checks that a StatefulSet could not create stamped pods from the revision of another controller
///
/// # Errors
///
/// The data is too large or not JSON, could be merged into a pod template, or replaces it by one with a stamp.
pub(crate) fn check(data: &str) -> Result<(), Problem> {
    if data.len() > MAX_BYTES {
        return Err(Problem::TooLarge(data.len()));
    }
    let root = Path::Root("data");
    let spec_path = Path::Field(&root, "spec");
    let Some(spec) = section(data, "spec", &root)? else {
        return Ok(());
    };
    let template = section(spec, "template", &spec_path)?;
    let claims = if is_object(spec) {
        let mut entries = tree::entries(spec, &spec_path)?.into_iter();
        entries.find(|(name, _)| fold(name) == VOLUME_CLAIMS)
    } else {
        None
    };
    let beside = |(found, _)| Problem::Beside {
        at: spec_path.to_string(),
        found,
        wanted: "template",
    };
    let Some(text) = template.filter(|text| is_object(text)) else {
        return claims.map_or(Ok(()), |claims| Err(beside(claims)));
    };
    let path = Path::Field(&spec_path, "template");
    let mut tree = tree::parse(text, &path)?;
    if has_stamp(&tree) {
        return Err(Problem::Stamped { at: path.to_string() });
    }
    let fields = tree
        .as_object_mut()
        .ok_or_else(|| Problem::not_object(&path, text))?;
    match fields.remove(PATCH) {
        Some(Value::String(found)) if found == REPLACE => Ok(()),
        None if is_machine(fields) => claims.map_or(Ok(()), |claims| Err(beside(claims))),
        found => Err(Problem::Patch(found.map(|value| value.to_string()))),
    }
}

/// The value of a field, which must occur once, in its exact spelling, and beside no directive
fn section<'a>(text: &'a str, wanted: &'static str, path: &Path<'_>) -> Result<Option<&'a str>, Problem> {
    let mut section = None;
    if !is_object(text) {
        return Ok(None);
    }
    for (found, value) in tree::entries(text, path)? {
        if found.starts_with('$') {
            let at = path.to_string();
            return Err(Problem::Directive { at, found });
        }
        if fold(&found) != wanted {
            continue;
        }
        if found != wanted {
            return Err(Problem::Unknown {
                at: path.to_string(),
                found,
                wanted: Some(wanted),
            });
        }
        if section.replace(value.get()).is_some() {
            return Err(Problem::twice(path, wanted));
        }
    }
    Ok(section)
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Whether any field is named like the stamp's annotation
fn has_stamp(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name == REQUESTED_BY || has_stamp(value)),
        Value::Array(items) => items.iter().any(has_stamp),
        _ => false,
    }
}

/// Whether it is the template of a virtual machine, which has only scheduling fields in common with pods
fn is_machine(template: &Map<String, Value>) -> bool {
    let is_known = |name: &String| matches!(name.as_str(), "metadata" | "spec");
    let spec = template.get("spec").and_then(Value::as_object);
    template.keys().all(is_known)
        && spec.is_some_and(|spec| {
            let is_pods = |name: &String| POD_FIELDS.contains(&fold(name).as_str());
            spec.contains_key(MACHINE) && !spec.keys().any(is_pods) && has_only_machine_volumes(spec)
        })
}

/// Whether all volumes have sources that pods do not have
fn has_only_machine_volumes(spec: &Map<String, Value>) -> bool {
    let is_known = |name: &String| name == "name" || MACHINE_VOLUME_SOURCES.contains(&name.as_str());
    let is_machines = |volume: &Value| {
        volume
            .as_object()
            .is_some_and(|volume| volume.keys().all(is_known))
    };
    let mut volumes = spec.iter().filter(|(name, _)| fold(name) == "volumes");
    volumes.all(|(name, list)| {
        name == "volumes" && list.as_array().is_some_and(|list| list.iter().all(is_machines))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_of_other_operators_pass() {
        for data in [
            "null",
            "[1]",
            "\"text\"",
            "{}",
            r#"{"spec":null}"#,
            r#"{"a":{"containers":[]}}"#,
            r#"{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"a"},"spec":{"cpu":{"guest":1}}}"#,
            r#"{"generation":2,"spec":{"runStrategy":"Always","template":{"metadata":{"creationTimestamp":null},"spec":{"domain":{"devices":{}},"volumes":[{"name":"disk","containerDisk":{"image":"a"}},{"name":"data","dataVolume":{"name":"d"}}],"nodeSelector":{}}}}}"#,
            // Kruise's, of kinds that are not listed
            r#"{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a"}]}}}}"#,
            r#"{"spec":{"volumeClaimTemplates":[{}],"template":{"$patch":"replace","spec":{"containers":[]}}}}"#,
        ] {
            assert_eq!(check(data), Ok(()), "{data}");
        }
    }

    #[test]
    fn revisions_that_could_create_stamped_pods_are_refused() {
        for (data, wanted) in [
            (
                r#"{"spec":{"template":{"$patch":"replace","metadata":{"annotations":{"ramgate.io/requested-by":"x"}}}}}"#,
                "stamp",
            ),
            (
                r#"{"spec":{"template":{"$patch":"replace","Metadata":{"annotations":{"ramgate.io\/requested-\u0062y":"x"}}}}}"#,
                "stamp",
            ),
            (
                r#"{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"b"}]}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"Containers":[]}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"hostPID":true}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"volumes":[{"name":"a","configMap":{"name":"b"}}]}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"volumes":[{"name":"a","DataVolume":{}}]}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"volumes":null}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"Volumes":[]}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{},"dnsConfig":{}}}}}"#,
                "no `$patch`",
            ),
            (
                r#"{"spec":{"template":{"spec":{"domain":{}},"Spec":{"containers":[]}}}}"#,
                "no `$patch`",
            ),
            (r#"{"spec":{"template":{"$patch":"delete"}}}"#, "wanted"),
            (r#"{"\u017fpec":{}}"#, "wanted `spec`"),
            (r#"{"spec":{},"Spec":{}}"#, "wanted `spec`"),
            (r#"{"spec":{"TEMPLATE":{}}}"#, "wanted `template`"),
            (r#"{"spec":{"template":{},"template":{}}}"#, "twice"),
            (r#"{"spec":{"volumeClaimTemplate\u017f":[]}}"#, "`template` alone"),
            (r#"{"$patch":"replace"}"#, "directive"),
            (r#"{"spec":{"$retainKeys":[]}}"#, "directive"),
        ] {
            let problem = check(data).expect_err(data).to_string();
            assert!(problem.contains(wanted), "{data}: {problem}");
        }
    }
}
