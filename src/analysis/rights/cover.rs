//! Which statements cover which, with what is known already and a bound on the work.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::analysis::rights::statement_cover::{covers, covers_pair};
use ram_policy::{Actions, AttachedPolicy, Condition, Statement, Target};

/// The most pairs of an action and a resource that are looked up; a longer statement must be covered by one
const MAX_PAIRS: usize = 4096;

/// The most comparisons of two patterns, about two seconds. After that nothing more is known to be covered, so that documents
/// which take too long to compare count as a loss, and never hold up later ones.
const MAX_WORK: usize = 100_000_000;

/// A statement of a policy that somebody holds; prints as `POLICY#NUMBER`
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    /// The number of the policy's text
    pub(super) text: usize,
    pub(super) policy: &'a str,
    /// Its number in the policy, from 1
    pub(super) number: usize,
    pub(super) statement: &'a Statement,
}

/// Numbers for texts of policies, and which of their statements cover which
#[derive(Default)]
pub(super) struct Cover {
    /// By the address of a document in memory
    numbers: HashMap<usize, usize>,
    /// A document that was read again is another one in memory, with the same text
    texts: HashMap<String, usize>,
    known: RefCell<HashMap<[usize; 4], bool>>,
    work: Cell<usize>,
}

impl Cover {
    /// The number of a policy's text
    pub(super) fn number(&mut self, attached: &AttachedPolicy) -> usize {
        let address = Arc::as_ptr(&attached.document).addr();
        *self.numbers.entry(address).or_insert_with(|| {
            let next = self.texts.len();
            *self
                .texts
                .entry(attached.document.to_json().to_string())
                .or_insert(next)
        })
    }

    /// Whether `wide` is known to match whatever `narrow` matches
    pub(super) fn covers(&self, wide: Held<'_>, narrow: Held<'_>) -> bool {
        if !self.may_work(1) {
            return false;
        }
        let key = [wide.text, wide.number, narrow.text, narrow.number];
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let work = size(wide.statement).saturating_mul(size(narrow.statement));
        let covers = self.may_work(work) && covers(wide.statement, narrow.statement);
        self.known.borrow_mut().insert(key, covers);
        covers
    }

    /// Whether several statements cover an Allow, each some of its actions and resources
    pub(super) fn covers_together<'w, I: Iterator<Item = Held<'w>>>(
        &self,
        wide: impl Fn() -> I,
        allow: Held<'_>,
    ) -> bool {
        let statement = allow.statement;
        let (Actions::Listed(actions), Target::Resources(resources)) =
            (&statement.actions, &statement.target)
        else {
            return false;
        };
        if actions.len().saturating_mul(resources.len()) > MAX_PAIRS {
            return false;
        }
        let mut pairs = actions
            .iter()
            .flat_map(|action| resources.iter().map(move |resource| (action, resource)));
        pairs.all(|(action, resource)| {
            let mut covering = wide().filter(|held| self.may_work(size(held.statement)));
            covering.any(|held| covers_pair(held.statement, statement, action, resource))
        })
    }

    /// Counts work that is about to be done; whether it may be
    fn may_work(&self, more: usize) -> bool {
        let work = self.work.get().saturating_add(more);
        self.work.set(work);
        work <= MAX_WORK
    }
}

/// How many patterns and values a statement has
fn size(statement: &Statement) -> usize {
    let actions = match &statement.actions {
        Actions::Listed(patterns) | Actions::Except(patterns) => patterns.len(),
    };
    let targets = match &statement.target {
        Target::Resources(patterns) => patterns.len(),
        Target::Principals(principals) => principals.len(),
    };
    let values: usize = statement.conditions.iter().map(Condition::value_count).sum();
    actions.saturating_add(targets).saturating_add(values).max(1)
}

impl fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.policy, self.number)
    }
}
