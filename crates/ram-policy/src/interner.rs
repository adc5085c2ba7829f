//! Keeps one of all equal parts of documents (hash consing): the policies of an account repeat each other.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition::Condition;
use crate::document::layout::Layout;
use crate::document::{Actions, Document, Statement, StatementBody, Target};

/// The parts of documents so far, each once
///
/// It only saves memory: an interned document says what it said before, position by position.
///
/// ```
/// use ram_policy::{Document, DocumentKind, Interner};
///
/// let policy = br#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;
/// let mut interner = Interner::default();
/// let mut read = || -> Result<Document, ram_policy::source::Fault> {
///     let mut document = Document::parse(policy, DocumentKind::Identity)?.document;
///     interner.intern(&mut document);
///     Ok(document)
/// };
/// let (one, other) = (read()?, read()?);
/// assert!(std::ptr::eq(&*one.statements[0], &*other.statements[0]));
/// # Ok::<(), ram_policy::source::Fault>(())
/// ```
#[derive(Debug, Default)]
pub struct Interner {
    bodies: HashSet<Arc<StatementBody>>,
    actions: HashSet<Arc<[ActionPattern]>>,
    resources: HashSet<Arc<[ResourcePattern]>>,
    conditions: HashSet<Arc<[Condition]>>,
    keys: HashSet<Arc<str>>,
    layouts: HashSet<Arc<Layout>>,
}

impl Interner {
    /// Replaces the parts of a document that are known by the known ones, and keeps the others
    ///
    /// A document that was cloned keeps its parts as they are.
    pub fn intern(&mut self, document: &mut Document) {
        for statement in &mut document.statements {
            self.intern_statement(statement);
        }
    }

    /// Forgets the parts that are in one place alone, or in none any more: most parts never come a second time, and knowing
    /// them takes memory
    pub fn forget_rare(&mut self) {
        // From the whole to its parts
        retain_common(&mut self.bodies);
        retain_common(&mut self.conditions);
        retain_common(&mut self.actions);
        retain_common(&mut self.resources);
        retain_common(&mut self.keys);
        retain_common(&mut self.layouts);
    }

    /// How many parts are known
    pub fn len(&self) -> usize {
        let parts = [
            self.bodies.len(),
            self.actions.len(),
            self.resources.len(),
            self.conditions.len(),
            self.keys.len(),
            self.layouts.len(),
        ];
        parts.iter().sum()
    }

    /// Whether no part is known
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn intern_statement(&mut self, statement: &mut Statement) {
        if let Some(known) = self.bodies.get(&statement.body) {
            statement.body = Arc::clone(known);
            return;
        }
        if let Some(body) = Arc::get_mut(&mut statement.body) {
            let (Actions::Listed(actions) | Actions::Except(actions)) = &mut body.actions;
            share(&mut self.actions, actions);
            if let Target::Resources(resources) = &mut body.target {
                share(&mut self.resources, resources);
            }
            for condition in Arc::get_mut(&mut body.conditions).into_iter().flatten() {
                share(&mut self.keys, &mut condition.key);
            }
            // Empty lists are one in any case
            if !body.conditions.is_empty() {
                share(&mut self.conditions, &mut body.conditions);
            }
            share(&mut self.layouts, &mut body.layout);
        }
        self.bodies.insert(Arc::clone(&statement.body));
    }
}

/// Replaces a part by the known one that is equal, or keeps it as that
fn share<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, part: &mut Arc<T>) {
    match known.get(part) {
        Some(one) => *part = Arc::clone(one),
        None => drop(known.insert(Arc::clone(part))),
    }
}

fn retain_common<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>) {
    // The set itself has it as well
    known.retain(|part| Arc::strong_count(part) > 2);
    known.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::DocumentKind;

    fn parsed(text: &str) -> Document {
        Document::parse(text.as_bytes(), DocumentKind::Identity)
            .unwrap()
            .document
    }

    /// Two statements that differ in a value alone, one of them in another place as well
    fn policy(value: &str, before: &str) -> String {
        format!(
            r#"{{"Version": "1", {before}"Statement": [
{{"Effect": "Allow", "Action": "eci:Describe*", "Resource": "*"}},
{{"Effect": "Allow", "Action": "eci:Create*", "Resource": "acs:eci:*:*:*", "Condition": {{"StringEquals": {{"acs:RequestTag/env": "{value}"}}}}}}]}}"#
        )
    }

    fn is_one<T: ?Sized>(one: &Arc<T>, other: &Arc<T>) -> bool {
        Arc::ptr_eq(one, other)
    }

    #[test]
    fn equal_parts_are_kept_once() {
        let mut interner = Interner::default();
        let [one, other] = ["a", "b"].map(|value| {
            let mut document = parsed(&policy(value, "\n"));
            interner.intern(&mut document);
            document
        });
        let [(all, some), (all_too, some_too)] =
            [&one, &other].map(|document| (&document.statements[0], &document.statements[1]));
        assert!(is_one(&all.body, &all_too.body) && !is_one(&some.body, &some_too.body));
        assert!(is_one(&some.conditions[0].key, &some_too.conditions[0].key));
        assert!(is_one(&some.layout, &some_too.layout));
        assert_eq!(some_too.conditions[0].wanted(), ["b"]);
    }

    #[test]
    fn a_document_is_the_same_before_and_after() {
        let mut interner = Interner::default();
        for text in [
            policy("a", ""),
            policy("a", "\n\n"),
            policy("a", "   "),
            policy("b", ""),
        ] {
            let plain = parsed(&text);
            let mut interned = parsed(&text);
            interner.intern(&mut interned);
            assert_eq!(format!("{plain:?}"), format!("{interned:?}"));
        }
    }

    #[test]
    fn what_is_in_one_place_is_forgotten() {
        let mut interner = Interner::default();
        let mut documents = ["a", "b"].map(|value| parsed(&policy(value, "")));
        for document in &mut documents {
            interner.intern(document);
        }
        interner.forget_rare();
        // The statement that is in both, and of the other one all but its value: actions, resources, key and layout
        assert_eq!((interner.bodies.len(), interner.conditions.len()), (1, 0));
        let (actions, resources, keys) = (&interner.actions, &interner.resources, &interner.keys);
        assert_eq!(
            (actions.len(), resources.len(), keys.len(), interner.layouts.len()),
            (1, 1, 1, 1)
        );
        drop(documents);
        interner.forget_rare();
        assert!(interner.is_empty());
    }
}
