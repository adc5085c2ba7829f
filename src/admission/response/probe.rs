//! The answer to a probe: a dry run of a pod that asks whether anybody judges it.
//!
//! Mode audit shows a requester nothing, and an entry that fails open looks like it. Both webhooks therefore answer a probe
//! with a warning of fixed words, which `ramgate probe` reads. It changes no decision.

use crate::admission::outcome::decision::Decision;
use crate::admission::outcome::mode::Mode;
use crate::admission::review::{Operation, Resource, Review};
use crate::admission::webhook::Webhook;

/// The annotation of a pod that is a probe, and the first word of the answer
pub(crate) const PROBE: &str = "ramgate.io/probe";

/// The answer, if the review is a probe
///
/// ```text
/// ramgate.io/probe: webhook=validate decision=audit mode=audit generation=4
/// ```
pub(super) fn answer(
    webhook: Webhook,
    review: &Review<'_>,
    decision: Decision,
    mode: Mode,
    generation: u64,
) -> Option<String> {
    is_probe(review).then(|| {
        let webhook = webhook_name(webhook);
        let decision = decision.name();
        format!("{PROBE}: webhook={webhook} decision={decision} mode={mode} generation={generation}")
    })
}

/// The webhook's name in the answer
pub(crate) fn webhook_name(webhook: Webhook) -> &'static str {
    match webhook {
        Webhook::Mutating => "mutate",
        Webhook::Validating => "validate",
    }
}

fn is_probe(review: &Review<'_>) -> bool {
    let is_pod = review.resource() == Resource::Pods && review.subresource().is_empty();
    let pod = || review.templates().first()?.new.as_ref();
    review.is_dry_run()
        && is_pod
        && review.operation() == Operation::Create
        && pod()
            .and_then(|pod| pod.read().metadata.annotations.as_ref())
            .is_some_and(|annotations| annotations.value(PROBE).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answered(change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut body = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u-1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "name": "", "namespace": "shop", "operation": "CREATE", "dryRun": true,
                "userInfo": {"username": "bob"},
                "object": {"apiVersion": "v1", "kind": "Pod", "spec": {},
                    "metadata": {"generateName": "probe-", "annotations": {PROBE: "true"}}},
            },
        });
        change(&mut body["request"]);
        let body = body.to_string();
        let review = Review::parse(body.as_bytes()).unwrap();
        answer(Webhook::Validating, &review, Decision::Audit, Mode::Audit, 4)
    }

    #[test]
    fn only_a_dry_run_of_a_pod_that_asks_is_answered() {
        assert_eq!(
            answered(|_| ()).unwrap(),
            "ramgate.io/probe: webhook=validate decision=audit mode=audit generation=4"
        );
        let others: [fn(&mut Value); 3] = [
            |request| request["dryRun"] = json!(false),
            |request| request["object"]["metadata"]["annotations"] = json!({"a": "b"}),
            |request| {
                request["operation"] = json!("UPDATE");
                request["oldObject"] = request["object"].clone();
            },
        ];
        for other in others {
            assert_eq!(answered(other), None);
        }
    }
}
