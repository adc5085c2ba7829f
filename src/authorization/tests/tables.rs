//! Rows of the conformance table about queries and logs.

use serde_json::json;

use crate::authorization::tests::*;

#[test]
fn rows_of_the_resource_groups() {
    let given = Given::new(&[]);
    // A label decides the group, so that a list can name one
    let mapped = Given::new(&[(
        "cluster:",
        "mapping: {resourceGroupId: {from: {podLabel: group}, mode: enforce}}\ncluster:",
    )]);
    let named = |user: &str, group: &str| list(user).labels(&[("group", group)]);
    hold(
        &given,
        &[
            ("S19 the account lists all", list("root"), false),
            ("S22 no group asked for", list("test"), true),
            ("S43 rights for the whole account", list("all"), false),
            (
                "S24 one of the own group",
                get("test", &grouped("rg-test1")),
                false,
            ),
            (
                "S25 one of another group",
                get("test", &grouped("rg-default1")),
                true,
            ),
            (
                "S26 S27 logs for the account",
                get("root", &pod(json!({}))).log(),
                false,
            ),
            (
                "S28 S40 a log in the own group",
                get("test", &grouped("rg-test1")).log(),
                false,
            ),
            (
                "S29 a log in another group",
                get("test", &pod(json!({}))).log(),
                true,
            ),
        ],
    );
    hold(
        &mapped,
        &[
            (
                "S20 S24 the own group asked for",
                named("test", "rg-test1"),
                false,
            ),
            (
                "S20 the account asks for a group",
                named("root", "rg-test1"),
                false,
            ),
            (
                "S23 S38 another group asked for",
                named("test", "rg-default1"),
                true,
            ),
            ("S23 an unknown group asked for", named("test", "rg-gone1"), true),
            (
                "S21 an unknown group shows nothing",
                named("root", "rg-gone1"),
                true,
            ),
            ("S22 no group asked for", list("test"), true),
        ],
    );
}

#[test]
fn rows_of_the_tags() {
    let env = [("env", "test")];
    let named = |user: &str, tags: &str| get(user, &tagged(tags)).with("verb", json!("list"));
    hold(
        &Given::new(&[]),
        &[
            (
                "S95 S100 the instance has the tag",
                get("tags", &tagged("env:test")),
                false,
            ),
            ("S96 S102 it has not", get("tags", &tagged("env:prod")), true),
            ("S96 it has none", get("tags", &pod(json!({}))), true),
            (
                "S97 S101 the filter has the tag",
                list("tags").labels(&env),
                false,
            ),
            ("S98 S102 there is none", list("tags"), true),
            ("S98 it is another", list("tags").labels(&[("env", "prod")]), true),
            (
                "S97 among others",
                list("tags").labels(&[("app", "web"), ("env", "test")]),
                false,
            ),
            (
                "S99 S100 an instance decides, whatever its labels",
                named("tags", "env:prod").labels(&env),
                true,
            ),
            (
                "S99 so it does without a selector",
                named("tags", "env:test"),
                false,
            ),
            (
                "S99 a selector helps where the instance has the tag",
                named("asked", "env:test").labels(&env),
                false,
            ),
            (
                "S99 without it there is nothing to help",
                named("asked", "env:test"),
                true,
            ),
            (
                "S99 a label that the instance has no tag for",
                named("asked", "env:prod").labels(&env),
                true,
            ),
            ("S66 the older key", get("older", &tagged("env:test")), true),
            ("S67", get("older", &tagged("env:test,name:liumi")), false),
            ("S68", list("older").labels(&env), true),
            (
                "S69",
                list("older").labels(&[("env", "test"), ("name", "liumi")]),
                false,
            ),
            ("S71", list("older"), true),
            (
                "S106 a log goes by the instance",
                get("tags", &tagged("env:test")).log(),
                false,
            ),
            ("S106", get("tags", &tagged("env:prod")).log(), true),
        ],
    );
}
