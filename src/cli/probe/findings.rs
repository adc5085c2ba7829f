//! What the reply to a probe says about the installation.

use serde_json::{Value, json};

use crate::admission::Webhook;
use crate::admission::response::probe::{PROBE, webhook_name};

/// What the API server answered
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    /// The HTTP status
    pub(super) code: u16,
    /// The message of a refusal
    pub(super) message: String,
    /// The warnings, those of other webhooks included
    pub(super) warnings: Vec<String>,
}

/// The answer of one of ramgate's webhooks
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    decision: String,
    mode: String,
    generation: String,
}

/// What is found out about the installation
#[derive(Clone, Debug)]
pub(super) struct Findings {
    mutating: Option<Answer>,
    validating: Option<Answer>,
    /// Why the installation is not healthy
    fault: Option<String>,
}

impl Findings {
    /// Reads a reply
    ///
    /// # Errors
    ///
    /// The API server does not let the caller create pods, so that nothing is found out.
    pub(super) fn of(reply: &Reply) -> Result<Self, String> {
        let mutating = answer(reply, Webhook::Mutating);
        let validating = answer(reply, Webhook::Validating);
        if mutating.is_none() && validating.is_none() && reply.is_forbidden() {
            return Err(reply.message.clone());
        }
        let fault = fault(reply, mutating.as_ref(), validating.as_ref());
        Ok(Self {
            mutating,
            validating,
            fault,
        })
    }

    /// Whether both webhooks judged the pod
    pub(super) fn is_healthy(&self) -> bool {
        self.fault.is_none()
    }

    /// One line for people
    pub(super) fn human(&self, namespace: &str) -> String {
        match (&self.fault, &self.validating) {
            (None, Some(answer)) => format!(
                "ramgate judges pods for ECI in namespace {namespace}: mode {}, decision {}, configuration {}\n",
                answer.mode, answer.decision, answer.generation
            ),
            (fault, _) => {
                let fault = fault.as_deref().unwrap_or_default();
                format!("pods for ECI in namespace {namespace} are not judged: {fault}\n")
            }
        }
    }

    /// The same for programs
    pub(super) fn as_json(&self, namespace: &str) -> Value {
        let shown = |answer: &Option<Answer>| {
            let answer = answer.as_ref();
            answer.map(|answer| {
                json!({"decision": answer.decision, "mode": answer.mode, "generation": answer.generation.parse::<u64>().ok()})
            })
        };
        json!({
            "healthy": self.is_healthy(),
            "namespace": namespace,
            "mutate": shown(&self.mutating),
            "validate": shown(&self.validating),
            "fault": self.fault,
        })
    }
}

impl Reply {
    /// Whether the caller lacks the right, in the words of the API server's authorizer
    fn is_forbidden(&self) -> bool {
        self.code == 401 || (self.code == 403 && self.message.contains("cannot create resource \"pods\""))
    }

    /// What the API server or ramgate said, behind a colon
    fn said(&self) -> String {
        let warnings = self
            .warnings
            .iter()
            .filter(|warning| warning.starts_with("ramgate"));
        let said: Vec<&str> = [&self.message]
            .into_iter()
            .filter(|message| !message.is_empty())
            .chain(warnings)
            .map(String::as_str)
            .collect();
        match said.is_empty() {
            true => String::new(),
            false => format!(": {}", said.join("; ")),
        }
    }
}

/// Reads the answer of one webhook
fn answer(reply: &Reply, webhook: Webhook) -> Option<Answer> {
    let start = format!("{PROBE}: webhook={} ", webhook_name(webhook));
    let found = reply
        .warnings
        .iter()
        .find_map(|warning| warning.strip_prefix(&start));
    let mut answer = Answer::default();
    for word in found?.split(' ') {
        match word.split_once('=') {
            Some(("decision", value)) => answer.decision = value.to_owned(),
            Some(("mode", value)) => answer.mode = value.to_owned(),
            Some(("generation", value)) => answer.generation = value.to_owned(),
            _ => {}
        }
    }
    Some(answer)
}

/// Why the installation is not healthy; `None` if it is
fn fault(reply: &Reply, mutating: Option<&Answer>, validating: Option<&Answer>) -> Option<String> {
    let is_unreached = reply.message.contains("failed calling webhook");
    let said = reply.said();
    match (mutating, validating) {
        _ if is_unreached => Some(format!(
            "the API server does not reach ramgate{said}; look at the pods of the Deployment, the Service's endpoints, network \
             policies and caBundle"
        )),
        (Some(mutating), None) if mutating.decision == "deny" => Some(format!(
            "the mapping rules do not fit this namespace, choose another one{said}"
        )),
        (None, None) if (200..300).contains(&reply.code) => Some(format!(
            "the API server let the pod pass without an answer of ramgate{said}; either its webhook configurations are missing or \
             changed, or no replica answers and the entries fail open, or the namespace is exempt: run ramgate preflight"
        )),
        (None, None) => Some(format!(
            "the API server refused the pod before ramgate was asked{said}"
        )),
        (None, Some(_)) => Some(format!(
            "the mutating webhook does not answer, so that nothing is mapped or stamped{said}; install the chart again"
        )),
        (Some(_), None) => Some(format!(
            "the validating webhook does not answer, so that nothing is denied{said}; install the chart again"
        )),
        (Some(_), Some(answer)) if answer.decision == "unjudged" => Some(format!(
            "ramgate does not take it for a pod that leads to ECI{said}; look at the cluster section of the directory"
        )),
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUTATE: &str = "ramgate.io/probe: webhook=mutate decision=allow mode=audit generation=4";
    const VALIDATE: &str = "ramgate.io/probe: webhook=validate decision=audit mode=audit generation=4";

    fn found(code: u16, message: &str, warnings: &[&str]) -> Findings {
        Findings::of(&Reply {
            code,
            message: message.to_owned(),
            warnings: warnings.iter().map(|&warning| warning.to_owned()).collect(),
        })
        .unwrap()
    }

    #[test]
    fn two_answers_are_health_whatever_the_decision() {
        let allowed = found(201, "", &["another", MUTATE, VALIDATE]);
        assert_eq!(
            allowed.human("shop"),
            "ramgate judges pods for ECI in namespace shop: mode audit, decision audit, configuration 4\n"
        );
        assert_eq!(
            allowed.as_json("shop"),
            json!({
                "healthy": true, "namespace": "shop", "fault": null,
                "mutate": {"decision": "allow", "mode": "audit", "generation": 4},
                "validate": {"decision": "audit", "mode": "audit", "generation": 4},
            })
        );
        let denied = VALIDATE.replace("decision=audit", "decision=deny");
        assert!(found(403, "admission webhook denied the request", &[MUTATE, &denied]).is_healthy());
    }

    #[test]
    fn every_way_not_to_be_judged_has_its_own_words() {
        let unjudged = VALIDATE.replace("decision=audit", "decision=unjudged");
        let denied = MUTATE.replace("decision=allow", "decision=deny");
        let call = "failed calling webhook \"marked.ramgate.io\": connection refused";
        for (code, message, warnings, words) in [
            (201, "", &[][..], "without an answer of ramgate; either"),
            (201, "", &["ramgate: overloaded"], "ramgate: overloaded"),
            (500, call, &[], "does not reach ramgate: failed calling webhook"),
            (201, "", &[VALIDATE], "the mutating webhook does not answer"),
            (201, "", &[MUTATE], "the validating webhook does not answer"),
            (403, "no", &[denied.as_str()], "mapping rules do not fit"),
            (201, "", &[MUTATE, unjudged.as_str()], "leads to ECI"),
            (
                404,
                "namespaces \"x\" not found",
                &[],
                "before ramgate was asked: namespaces",
            ),
        ] {
            let findings = found(code, message, warnings);
            let line = findings.human("shop");
            assert!(!findings.is_healthy() && line.contains(words), "{words}: {line}");
        }
    }

    #[test]
    fn a_caller_without_the_right_finds_out_nothing() {
        let message = "pods is forbidden: User \"x\" cannot create resource \"pods\" in API group \"\" in the namespace \"shop\"";
        let reply = Reply {
            code: 403,
            message: message.to_owned(),
            warnings: Vec::new(),
        };
        assert_eq!(Findings::of(&reply).unwrap_err(), message);
    }
}
