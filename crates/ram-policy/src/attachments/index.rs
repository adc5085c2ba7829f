//! Statements by the actions they speak of, and behind that by one literal value that they ask for.
//!
//! ```text
//! action, as a whole             ─▶ entry   patterns without wildcards
//! what an action begins with     ─▶ entry   the others, by their letters before the first wildcard
//!
//! entry ├ acs:RequestTag/env = test ─▶ statements that need just this value
//!       ├ resource …/app            ─▶ statements that name just this thing
//!       └ plain                     ─▶ those with nothing literal to tell them apart
//! ```
//!
//! What is found is a superset of what matches: every statement found is still read as a whole.

use std::collections::{BTreeMap, HashMap};

use crate::attached_policy::AttachedPolicy;
use crate::document::{Actions, Statement, Target};
use crate::effect::Effect;
use crate::pattern::Pattern;
use crate::resolved_request::ResolvedRequest;

/// Where a statement is: its policy among the attached ones, and its place in it, both from 0; orders as the text does
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StatementPosition {
    pub(super) policy: u32,
    pub(super) statement: u32,
}

/// The key under which resources are filed; no condition key is empty
const RESOURCE: &str = "";

#[derive(Debug)]
pub(super) struct Index {
    allow: Shelf,
    deny: Shelf,
}

/// Statements of one effect by their action patterns, all in lower case
#[derive(Debug)]
struct Shelf {
    /// By the actions that are named as a whole
    whole: HashMap<Box<str>, Entry>,
    /// By the letters before the first wildcard, sorted by them
    begun: Box<[Begun]>,
}

#[derive(Debug)]
struct Begun {
    prefix: Box<str>,
    /// Where the next shorter prefix of this one stands
    shorter: Option<usize>,
    entry: Entry,
}

#[derive(Debug)]
struct Entry {
    /// All of them in order
    all: Box<[StatementPosition]>,
    /// Those with no literal value to be filed under
    plain: Box<[StatementPosition]>,
    /// The others by condition key and value, in order
    by_value: HashMap<Box<str>, HashMap<Box<str>, Vec<StatementPosition>>>,
}

impl Index {
    pub(super) fn new(policies: &[AttachedPolicy]) -> Self {
        let (mut allow, mut deny) = (Filed::default(), Filed::default());
        for (policy, attached) in (0..).zip(policies) {
            for (at, statement) in (0..).zip(&attached.document.statements) {
                let filed = match statement.effect {
                    Effect::Allow => &mut allow,
                    Effect::Deny => &mut deny,
                };
                let place = StatementPosition {
                    policy,
                    statement: at,
                };
                filed.add(place, statement);
            }
        }
        Self {
            allow: Shelf::new(allow),
            deny: Shelf::new(deny),
        }
    }

    /// The first place of an effect for which the test holds, among those that could match
    pub(super) fn first(
        &self,
        facts: &ResolvedRequest<'_>,
        effect: Effect,
        matches: impl Fn(StatementPosition) -> bool,
    ) -> Option<StatementPosition> {
        let shelf = match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        };
        let mut best: Option<StatementPosition> = None;
        let action = facts.action.to_ascii_lowercase();
        for entry in shelf.entries(&action) {
            entry.each_list(facts, |list| {
                let sooner = list
                    .iter()
                    .take_while(|place| best.is_none_or(|best| **place < best));
                if let Some(place) = sooner.copied().find(|place| matches(*place)) {
                    best = Some(place);
                }
            });
        }
        best
    }

    /// The Allow statements that could speak of an action, in order
    pub(super) fn near(&self, action: &str) -> impl Iterator<Item = StatementPosition> + use<'_> {
        let action = action.to_ascii_lowercase();
        let mut lists: Vec<&[StatementPosition]> =
            self.allow.entries(&action).map(|entry| &*entry.all).collect();
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

/// Statements in order under what they are to be found by
#[derive(Default)]
struct Filed<'a> {
    whole: BTreeMap<String, Vec<(StatementPosition, &'a Statement)>>,
    begun: BTreeMap<String, Vec<(StatementPosition, &'a Statement)>>,
}

impl<'a> Filed<'a> {
    fn add(&mut self, place: StatementPosition, statement: &'a Statement) {
        let put = |under: &mut BTreeMap<String, Vec<(StatementPosition, &'a Statement)>>, key: String| {
            let list = under.entry(key).or_default();
            if list.last().is_none_or(|(last, _)| *last != place) {
                list.push((place, statement));
            }
        };
        match &statement.actions {
            Actions::Listed(patterns) => {
                for pattern in patterns {
                    let text = pattern.as_str().to_ascii_lowercase();
                    let pattern = Pattern::new(&text);
                    match pattern.literal() {
                        Some(whole) => put(&mut self.whole, whole.to_owned()),
                        None => put(&mut self.begun, pattern.literal_prefix().to_owned()),
                    }
                }
            }
            Actions::Except(_) => put(&mut self.begun, String::new()),
        }
    }
}

impl Shelf {
    fn new(filed: Filed<'_>) -> Self {
        let mut begun: Vec<Begun> = Vec::with_capacity(filed.begun.len());
        for (prefix, statements) in filed.begun {
            // What this prefix begins with is the entry before it, or one of those that that one begins with
            let mut shorter = begun.len().checked_sub(1);
            while let Some(before) = shorter.and_then(|at| begun.get(at)) {
                if prefix.starts_with(&*before.prefix) {
                    break;
                }
                shorter = before.shorter;
            }
            begun.push(Begun {
                prefix: prefix.into(),
                shorter,
                entry: Entry::new(&statements),
            });
        }
        let whole = filed.whole.into_iter();
        Self {
            whole: whole
                .map(|(action, statements)| (action.into(), Entry::new(&statements)))
                .collect(),
            begun: begun.into(),
        }
    }

    /// The entries whose statements may speak of an action
    fn entries<'a, 'b>(&'a self, action: &'b str) -> impl Iterator<Item = &'a Entry> + use<'a, 'b> {
        let before = self.begun.partition_point(|begun| *begun.prefix <= *action);
        let mut next = before.checked_sub(1);
        let begun = std::iter::from_fn(move || {
            let begun = self.begun.get(next?)?;
            next = begun.shorter;
            Some(begun)
        });
        let fitting = begun.filter(move |begun| action.starts_with(&*begun.prefix));
        self.whole
            .get(action)
            .into_iter()
            .chain(fitting.map(|begun| &begun.entry))
    }
}

impl Entry {
    fn new(statements: &[(StatementPosition, &Statement)]) -> Self {
        // Of several literal values a statement is filed under the one that fewest others ask for
        let mut asked: HashMap<Literal<'_>, usize> = HashMap::new();
        for (_, statement) in statements {
            for literal in literals(statement).flatten() {
                let count = asked.entry(literal).or_default();
                *count = count.saturating_add(1);
            }
        }
        let commonest = |group: &Vec<Literal<'_>>| {
            group
                .iter()
                .filter_map(|literal| asked.get(literal))
                .copied()
                .max()
        };
        let mut plain = Vec::new();
        let mut by_value: HashMap<Box<str>, HashMap<Box<str>, Vec<StatementPosition>>> = HashMap::new();
        for (place, statement) in statements {
            match literals(statement).min_by_key(commonest) {
                None => plain.push(*place),
                Some(rarest) => {
                    for (key, value) in rarest {
                        let places = by_value
                            .entry(key.into())
                            .or_default()
                            .entry(value.into())
                            .or_default();
                        if places.last() != Some(place) {
                            places.push(*place);
                        }
                    }
                }
            }
        }
        Self {
            all: statements.iter().map(|(place, _)| *place).collect(),
            plain: plain.into(),
            by_value,
        }
    }

    /// Calls with each list that holds statements which these facts may match
    fn each_list(&self, facts: &ResolvedRequest<'_>, mut call: impl FnMut(&[StatementPosition])) {
        call(&self.plain);
        let mut under = |key: &str, values: &HashMap<Box<str>, Vec<StatementPosition>>| {
            for value in facts.values(key) {
                if let Some(list) = values.get(value.as_str()) {
                    call(list);
                }
            }
        };
        if self.by_value.len() <= facts.key_count() {
            for (key, values) in &self.by_value {
                under(key, values);
            }
        } else {
            for key in facts.keys() {
                if let Some(values) = self.by_value.get(key) {
                    under(key, values);
                }
            }
        }
        if let (Some(parts), Some(values)) = (facts.resource.parts, self.by_value.get(RESOURCE))
            && let Some(list) = values.get(parts.relative.to_ascii_lowercase().as_str())
        {
            call(list);
        }
    }
}

/// A condition key with a value that it must have, or [`RESOURCE`] with the last segment of a resource name
type Literal<'a> = (&'a str, std::borrow::Cow<'a, str>);

/// What a statement asks for literally: for each such element its values, of which the request must have one
fn literals(statement: &Statement) -> impl Iterator<Item = Vec<Literal<'_>>> {
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
