//! One cell of the matrix: which statement decided, and what every other one found.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::check::AnsweredQuestion;
use crate::cli::explore::circumstances::Circumstances;
use crate::cli::explore::column::Column;
use crate::cli::explore::evidence;
use crate::cli::explore::reply::Complaint;
use crate::cli::explore::snapshot::{SideName, Snapshot};
use ram_policy::Principal;

/// Which cell is asked for
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CellRequest {
    side: SideName,
    #[serde(default)]
    under: Circumstances,
    principal: String,
    action: String,
}

/// The questions behind a cell, each with its trace
///
/// # Errors
///
/// There is no such configuration, principal or column, or the circumstances cannot be.
pub(super) fn cell(request: &CellRequest, snapshot: &Snapshot, now: Timestamp) -> Result<Value, Complaint> {
    let loaded = snapshot.side(request.side)?;
    let configuration = &loaded.configuration;
    let fields = request.under.fields(configuration)?;
    let principal: Principal = request
        .principal
        .parse()
        .map_err(|error: ram_policy::PrincipalError| Complaint::about("principal", error.to_string()))?;
    let column = Column::of_action(&request.action)
        .ok_or_else(|| Complaint::about("action", "the matrix has no such column"))?;
    let (questions, refusals) = column.questions(&principal, &fields, configuration, now);
    let policies = &configuration.policies;
    let answered = questions.iter().map(|question| {
        let answered = AnsweredQuestion::new(question, &principal, policies);
        evidence::question(&answered, loaded)
    });
    Ok(json!({
        "revision": snapshot.revision,
        "principal": principal.to_string(),
        "action": column.action(),
        "state": column.state(&principal, &fields, configuration, now).name(),
        "isKnown": policies.has_principal(&principal),
        "refusals": refusals,
        "questions": answered.collect::<Vec<_>>(),
    }))
}
