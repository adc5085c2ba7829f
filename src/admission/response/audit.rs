//! Audit annotations: what the API server's audit log keeps of a response.

use std::collections::BTreeMap;

use crate::admission::outcome::container_difference;
use crate::admission::outcome::decision::Decision;
use crate::admission::response::Response;
use crate::admission::webhook::Webhook;

/// The audit annotations of a response: the evaluation, and the denial with RAM's fields
///
/// Both webhooks use the same names, the API server keeps the first value of an annotation, and it may call the mutating
/// webhook twice. The mutating webhook therefore adds none, unless its response ends the request; the API server itself
/// records its patch.
pub(super) fn annotations(response: &Response) -> BTreeMap<&'static str, String> {
    let decision = response.decision;
    let is_final = response.webhook == Webhook::Validating || decision == Decision::Deny;
    if decision == Decision::NotEvaluated || !is_final {
        return BTreeMap::new();
    }
    let evaluation = &response.evaluation;
    let mut audit = BTreeMap::from([
        ("decision", decision.name().to_owned()),
        ("mode", response.mode.to_string()),
        ("generation", response.generation.to_string()),
    ]);
    let text = |value: Option<String>, name| value.map(|value| (name, value));
    audit.extend(text(evaluation.stamped.clone(), "requested-by"));
    audit.extend(text(response.principal(), "principal"));
    audit.extend(text(response.route(), "route"));
    audit.extend(text(response.action().map(str::to_owned), "action"));
    audit.extend(text(evaluation.advice.as_ref().map(ToString::to_string), "fix"));
    audit.extend(text(response.exception().map(ToString::to_string), "exception"));
    let allowed_by = response.allowed_by();
    if !allowed_by.is_empty() {
        audit.insert("allowed-by", allowed_by.join(", "));
    }
    if !evaluation.container_differences.is_empty() {
        audit.insert(
            "unlike-stamp",
            container_difference::shown(&evaluation.container_differences),
        );
    }
    if let Some(denial) = &response.denial {
        audit.insert("message", denial.message.clone());
        audit.extend(denial.details.iter().cloned());
    }
    audit
}
