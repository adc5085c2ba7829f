//! Limits on what a review may hold.

use serde_json::{Value, json};

use crate::admission::review::Review;
use crate::config::{ClusterSettings, DelegatedController};
use crate::kubernetes::template_place::TemplatePlace;

fn many(count: usize, each: impl Fn(usize) -> Value) -> Value {
    (0..count).map(each).collect()
}

fn pairs(count: usize) -> Value {
    Value::Object((0..count).map(|at| (at.to_string(), json!(""))).collect())
}

#[test]
fn elements_of_a_review_are_limited() {
    let review = |templates: usize, groups: usize| {
        let template = json!({"metadata": {"labels": pairs(1_000), "annotations": pairs(1_000)}, "spec": {}});
        let object = json!({"metadata": {}, "spec": {"tasks": many(templates, |_| template.clone())}});
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u",
            "resource": {"group": "example.com", "version": "v1", "resource": "things"}, "namespace": "n",
            "operation": "CREATE", "userInfo": {"username": "alice", "groups": many(groups, |at| json!(at.to_string()))},
            "object": object}})
        .to_string()
    };
    let settings = ClusterSettings {
        carriers: vec![DelegatedController {
            user: "u".to_owned(),
            group: "example.com".to_owned(),
            kind: "Thing".to_owned(),
            resource: "things".to_owned(),
            templates: vec![TemplatePlace::any("spec.tasks")],
            unknown_paths: Vec::new(),
            harmless: Vec::new(),
            verifies_owner: false,
            stored: Vec::new(),
        }],
        ..ClusterSettings::default()
    };
    let read = |templates| {
        let text = review(templates, 1);
        let mut review = Review::parse(text.as_bytes()).unwrap();
        review
            .read_listed(&settings)
            .map(|()| review.templates().len())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read(32), Ok(32));
    assert!(read(33).unwrap_err().contains("more than 65536 labels"));
    assert!(Review::parse(review(1, 4_096).as_bytes()).is_ok());
    let error = Review::parse(review(1, 4_097).as_bytes())
        .unwrap_err()
        .to_string();
    assert!(error.contains("a list has more than 4096 elements"), "{error}");
}
