#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::kubernetes::canonical_json::*;

fn whole(one: &str, other: &str) -> bool {
    equivalent(one, other, &Rule::Whole)
}

#[test]
fn equivalent_texts() {
    for (one, other) in [
        (
            r#"{"a": 1, "b": [true, null]}"#,
            r#"{"b":[true,null],"\u0061":1}"#,
        ),
        (r#""é\n""#, r#""\u00e9\u000a""#),
        ("0.0", "-0"),
        ("1e2", "100.0"),
        ("{}", "{ }"),
        ("[", "["),
    ] {
        assert!(whole(one, other), "{one} {other}");
    }
}

#[test]
fn texts_that_differ() {
    for (one, other) in [
        ("1", "1.0"),
        ("1", "\"1\""),
        ("-1", "18446744073709551615"),
        ("null", "{}"),
        ("[]", "{}"),
        ("[[], []]", "[[[]]]"),
        (r#"["a", "b"]"#, r#"["ab"]"#),
        (r#"["a", "b"]"#, r#"["b", "a"]"#),
        (r#"{"a": "b"}"#, r#"{"b": "a"}"#),
        (r#"{"a": null}"#, "{}"),
        (r#"{"a": {"b": 1}, "c": {}}"#, r#"{"a": {}, "c": {"b": 1}}"#),
        // Invalid JSON
        ("[1", "[1 "),
        ("{} x", "{}  x"),
    ] {
        assert!(!whole(one, other), "{one} {other}");
    }
}

#[test]
fn an_object_with_a_key_twice_equals_no_other_text() {
    let twice = r#"{"a": 1, "a": 2}"#;
    for other in [
        r#"{"a": 2, "a": 1}"#,
        r#"{"a": 2}"#,
        r#"{"a": 1}"#,
        "{}",
        r#"{"a":1,"\u0061":2}"#,
    ] {
        assert!(!whole(twice, other), "{other}");
    }
    // Pairs of equal members must not cancel each other
    assert!(!whole(r#"{"a": 1, "a": 1}"#, "{}") && !whole(r#"{"a": 1, "a": 1}"#, r#"{"a": 1}"#));
    const LEFT_OUT: Rule = Rule::Fields(&[("a", Rule::Nothing)], &Rule::Whole);
    assert!(!equivalent(twice, "{}", &LEFT_OUT));
}

#[test]
fn rules_limit_the_digest() {
    const RULE: Rule = Rule::Fields(
        &[
            ("out", Rule::Nothing),
            (
                "list",
                Rule::Elements(&Rule::Present(&Rule::Fields(
                    &[("in", Rule::Whole)],
                    &Rule::Nothing,
                ))),
            ),
            (
                "some",
                Rule::Present(&Rule::Fields(&[("out", Rule::Nothing)], &Rule::Whole)),
            ),
        ],
        &Rule::Whole,
    );
    let same = |one, other| equivalent(one, other, &RULE);
    assert!(same(r#"{"out": [1]}"#, "{}"));
    assert!(same(
        r#"{"list": [{"in": 1, "x": 2}, {"in": null}]}"#,
        r#"{"list": [{"in": 1}, {}]}"#
    ));
    assert!(!same(r#"{"list": [{"in": 1}]}"#, r#"{"list": [{"in": 2}]}"#));
    assert!(!same(r#"{"list": [{}]}"#, r#"{"list": [{}, {}]}"#));
    assert!(same(r#"{"some": {"a": null, "out": 1}}"#, "{}") && same(r#"{"some": null}"#, "{}"));
    assert!(!same(r#"{"some": {"a": {}}}"#, "{}"));
    assert!(!same(r#"{"some": {"a": {"b": null}}}"#, r#"{"some": {"a": {}}}"#));
    assert!(!same(r#"{"other": null}"#, "{}"));
    // A rule for another kind of value counts it whole
    assert!(!same(r#"{"list": {"in": 1}}"#, r#"{"list": {"x": 1, "in": 1}}"#));
    assert!(!same(r#"{"some": [1]}"#, r#"{"some": [2]}"#));
}

#[test]
fn depth_and_breadth_are_bounded() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(digest(&deep, &Rule::Whole).is_err());
    let broad = |count: usize| {
        let members: Vec<String> = (0..count).map(|at| format!("\"{at}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(digest(&broad(MAX_MEMBERS), &Rule::Whole).is_ok());
    let error = digest(&broad(MAX_MEMBERS + 1), &Rule::Whole)
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than 65536 fields"), "{error}");
    // Objects that are closed take no room
    let many = format!("[{}]", vec![r#"{"a":{"b":1,"c":2}}"#; MAX_MEMBERS / 2].join(","));
    assert!(digest(&many, &Rule::Whole).is_ok());
}

#[test]
fn a_digest_is_stable_over_versions() {
    let digest = digest(
        r#"{"image": "nginx:1", "command": ["a", "b"], "n": [1, -1, 1.5, true, null]}"#,
        &Rule::Whole,
    )
    .unwrap();
    insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&digest), @"c0c46c0326464cba9e3f2e152b46dfde1c7da581a371f81126c617630f1a9d91");
}

/// Values of few kinds, so that two are often alike
fn value() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec!["", "a", "b", "é", "\n\"\\", "\u{1F600}", "/", "\u{1}"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0u64..3).prop_map(Value::from),
        prop::sample::select(vec![u64::MAX, i64::MAX.unsigned_abs()]).prop_map(Value::from),
        (-2i64..1).prop_map(Value::from),
        prop::sample::select(vec![0.0, -0.0, 1.0, 1.5, -1.0, 1e300]).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Writes a value in one of its many forms, which a number picks
fn written(value: &Value, form: &mut u64) -> String {
    fn next(form: &mut u64, below: u64) -> u64 {
        *form = form
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*form >> 33) % below
    }
    let blank = [" ", "", "\n\t"][usize::try_from(next(form, 3)).unwrap()];
    match value {
        Value::String(text) => {
            let mut out = String::from("\"");
            for unit in text.encode_utf16() {
                let plain = char::from_u32(unit.into()).filter(|c| !c.is_control() && !"\"\\".contains(*c));
                match plain {
                    Some(c) if next(form, 2) == 0 => out.push(c),
                    _ => out.push_str(&format!("\\u{unit:04x}")),
                }
            }
            out + "\"" + blank
        }
        Value::Array(list) => {
            let elements: Vec<String> = list.iter().map(|element| written(element, form)).collect();
            format!("[{blank}{}]", elements.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            for at in (1..members.len()).rev() {
                let other = usize::try_from(next(form, at as u64 + 1)).unwrap();
                members.swap(at, other);
            }
            let members: Vec<String> = members
                .into_iter()
                .map(|(key, value)| {
                    format!(
                        "{}:{}",
                        written(&Value::from(key.as_str()), form),
                        written(value, form)
                    )
                })
                .collect();
            format!("{{{blank}{}}}", members.join(","))
        }
        other => format!("{other}{blank}"),
    }
}

/// A value in which another value replaces one inside it
fn changed(value: &Value, with: &Value, at: &mut usize) -> Value {
    if *at == 0 {
        *at = usize::MAX;
        return with.clone();
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter().map(|element| changed(element, with, at)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(key, value)| (key.clone(), changed(value, with, at)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn texts_are_equivalent_if_their_trees_are_equal(
        one in value(), with in value(), at in 0usize..12, first in any::<u64>(), second in any::<u64>(),
    ) {
        let other = changed(&one, &with, &mut { at });
        let (mut first, mut second) = (first, second);
        let texts = [written(&one, &mut first), written(&one, &mut second), written(&other, &mut second)];
        let trees: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert!(whole(&texts[0], &texts[1]), "{} {}", texts[0], texts[1]);
        prop_assert_eq!(whole(&texts[0], &texts[2]), trees[0] == trees[2], "{} {}", texts[0], texts[2]);
    }
}
