//! Comparisons of large directories take seconds.

use std::time::{Duration, Instant};

use ramgate::testing::analysis::compare;
use ramgate::testing::config::{Configuration, ParsedDocument, merge};
use serde_json::json;

/// Users who share 100 policies under a control policy; policy P7 has its own value of a tag
fn configuration(users: usize, env_of_p7: &str, control: &str) -> Configuration {
    let policies = (0..100).map(|at| {
        let env = if at == 7 { env_of_p7 } else { "test" };
        let policy = json!({"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": "eci:Create*", "Resource": "*",
             "Condition": {"StringEquals": {"acs:RequestTag/team": format!("t{at}"), "acs:RequestTag/env": env}}},
            {"Effect": "Allow", "Action": ["eci:Update*", "eci:Delete*"], "Resource": "*",
             "Condition": {"StringEquals": {"acs:ResourceTag/team": format!("t{at}")}}},
        ]});
        (format!("P{at}"), ParsedDocument::policy(&format!("P{at}"), policy.to_string().as_bytes()))
    });
    let mut documents: Vec<(String, ParsedDocument)> = policies.collect();
    let users: Vec<_> = (0..users)
        .map(|at| {
            let held = [at % 100, at / 100, (at * 7 + at / 100) % 100];
            let grants: Vec<_> = held
                .iter()
                .map(|policy| json!({"policy": format!("P{policy}")}))
                .collect();
            json!({"name": format!("u{at}"), "policies": grants})
        })
        .collect();
    let account = json!({"id": "1", "region": "cn-a", "controlPolicies": [[control]]});
    let directory = json!({"account": account, "users": users});
    documents.push((
        "directory".to_owned(),
        ParsedDocument::directory(directory.to_string().as_bytes()),
    ));
    merge(documents.iter().map(|(name, document)| (name.as_str(), document))).unwrap()
}

#[test]
fn ten_thousand_users_are_compared_in_seconds() {
    let (old, new) = (
        configuration(10_000, "test", "FullAliyunAccess"),
        configuration(10_000, "stage", "FullAliyunAccess"),
    );
    let start = Instant::now();
    let report = compare(&old, &new);
    let taken = start.elapsed();
    println!("{taken:?} for {} differences", report.differences.len());
    let users: usize = report
        .differences
        .iter()
        .map(|each| each.principals.len())
        .max()
        .unwrap();
    assert!(users > 250 && report.incomplete.is_empty());
    assert!(report.differences.len() < 20, "{}", report.differences.len());
    assert!(taken < Duration::from_secs(20), "{taken:?}");
}

/// A changed control policy applies to every user, so every user needs a search
#[test]
fn a_control_policy_over_a_thousand_users_is_compared_in_seconds() {
    let old = configuration(1_000, "test", "FullAliyunAccess");
    let new = configuration(1_000, "test", "P3");
    let start = Instant::now();
    let report = compare(&old, &new);
    let taken = start.elapsed();
    println!("{taken:?} for {} differences", report.differences.len());
    assert!(report.differences.len() > 50 && report.incomplete.is_empty());
    assert!(taken < Duration::from_secs(60), "{taken:?}");
}
