//! Any sequence of changes leads to the same documents, configuration, faults and comparison of rights as reading all
//! ConfigMaps from scratch.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::ConfigMapCache;
use crate::analysis::rights;
use crate::config::candidate::CandidateSet;
use crate::config::config_map::Side;
use crate::config::named_document::{NamedDocument, load, load_after};
use crate::config::{Configuration, LocatedFault};
use ram_policy::{Context, Request};

const ALLOW: &str =
    r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

/// Texts of policies: good ones that are alike, one with a warning, and broken ones
const POLICIES: &[&str] = &[
    ALLOW,
    r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:Describe*", "Resource": "*"}]}"#,
    r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "eci:Delete*", "Resource": "*", "Condition": {"Bool": {"acs:k": true}}}]}"#,
    r#"  {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#,
    r#"{"Version": "1", "Statement": [{"Effect": "allow"}]}"#,
    "{",
];

/// Texts of directory documents, which refer to policies and to each other
const DIRECTORIES: &[&str] = &[
    "users: [{name: a, policies: [{policy: P0}]}]",
    "users: [{name: b, groups: [g], policies: [{policy: P1}, {policy: AliyunECIReadOnlyAccess}]}]",
    "groups: [{name: g, policies: [{policy: P2}]}]\nbindings: [{principal: user/a, subjects: [{kind: User, name: x}]}]",
    "users: [{name: a}]\nbindings: [{principal: user/b, subjects: [{kind: User, name: x}, {kind: Group, name: y}]}]",
    "modes: {shop: enforce}\nusers: [{name: c, id: '7', policies: [{policy: P0}, {policy: P3}]}]",
    "users: [{name: c",
];

/// The ConfigMap that stays as it is, so that most sets are good
const ACCOUNT: &str = "account: {id: '1', region: r}";

/// A change of one ConfigMap
#[derive(Clone, Debug)]
enum Change {
    /// It holds these texts, by numbers of key and text
    Apply {
        name: usize,
        texts: Vec<(usize, usize)>,
        is_candidate: bool,
    },
    Delete {
        name: usize,
    },
    /// The watch starts anew
    List,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // The first texts are good, and come more often than the broken ones
    let text = || prop_oneof![8 => 0..4_usize, 1 => 4..POLICIES.len()];
    let texts = || prop::collection::vec((0..2_usize, text()), 1..3);
    let change = prop_oneof![
        6 => (0..4_usize, texts(), prop::bool::weighted(0.1)).prop_map(|(name, texts, is_candidate)| Change::Apply { name, texts, is_candidate }),
        1 => (0..4_usize).prop_map(|name| Change::Delete { name }),
        1 => Just(Change::List),
    ];
    prop::collection::vec(change, 1..16)
}

/// ConfigMaps with even numbers hold directory documents, and each of the others two policies of its own
fn config_map(name: usize, version: usize, texts: &[(usize, usize)], is_candidate: bool) -> ConfigMap {
    let is_directory = name.is_multiple_of(2);
    let (kind, all) = if is_directory {
        ("directory", DIRECTORIES)
    } else {
        ("policy", POLICIES)
    };
    let data = texts.iter().map(|(key, text)| match is_directory {
        true => (format!("d{key}"), all[*text]),
        false => (
            format!("P{}.json", name.saturating_sub(1).saturating_add(*key)),
            all[*text],
        ),
    });
    let mut labels = BTreeMap::from([("ramgate.io/config", kind)]);
    if is_candidate {
        labels.insert("ramgate.io/candidate", "true");
    }
    let metadata = json!({"name": format!("map-{name}"), "uid": format!("uid-{name}"),
        "resourceVersion": version.to_string(), "labels": labels});
    let data: BTreeMap<String, &str> = data.collect();
    serde_json::from_value(json!({"metadata": metadata, "data": data})).unwrap()
}

async fn listed(cache: &mut ConfigMapCache, stored: &BTreeMap<usize, ConfigMap>) {
    cache.apply(Event::Init).await;
    for config_map in stored.values() {
        cache.apply(Event::InitApply(config_map.clone())).await;
    }
    cache.apply(Event::InitDone).await;
}

/// Everything that a configuration says, in an order of its own
fn described(loaded: &Result<Configuration, Vec<LocatedFault>>) -> String {
    let configuration = match loaded {
        Ok(configuration) => configuration,
        Err(faults) => return format!("{faults:?}"),
    };
    let mut text = String::new();
    for principal in configuration.policies.principals() {
        writeln!(
            text,
            "{principal} {:?}",
            configuration.policies.layers(&principal)
        )
        .unwrap();
        for action in ["eci:DeleteContainerGroup", "eci:DescribeContainerGroups"] {
            let context = Context::new();
            let decision = configuration
                .policies
                .decide(&Request::new(&principal, action, "*", &context));
            writeln!(text, "{decision:?}").unwrap();
        }
    }
    let bindings: Vec<_> = configuration.bindings.iter().collect();
    let ids = configuration.bindings.ids();
    writeln!(text, "{bindings:?} {ids:?} {:?}", configuration.modes).unwrap();
    writeln!(text, "{:?} {:?}", configuration.documents, configuration.warnings).unwrap();
    text
}

fn documents(cache: &ConfigMapCache, side: Side) -> Vec<Arc<[NamedDocument]>> {
    cache
        .config_maps(side)
        .into_iter()
        .map(|one| one.documents)
        .collect()
}

fn all(documents: &[Arc<[NamedDocument]>]) -> impl Iterator<Item = &NamedDocument> + Clone {
    documents.iter().flat_map(|shared| shared.iter())
}

/// Returns how many of the sets were good
async fn check(changes: Vec<Change>) -> Result<usize, TestCaseError> {
    let mut account = config_map(0, 0, &[], false);
    account.metadata.name = Some("account".to_owned());
    account.data = Some(BTreeMap::from([("account".to_owned(), ACCOUNT.to_owned())]));
    let policies = |name| (name, config_map(name, 0, &[(0, 0), (1, 1)], false));
    let mut stored = BTreeMap::from([(usize::MAX, account), policies(1), policies(3)]);
    let mut cache = ConfigMapCache::default();
    // What is in force, as the changes made it and as it is read from scratch
    let mut in_force: Option<[Configuration; 2]> = None;
    let mut good = 0;
    listed(&mut cache, &stored).await;
    for (change, version) in changes.into_iter().zip(1..) {
        match change {
            Change::Apply {
                name,
                texts,
                is_candidate,
            } => {
                let config_map = config_map(name, version, &texts, is_candidate);
                stored.insert(name, config_map.clone());
                cache.apply(Event::Apply(config_map)).await;
            }
            Change::Delete { name } => {
                if let Some(config_map) = stored.remove(&name) {
                    cache.apply(Event::Delete(config_map)).await;
                }
            }
            Change::List => listed(&mut cache, &stored).await,
        }
        let mut scratch = ConfigMapCache::default();
        listed(&mut scratch, &stored).await;
        let [live, fresh] = [&cache, &scratch].map(|each| documents(each, Side::Live));
        let [candidates, fresh_candidates] = [&cache, &scratch].map(|each| documents(each, Side::Candidate));
        prop_assert_eq!(
            format!("{live:?}{candidates:?}"),
            format!("{fresh:?}{fresh_candidates:?}")
        );
        let before = in_force.as_ref().map(|[before, _]| before);
        let (after, read) = (load_after(all(&live), before), load(all(&fresh)));
        prop_assert_eq!(described(&after), described(&read));
        let (Ok(after), Ok(read)) = (after, read) else {
            continue;
        };
        if let Some([before, read_before]) = &in_force {
            prop_assert_eq!(
                rights::compare(before, &after),
                rights::compare(read_before, &read)
            );
        }
        let [set, fresh_set] = [(&after, &live, &candidates), (&read, &fresh, &fresh_candidates)].map(
            |(configuration, live, candidates)| CandidateSet::new(configuration, all(live), all(candidates)),
        );
        prop_assert_eq!(
            described(&set.map(|set| set.configuration)),
            described(&fresh_set.map(|set| set.configuration))
        );
        in_force = Some([after, read]);
        good = usize::saturating_add(good, 1);
    }
    Ok(good)
}

#[test]
fn changes_lead_to_what_a_reader_of_everything_finds() {
    let (sets, good) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::default().run(&changes(), |changes| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        sets.set(sets.get() + changes.len());
        good.set(good.get() + runtime.block_on(check(changes))?);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    // Sets with faults alone would say nothing about what is in force
    assert!(good.get() * 4 > sets.get(), "{} of {}", good.get(), sets.get());
}
