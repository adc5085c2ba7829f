//! Audit annotations: what the API server's audit log keeps of a response.

use std::borrow::Cow;
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
pub(super) fn annotations(response: &Response) -> BTreeMap<&'static str, Cow<'_, str>> {
    let decision = response.decision;
    let is_final = response.webhook == Webhook::Validating || decision == Decision::Deny;
    if decision == Decision::NotEvaluated || !is_final {
        return BTreeMap::new();
    }
    let evaluation = &response.evaluation;
    let mut audit = BTreeMap::from([
        ("decision", Cow::Borrowed(decision.name())),
        ("mode", response.mode.name().into()),
        ("generation", response.generation.to_string().into()),
    ]);
    let text = |value: Option<String>, name| value.map(|value| (name, value.into()));
    audit.extend(
        evaluation
            .stamped
            .as_deref()
            .map(|user| ("requested-by", user.into())),
    );
    audit.extend(text(response.principal(), "principal"));
    audit.extend(text(response.route(), "route"));
    audit.extend(response.action().map(|action| ("action", action.into())));
    audit.extend(text(evaluation.advice.as_ref().map(ToString::to_string), "fix"));
    audit.extend(text(response.exception().map(ToString::to_string), "exception"));
    let allowed_by = response.allowed_by();
    if !allowed_by.is_empty() {
        audit.insert("allowed-by", allowed_by.join(", ").into());
    }
    if !evaluation.container_differences.is_empty() {
        audit.insert(
            "unlike-stamp",
            container_difference::shown(&evaluation.container_differences).into(),
        );
    }
    if let Some(denial) = &response.denial {
        audit.insert("message", denial.message.as_str().into());
        let details = denial.details.iter();
        audit.extend(details.map(|(name, value)| (*name, value.as_str().into())));
    }
    audit
}
