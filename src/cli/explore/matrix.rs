//! The matrix: principals and what each may do.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::explore::circumstances::Circumstances;
use crate::cli::explore::column::COLUMNS;
use crate::cli::explore::person::Person;
use crate::cli::explore::reply::Complaint;
use crate::cli::explore::search::{Page, Search};
use crate::cli::explore::snapshot::{SideName, Snapshot};

/// The subjects of a row that are shown; the others are counted
const MAX_SUBJECTS: usize = 3;

/// Which part of the matrix is asked for
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixRequest {
    side: SideName,
    #[serde(default)]
    under: Circumstances,
    #[serde(default)]
    search: String,
    #[serde(default)]
    page: usize,
}

/// A page of rows
///
/// # Errors
///
/// There is no such configuration, or the circumstances cannot be.
pub(super) fn matrix(
    request: &MatrixRequest,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Value, Complaint> {
    let loaded = snapshot.side(request.side)?;
    let configuration = &loaded.configuration;
    let fields = request.under.fields(configuration)?;
    let search = Search::new(&request.search);
    let people = loaded.people.iter();
    let found: Vec<&Person> = people.filter(|person| search.finds(&person.searched)).collect();
    let page = Page::of(found, request.page);
    let rows = page.rows.iter().map(|person| {
        let columns = COLUMNS.iter();
        let cells = columns.map(|(column, _)| {
            column
                .state(&person.principal, &fields, configuration, now)
                .name()
        });
        json!({
            "principal": person.principal.to_string(),
            "subjects": person.subjects.iter().take(MAX_SUBJECTS).collect::<Vec<_>>(),
            "moreSubjects": person.subjects.len().saturating_sub(MAX_SUBJECTS),
            "cells": cells.collect::<Vec<_>>(),
        })
    });
    Ok(json!({
        "revision": snapshot.revision,
        "rows": rows.collect::<Vec<_>>(),
        "position": page.position(),
    }))
}
