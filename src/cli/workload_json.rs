//! Parts of an evaluated workload as JSON, the same in all commands.

use serde_json::{Value, json};

use crate::analysis::survey::EvaluatedWorkload;
use crate::analysis::survey::obstacle::Obstacle;
use crate::config::Exception;

pub(super) fn obstacles_json(obstacles: &[Obstacle]) -> Value {
    let obstacle = |obstacle: &Obstacle| {
        json!({
            "code": obstacle.code,
            "message": obstacle.message,
            "field": obstacle.field,
            "fix": obstacle.fix,
        })
    };
    obstacles.iter().map(obstacle).collect()
}

pub(super) fn exception_json(exception: Option<&Exception>) -> Value {
    let exception = exception.map(|exception| {
        json!({
            "name": exception.name,
            "until": exception.until.to_string(),
            "reason": exception.reason,
            "owner": exception.owner,
        })
    });
    exception.unwrap_or_default()
}

pub(super) fn needs_json(workload: &EvaluatedWorkload) -> Value {
    let needs = workload.needs.iter().map(|need| {
        let tags = need
            .tags
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        json!({
            "action": need.action,
            "resource": need.resource,
            "resourceGroup": need.resource_group,
            "tags": tags.collect::<serde_json::Map<_, _>>(),
        })
    });
    needs.collect()
}

pub(super) fn written_by_json(workload: &EvaluatedWorkload) -> Value {
    let writer = workload.written_by.as_ref();
    let writer = writer.map(|writer| json!({"client": writer.client, "time": writer.time}));
    writer.unwrap_or_default()
}
