//! A trace as the page shows it: with the place of each statement, and the conditions of those that matched.

use serde_json::{Value, json};

use crate::cli::check::AnsweredQuestion;
use crate::cli::explore::snapshot::Loaded;
use crate::cli::trace;
use ram_policy::{Request, Trace, TracedStatement};

/// A question with its answer
pub(super) fn question(answered: &AnsweredQuestion, loaded: &Loaded) -> Value {
    let question = &answered.question;
    let request = Request {
        principal: &answered.principal,
        action: question.action,
        resource: &question.resource,
        resource_group: question.resource_group.as_deref(),
        context: &question.context,
        session: &[],
    };
    let mut json = answered.as_json();
    if let Some(fields) = json.as_object_mut() {
        fields.insert("trace".to_owned(), layers(&answered.trace, &request, loaded));
    }
    json
}

/// The layers of a trace
pub(super) fn layers(trace: &Trace, request: &Request<'_>, loaded: &Loaded) -> Value {
    let mut json = trace::as_json(trace);
    let layers = json.as_array_mut().into_iter().flatten();
    for (layer_json, layer) in layers.zip(&trace.layers) {
        let Some(fields) = layer_json.as_object_mut() else {
            continue;
        };
        fields.insert("scope".to_owned(), layer.scope.to_string().into());
        let statements = layer.statements.iter();
        let statements = statements.map(|traced| statement(traced, request, loaded));
        fields.insert("statements".to_owned(), statements.collect());
    }
    json
}

fn statement(traced: &TracedStatement, request: &Request<'_>, loaded: &Loaded) -> Value {
    let mut json = trace::statement_json(traced);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("place".to_owned(), loaded.places.place(&traced.statement));
        if traced.mismatch.is_none() {
            let policies = &loaded.configuration.policies;
            let met = policies.met_conditions(request, &traced.statement).into_iter();
            let met = met.map(|condition| {
                json!({
                    "element": format!("{} {}", condition.operator, condition.key),
                    "wanted": condition.wanted,
                    "got": condition.got,
                })
            });
            fields.insert("conditions".to_owned(), met.collect());
        }
    }
    json
}
