//! An inverted index of statements: by the action that they cover, then by one literal value that they require.
//!
//! ```text
//! an action's whole name       -> postings   for patterns without wildcards
//! the beginning of its name    -> postings   for other patterns, by the text before the first wildcard
//!
//! postings: acs:RequestTag/env = test -> statements that require this value
//!           resource …/app            -> statements that name this resource
//!           without_literal           -> statements that require no literal value
//! ```
//!
//! A lookup returns all statements that match and some that do not: each is still matched as a whole.

mod postings;
mod statement_position;

use std::collections::{BTreeMap, HashMap};

use crate::attached_policy::AttachedPolicy;
use crate::attachments::index::postings::Postings;
use crate::document::{Actions, Statement};
use crate::effect::Effect;
use crate::pattern::Pattern;
use crate::resolved_request::ResolvedRequest;

pub(crate) use crate::attachments::index::statement_position::StatementPosition;

#[derive(Debug)]
pub(crate) struct Index {
    allow: ActionIndex,
    deny: ActionIndex,
}

/// Statements of one effect by their action patterns, all in lower case
#[derive(Debug)]
struct ActionIndex {
    /// By whole names of actions
    by_name: HashMap<Box<str>, Postings>,
    /// By what stands before the first wildcard, sorted
    by_prefix: Box<[PrefixNode]>,
}

#[derive(Debug)]
struct PrefixNode {
    prefix: Box<str>,
    /// Where the longest of the shorter prefixes that this one begins with is
    parent: Option<usize>,
    postings: Postings,
}

impl Index {
    pub(crate) fn new(policies: &[AttachedPolicy]) -> Self {
        let (mut allow, mut deny) = (StatementsByAction::default(), StatementsByAction::default());
        for (policy, attached) in (0..).zip(policies) {
            for (at, statement) in (0..).zip(&attached.document.statements) {
                let of_effect = match statement.effect {
                    Effect::Allow => &mut allow,
                    Effect::Deny => &mut deny,
                };
                let position = StatementPosition {
                    policy,
                    statement: at,
                };
                of_effect.add(position, statement);
            }
        }
        Self {
            allow: ActionIndex::new(allow),
            deny: ActionIndex::new(deny),
        }
    }

    /// The first statement with this effect for which `matches` is true, among those that could match
    pub(crate) fn first_match(
        &self,
        request: &ResolvedRequest<'_>,
        effect: Effect,
        matches: impl Fn(StatementPosition) -> bool,
    ) -> Option<StatementPosition> {
        let of_effect = match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        };
        let mut first: Option<StatementPosition> = None;
        let action = request.action.to_ascii_lowercase();
        for postings in of_effect.postings_for(&action) {
            postings.for_each_list(request, |list| {
                let earlier = list
                    .iter()
                    .take_while(|position| first.is_none_or(|first| **position < first));
                if let Some(position) = earlier.copied().find(|position| matches(*position)) {
                    first = Some(position);
                }
            });
        }
        first
    }

    /// The Allow statements that could cover an action, in order
    pub(crate) fn allows_for(&self, action: &str) -> impl Iterator<Item = StatementPosition> + use<'_> {
        let action = action.to_ascii_lowercase();
        let postings = self.allow.postings_for(&action);
        let mut lists: Vec<&[StatementPosition]> = postings.map(|postings| &*postings.all).collect();
        std::iter::from_fn(move || {
            let next = lists.iter().filter_map(|list| list.first()).min().copied()?;
            for list in &mut lists {
                if let Some((_, rest)) = list.split_first().filter(|(first, _)| **first == next) {
                    *list = rest;
                }
            }
            Some(next)
        })
    }
}

/// Statements in order by their action patterns, before the index is built
#[derive(Default)]
struct StatementsByAction<'a> {
    by_name: BTreeMap<String, Vec<(StatementPosition, &'a Statement)>>,
    by_prefix: BTreeMap<String, Vec<(StatementPosition, &'a Statement)>>,
}

impl<'a> StatementsByAction<'a> {
    fn add(&mut self, position: StatementPosition, statement: &'a Statement) {
        let put = |map: &mut BTreeMap<String, Vec<(StatementPosition, &'a Statement)>>, key: String| {
            let list = map.entry(key).or_default();
            if list.last().is_none_or(|(last, _)| *last != position) {
                list.push((position, statement));
            }
        };
        match &statement.actions {
            Actions::Listed(patterns) => {
                for pattern in patterns.iter() {
                    let text = pattern.as_str().to_ascii_lowercase();
                    let pattern = Pattern::new(&text);
                    match pattern.literal() {
                        Some(name) => put(&mut self.by_name, name.to_owned()),
                        None => put(&mut self.by_prefix, pattern.literal_prefix().to_owned()),
                    }
                }
            }
            Actions::Except(_) => put(&mut self.by_prefix, String::new()),
        }
    }
}

impl ActionIndex {
    fn new(statements: StatementsByAction<'_>) -> Self {
        let mut by_prefix: Vec<PrefixNode> = Vec::with_capacity(statements.by_prefix.len());
        for (prefix, statements) in statements.by_prefix {
            // Prefixes are sorted, so the parent is the node before this one or an ancestor of that node.
            let mut parent = by_prefix.len().checked_sub(1);
            while let Some(before) = parent.and_then(|at| by_prefix.get(at)) {
                if prefix.starts_with(&*before.prefix) {
                    break;
                }
                parent = before.parent;
            }
            by_prefix.push(PrefixNode {
                prefix: prefix.into(),
                parent,
                postings: Postings::new(&statements),
            });
        }
        let by_name = statements.by_name.into_iter();
        Self {
            by_name: by_name
                .map(|(action, statements)| (action.into(), Postings::new(&statements)))
                .collect(),
            by_prefix: by_prefix.into(),
        }
    }

    /// The postings whose statements may cover an action
    fn postings_for<'a, 'b>(&'a self, action: &'b str) -> impl Iterator<Item = &'a Postings> + use<'a, 'b> {
        let before = self.by_prefix.partition_point(|node| *node.prefix <= *action);
        let mut next = before.checked_sub(1);
        let nodes = std::iter::from_fn(move || {
            let node = self.by_prefix.get(next?)?;
            next = node.parent;
            Some(node)
        });
        let fitting = nodes.filter(move |node| action.starts_with(&*node.prefix));
        self.by_name
            .get(action)
            .into_iter()
            .chain(fitting.map(|node| &node.postings))
    }
}
