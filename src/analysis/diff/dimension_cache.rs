//! A cache of dimensions: many callers have statements with the same actions and resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::analysis::diff::candidates::{Candidates, action, resource};
use crate::analysis::diff::dimension::Dimension;
use crate::analysis::diff::statement_table::{SelectedStatements, TableStatement};
use crate::config::Configuration;
use eci_calls::condition_key::QuestionKind;

/// A dimension that several searches use
#[derive(Clone, Debug)]
pub(crate) struct SharedDimension {
    pub(crate) dimension: Arc<Dimension>,
    /// Whether the statements may distinguish further values
    pub(crate) is_bounded: bool,
}

/// The dimension, and the numbers of the lists of actions or targets that it depends on
type CacheKey = (CachedElement, BTreeSet<usize>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum CachedElement {
    Actions,
    Resources,
}

/// The most dimensions that are kept. Those that many callers share are among the first; a thousand callers who share
/// nothing would fill the memory with what nobody asks for again.
const MOST: usize = 1000;

/// The dimensions computed so far
#[derive(Debug, Default)]
pub(crate) struct DimensionCache(Mutex<HashMap<CacheKey, SharedDimension>>);

impl DimensionCache {
    /// The actions that the statements distinguish, and those whose requests have other condition keys
    pub(crate) fn actions(&self, statements: &SelectedStatements<'_>) -> SharedDimension {
        let number = |statement: &TableStatement<'_>| statement.actions_number;
        self.get_or_compute(CachedElement::Actions, statements, number, |distinct| {
            let Candidates { all, is_bounded } =
                action::candidates(distinct.iter().map(|each| each.statement));
            let dimension = Dimension::new(all, |value| {
                let action = value.unwrap_or_default();
                let covering = distinct.iter().map(|each| each.statement.covers_action(action));
                (QuestionKind::of_action(action), covering.collect::<Vec<bool>>())
            });
            (dimension, is_bounded)
        })
    }

    /// The resources that the statements distinguish
    pub(crate) fn resources(
        &self,
        statements: &SelectedStatements<'_>,
        configuration: &Configuration,
    ) -> SharedDimension {
        let number = |statement: &TableStatement<'_>| statement.target_number;
        self.get_or_compute(CachedElement::Resources, statements, number, |distinct| {
            let statements = distinct.iter().map(|each| each.statement);
            let Candidates { all, is_bounded } = resource::candidates(statements, configuration);
            let dimension = Dimension::new(all, |value| {
                let resource = value.unwrap_or_default();
                let covering = distinct.iter().map(|each| each.covers_resource(resource));
                covering.collect::<Vec<bool>>()
            });
            (dimension, is_bounded)
        })
    }

    /// Computes from one statement of each list number
    fn get_or_compute(
        &self,
        element: CachedElement,
        statements: &SelectedStatements<'_>,
        number: fn(&TableStatement<'_>) -> usize,
        compute: impl Fn(&[&TableStatement<'_>]) -> (Dimension, bool),
    ) -> SharedDimension {
        let distinct: BTreeMap<usize, &TableStatement<'_>> = statements
            .values()
            .map(|statement| (number(statement), *statement))
            .collect();
        let key = (element, distinct.keys().copied().collect());
        if let Some(cached) = self.lock().get(&key) {
            return cached.clone();
        }
        let (dimension, is_bounded) = compute(&distinct.into_values().collect::<Vec<_>>());
        let computed = SharedDimension {
            dimension: Arc::new(dimension),
            is_bounded,
        };
        let mut known = self.lock();
        if known.len() < MOST {
            known.insert(key, computed.clone());
        }
        computed
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, SharedDimension>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::statement_table::StatementTable;
    use ram_policy::{AttachedPolicy, Document, DocumentKind};

    #[test]
    fn a_full_cache_computes_what_it_does_not_have() {
        let statement = |at: usize| format!(r#"{{"Effect": "Allow", "Action": "x:A{at}", "Resource": "*"}}"#);
        let statements: Vec<String> = (0..=MOST).map(statement).collect();
        let parsed = statements.chunks(500).map(|some| {
            let text = format!(r#"{{"Version": "1", "Statement": [{}]}}"#, some.join(","));
            Document::parse(text.as_bytes(), DocumentKind::Identity).unwrap()
        });
        let policies: Vec<AttachedPolicy> = parsed
            .map(|parsed| AttachedPolicy {
                name: "P".into(),
                document: Arc::new(parsed.document),
            })
            .collect();
        let mut table = StatementTable::default();
        let numbers = table.numbers(&policies, "1");
        assert_eq!(numbers.len(), MOST + 1);
        let cache = DimensionCache::default();
        for number in &numbers {
            cache.actions(&table.select([*number]));
        }
        assert_eq!(cache.lock().len(), MOST);
        let again = |number: usize| {
            let [one, other] = [(); 2].map(|()| cache.actions(&table.select([number])).dimension);
            assert_eq!(format!("{one:?}"), format!("{other:?}"));
            Arc::ptr_eq(&one, &other)
        };
        assert!(again(numbers[0]) && !again(numbers[MOST]));
    }
}
