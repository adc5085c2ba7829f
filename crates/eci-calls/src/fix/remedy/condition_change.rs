//! Changes of the fields after which a condition is met, or is no longer met.

use crate::condition_key::{RESOURCE_GROUP_ID, TagKey, TagSource};
use crate::fix::desired_fields::{Change, DesiredFields};
use crate::fix::evaluator::Evaluator;
use crate::fix::remedy::Remedies;
use crate::ram_question::Question;
use ram_policy::{Condition, Effect};

/// A condition of a statement, and what a change of the fields is to achieve
#[derive(Clone, Copy)]
pub(super) enum Goal<'a> {
    /// Meet a condition of an Allow
    Meet(&'a Condition),
    /// No longer meet a condition of a Deny
    Break(&'a Condition),
}

impl<'a> Goal<'a> {
    fn condition(self) -> &'a Condition {
        let (Self::Meet(condition) | Self::Break(condition)) = self;
        condition
    }

    /// Whether a value of the condition key achieves it; `None` leaves the key absent
    fn is_achieved_by(self, value: Option<String>) -> bool {
        let values: Vec<String> = value.into_iter().collect();
        match self {
            Self::Meet(condition) => condition.met(&values, Effect::Allow),
            Self::Break(condition) => !condition.met(&values, Effect::Deny),
        }
    }
}

impl<E: Evaluator> Remedies<'_, E> {
    /// The changes that achieve a goal; none if the condition key does not depend on the fields.
    ///
    /// ```text
    /// Meet:  StringEquals acs:RequestTag/env [test, dev]   -> env: test, env: dev
    /// Break: StringEquals acs:RequestTag/env prod          -> no env, env: test, env: other, …
    /// ```
    pub(super) fn changes_for(
        &self,
        goal: Goal<'_>,
        desired: &DesiredFields,
        question: &Question,
    ) -> Vec<Change> {
        let key = &goal.condition().key;
        if self.evaluator.is_key_fixed(key) {
            return Vec::new();
        }
        if **key == *RESOURCE_GROUP_ID {
            return self.group_changes(goal);
        }
        match TagKey::parse(key) {
            Some(tag) if self.depends_on_fields(question, tag.source) => {
                self.tag_changes(goal, desired, tag.tag)
            }
            _ => Vec::new(),
        }
    }

    fn group_changes(&self, goal: Goal<'_>) -> Vec<Change> {
        let groups = self.evaluator.resource_groups();
        let default = groups.iter().find(|(_, is_default)| *is_default);
        let default = default.map(|(id, _)| (*id).to_owned());
        let effective = |choice: &Option<String>| choice.clone().or_else(|| default.clone());
        let choices = self.values.groups.iter();
        let choices = choices.take_while(|_| self.budget.spend(1).is_ok());
        let fitting = choices.filter(|choice| goal.is_achieved_by(effective(choice)));
        fitting.cloned().map(Change::ResourceGroup).collect()
    }

    fn tag_changes(&self, goal: Goal<'_>, desired: &DesiredFields, key: &str) -> Vec<Change> {
        let Some(values) = self.values.tags.get(key) else {
            return Vec::new();
        };
        let choices: Box<dyn Iterator<Item = _>> = match goal {
            Goal::Meet(condition) => Box::new(values.that_may_meet(condition)),
            Goal::Break(_) => Box::new(values.iter()),
        };
        let effective = |choice: &Option<String>| choice.clone().or_else(|| self.evaluator.default_tag(key));
        let choices = choices.take_while(|_| self.budget.spend(1).is_ok());
        let new = choices.filter(|choice| choice.as_deref() != desired.tag(key));
        let fitting = new
            .filter(|choice| goal.is_achieved_by(effective(choice)))
            .cloned();
        fitting
            .map(|choice| Change::Tag(key.to_owned(), choice))
            .collect()
    }

    /// Whether a tag's condition key has the value of the fields in this question
    fn depends_on_fields(&self, question: &Question, source: TagSource) -> bool {
        match self.evaluator.stored() {
            None => matches!(source, TagSource::Request | TagSource::Eci),
            Some(_) => question.about_new_tags || source == TagSource::Request,
        }
    }
}
