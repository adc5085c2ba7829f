//! A verified stamp as JSON for programs.

use serde_json::{Value, json};

use crate::analysis::survey::field_differences::FieldDifference;
use crate::cli::stamp::verify::verify_report::VerifyReport;

pub(super) fn as_json(stamp: &VerifyReport) -> Value {
    let claims = stamp.claims.as_ref();
    let principal = claims.and_then(|claims| claims.principal.as_ref());
    let difference = |one: &FieldDifference| {
        json!({
            "field": one.field,
            "stamped": one.stamped,
            "found": one.found,
        })
    };
    json!({
        "kind": stamp.kind.name(),
        "namespace": stamp.namespace,
        "name": stamp.name,
        "template": stamp.template_path,
        "good": stamp.is_good(),
        "stamp": stamp.status.name(),
        "trouble": stamp.problem(),
        "requester": claims.map(|claims| &claims.user),
        "principal": principal.map(ToString::to_string),
        "stampedNamespace": claims.map(|claims| &claims.namespace),
        "cluster": claims.map(|claims| &claims.cluster),
        "fields": claims.map(|claims| json!(claims.fields)),
        "serviceAccount": claims.and_then(|claims| claims.service_account.as_ref()),
        "object": claims.and_then(|claims| claims.object.as_ref()),
        "containers": claims.and_then(|claims| claims.containers.as_ref()),
        "key": stamp.status.key(),
        "keyIsNewest": stamp.is_newest,
        "differences": stamp.differences.iter().map(difference).collect::<Vec<_>>(),
        "differencesExplained": stamp.is_explained,
    })
}
