//! Every question that a pod comes to, with all statements that were read for the answer.

use serde_json::{Map, Value, json};

use crate::admission::Asked;
use crate::cli::explain;
use eci_calls::Question;
use ram_policy::{PolicySet, Principal, Trace};

/// A question with its answer in full
pub(super) struct Explained {
    principal: Principal,
    boundary: bool,
    question: Question,
    trace: Trace,
}

/// Answers the questions once more, and keeps what is read
pub(super) fn explained(asked: &[Asked], policies: &PolicySet) -> Vec<Explained> {
    let answer = |asked: &Asked, question: &Question| Explained {
        principal: question.principal(&asked.principal),
        boundary: asked.boundary,
        question: question.clone(),
        trace: question.explain(policies, &asked.principal),
    };
    asked
        .iter()
        .flat_map(|asked| {
            asked
                .questions
                .iter()
                .map(move |question| answer(asked, question))
        })
        .collect()
}

impl Explained {
    /// The question, what is known for it, and what each layer said
    pub(super) fn human(&self) -> String {
        let Self {
            principal,
            question,
            trace,
            ..
        } = self;
        let group = question
            .resource_group
            .as_ref()
            .map_or_else(String::new, |group| format!(" in resource group `{group}`"));
        let boundary = if self.boundary {
            ", a boundary of the namespace"
        } else {
            ""
        };
        let about = if question.about_new_tags {
            " with the new tags"
        } else {
            ""
        };
        let known: String = question
            .context
            .iter()
            .map(|(key, values)| format!("    {key} = {}\n", values.join(", ")))
            .collect();
        format!(
            "  {principal}{boundary}: {} on {}{group}{about}: {}\n{known}{}",
            question.action,
            question.resource,
            trace.decision.outcome,
            explain::human(trace, "    ")
        )
    }

    pub(super) fn as_json(&self) -> Value {
        let Self {
            principal,
            question,
            trace,
            ..
        } = self;
        let context: Map<String, Value> = question
            .context
            .iter()
            .map(|(key, values)| (key.to_owned(), json!(values)))
            .collect();
        json!({
            "principal": principal.to_string(),
            "boundary": self.boundary,
            "action": question.action,
            "resource": question.resource,
            "resourceGroup": question.resource_group,
            "newTags": question.about_new_tags,
            "context": context,
            "decision": trace.decision.outcome.to_string(),
            "policyType": trace.decision.policy_type.to_string(),
            "statement": trace.decision.statement().map(ToString::to_string),
            "trace": explain::as_json(trace),
        })
    }
}
