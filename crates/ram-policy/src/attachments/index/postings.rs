//! The statements about one action, by one literal value that each of them requires.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::attachments::index::statement_position::StatementPosition;
use crate::document::{Statement, Target};
use crate::resolved_request::ResolvedRequest;

/// The key for resources; no condition key is empty
const RESOURCE: &str = "";

/// Lists of statements by condition key and value, each list in order
type ByValue = HashMap<Box<str>, HashMap<Box<str>, Vec<StatementPosition>>>;

/// A condition key with a value that the statement requires, or [`RESOURCE`] with the last segment of an ARN
type Literal<'a> = (&'a str, Cow<'a, str>);

#[derive(Debug)]
pub(crate) struct Postings {
    /// All statements in order
    pub(crate) all: Box<[StatementPosition]>,
    /// Those that require no literal value
    without_literal: Box<[StatementPosition]>,
    /// The others
    by_value: ByValue,
}

impl Postings {
    pub(crate) fn new(statements: &[(StatementPosition, &Statement)]) -> Self {
        let counts = count_literals(statements);
        // Of several requirements, the one whose values the fewest statements share keeps the lists short.
        let commonest = |requirement: &Vec<Literal<'_>>| {
            let counts = requirement.iter().filter_map(|literal| counts.get(literal));
            counts.copied().max()
        };
        let mut without_literal = Vec::new();
        let mut by_value = ByValue::new();
        for (position, statement) in statements {
            let Some(rarest) = requirements(statement).min_by_key(commonest) else {
                without_literal.push(*position);
                continue;
            };
            for (key, value) in rarest {
                let of_key = by_value.entry(key.into()).or_default();
                let list = of_key.entry(value.into()).or_default();
                if list.last() != Some(position) {
                    list.push(*position);
                }
            }
        }
        Self {
            all: statements.iter().map(|(position, _)| *position).collect(),
            without_literal: without_literal.into(),
            by_value,
        }
    }

    /// Calls `call` with each list that may hold statements that match the request
    pub(crate) fn for_each_list(
        &self,
        request: &ResolvedRequest<'_>,
        mut call: impl FnMut(&[StatementPosition]),
    ) {
        call(&self.without_literal);
        let mut call_for = |key: &str, lists: &HashMap<Box<str>, Vec<StatementPosition>>| {
            for value in request.values(key) {
                if let Some(list) = lists.get(value.as_str()) {
                    call(list);
                }
            }
        };
        if self.by_value.len() <= request.key_count() {
            for (key, lists) in &self.by_value {
                call_for(key, lists);
            }
        } else {
            for key in request.keys() {
                if let Some(lists) = self.by_value.get(key) {
                    call_for(key, lists);
                }
            }
        }
        if let (Some(segments), Some(lists)) = (request.resource.segments, self.by_value.get(RESOURCE))
            && let Some(list) = lists.get(segments.relative.to_ascii_lowercase().as_str())
        {
            call(list);
        }
    }
}

/// How many statements require each literal value
fn count_literals<'a>(statements: &[(StatementPosition, &'a Statement)]) -> HashMap<Literal<'a>, usize> {
    let mut counts: HashMap<Literal<'_>, usize> = HashMap::new();
    for (_, statement) in statements {
        for literal in requirements(statement).flatten() {
            let count = counts.entry(literal).or_default();
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// The literal values that a statement requires: for each condition or resource element the values of which the request
/// must have one
fn requirements(statement: &Statement) -> impl Iterator<Item = Vec<Literal<'_>>> {
    let conditions = statement.conditions.iter().filter_map(|condition| {
        let values = condition.exact_values()?;
        Some(values.map(|value| (&*condition.key, value.into())).collect())
    });
    let resources = match &statement.target {
        Target::Resources(patterns) => patterns
            .iter()
            .map(|pattern| Some((RESOURCE, pattern.literal()?.to_ascii_lowercase().into())))
            .collect::<Option<Vec<_>>>(),
        Target::Principals(_) => None,
    };
    conditions.chain(resources)
}
