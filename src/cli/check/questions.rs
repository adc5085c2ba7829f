//! All questions to RAM about one manifest, with their traces.

use serde_json::{Map, Value, json};

use crate::admission::PrincipalQuestions;
use crate::cli::trace as trace_output;
use eci_calls::Question;
use ram_policy::{PolicySet, Principal, Trace};

/// A question with the trace of its answer
pub(in crate::cli) struct AnsweredQuestion {
    pub(in crate::cli) principal: Principal,
    /// Whether the principal is a boundary of the namespace
    is_boundary: bool,
    pub(in crate::cli) question: Question,
    pub(in crate::cli) trace: Trace,
}

/// Answers the questions again, with traces
pub(super) fn answered_questions(
    asked: &[PrincipalQuestions],
    policies: &PolicySet,
) -> Vec<AnsweredQuestion> {
    let answered = |asked: &PrincipalQuestions, question: &Question| AnsweredQuestion {
        is_boundary: asked.is_boundary,
        ..AnsweredQuestion::new(question, &asked.principal, policies)
    };
    let questions = asked.iter().flat_map(|asked| {
        let questions = asked.questions.iter();
        questions.map(move |question| answered(asked, question))
    });
    questions.collect()
}

impl AnsweredQuestion {
    /// The answer for a caller
    pub(in crate::cli) fn new(question: &Question, caller: &Principal, policies: &PolicySet) -> Self {
        Self {
            principal: question.principal(caller),
            is_boundary: false,
            question: question.clone(),
            trace: question.explain(policies, caller),
        }
    }

    /// The question, its condition keys, and the trace
    pub(super) fn human(&self) -> String {
        let question = &self.question;
        let group = question.resource_group.as_ref();
        let group = group.map_or_else(String::new, |group| format!(" in resource group `{group}`"));
        let boundary = if self.is_boundary {
            ", a boundary of the namespace"
        } else {
            ""
        };
        let new_tags = if question.about_new_tags {
            " with the new tags"
        } else {
            ""
        };
        let context = question.context.iter();
        let context = context.map(|(key, values)| format!("    {key} = {}\n", values.join(", ")));
        format!(
            "  {}{boundary}: {} on {}{group}{new_tags}: {}\n{}{}",
            self.principal,
            question.action,
            question.resource,
            self.trace.decision.outcome,
            context.collect::<String>(),
            trace_output::human(&self.trace, "    ")
        )
    }

    pub(in crate::cli) fn as_json(&self) -> Value {
        let question = &self.question;
        let decision = &self.trace.decision;
        let context = question.context.iter();
        let context: Map<String, Value> = context
            .map(|(key, values)| (key.to_owned(), json!(values)))
            .collect();
        json!({
            "principal": self.principal.to_string(),
            "boundary": self.is_boundary,
            "action": question.action,
            "resource": question.resource,
            "resourceGroup": question.resource_group,
            "newTags": question.about_new_tags,
            "context": context,
            "decision": decision.outcome.to_string(),
            "policyType": decision.policy_type.to_string(),
            "statement": decision.statement().map(ToString::to_string),
            "trace": trace_output::as_json(&self.trace),
        })
    }
}
