//! The fields by which an object asks for more pods of a template that stays as it is.
//!
//! | kind | fields |
//! | --- | --- |
//! | Deployment, ReplicaSet, StatefulSet, ReplicationController, a Scale, listed kinds | `spec.replicas` |
//! | Job | `spec.parallelism`, `spec.completions`, `spec.backoffLimit`; the end of `spec.suspend` |
//! | CronJob | `spec.schedule`, `spec.timeZone`, `spec.concurrencyPolicy`; the end of `spec.suspend`; those of a Job in `spec.jobTemplate` |
//!
//! The chart's match condition `ramgate.cel.grows` has the same list.

use serde::Deserialize;
use serde_json::Value;

use crate::admission::pod::present;

/// What of an object says how many pods are made of its template
#[derive(Debug, Default, Deserialize)]
pub(super) struct Size {
    #[serde(default, deserialize_with = "present")]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(flatten)]
    job: JobSpec,
    #[serde(default)]
    replicas: Value,
    #[serde(default)]
    schedule: Value,
    #[serde(default)]
    time_zone: Value,
    #[serde(default)]
    concurrency_policy: Value,
    #[serde(default, deserialize_with = "present")]
    job_template: JobTemplate,
}

#[derive(Debug, Default, Deserialize)]
struct JobTemplate {
    #[serde(default, deserialize_with = "present")]
    spec: JobSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobSpec {
    #[serde(default)]
    parallelism: Value,
    #[serde(default)]
    completions: Value,
    #[serde(default)]
    backoff_limit: Value,
    #[serde(default)]
    suspend: Value,
}

/// What the API server fills in for a Job
const PARALLELISM: u64 = 1;
const BACKOFF_LIMIT: u64 = 6;

impl Size {
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Whether more pods may come of this one than of the other
    pub(super) fn exceeds(&self, before: &Self) -> bool {
        let (now, was) = (&self.spec, &before.spec);
        let timing = |spec: &Spec| {
            [
                spec.schedule.clone(),
                spec.time_zone.clone(),
                spec.concurrency_policy.clone(),
            ]
        };
        is_more(&now.replicas, &was.replicas, 0)
            || timing(now) != timing(was)
            || now.job.exceeds(&was.job)
            || now.job_template.spec.exceeds(&was.job_template.spec)
    }
}

impl JobSpec {
    fn exceeds(&self, before: &Self) -> bool {
        is_more(&self.parallelism, &before.parallelism, PARALLELISM)
            || is_more(&self.completions, &before.completions, 0)
            || is_more(&self.backoff_limit, &before.backoff_limit, BACKOFF_LIMIT)
            || before.suspend == Value::Bool(true) && self.suspend != Value::Bool(true)
    }
}

/// Whether a count is above another; what is no count is what an absent one means
fn is_more(now: &Value, was: &Value, absent: u64) -> bool {
    let count = |value: &Value| value.as_u64().unwrap_or(absent);
    count(now) > count(was)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_that_multiplies_pods_is_told_in_either_direction() {
        for (less, more) in [
            (json!({"replicas": 1}), json!({"replicas": 2})),
            (json!({}), json!({"replicas": 1})),
            (json!({"parallelism": 1}), json!({"parallelism": 2})),
            (json!({}), json!({"parallelism": 2})),
            (json!({"parallelism": 0}), json!({})),
            (json!({"completions": 1}), json!({"completions": 2})),
            (json!({"backoffLimit": 1}), json!({"backoffLimit": 2})),
            (json!({"suspend": true}), json!({"suspend": false})),
            (json!({"suspend": true}), json!({})),
            (
                json!({"jobTemplate": {"spec": {"parallelism": 1}}}),
                json!({"jobTemplate": {"spec": {"parallelism": 9}}}),
            ),
            (
                json!({"jobTemplate": {"spec": {"completions": 1}}}),
                json!({"jobTemplate": {"spec": {"completions": 9}}}),
            ),
            (
                json!({"jobTemplate": {"spec": {"suspend": true}}}),
                json!({"jobTemplate": {"spec": null}}),
            ),
        ] {
            let size = |spec: &Value| Size::parse(&json!({"spec": spec}).to_string()).unwrap();
            let (less, more) = (size(&less), size(&more));
            assert!(more.exceeds(&less), "{more:?}");
            assert!(!less.exceeds(&more) && !more.exceeds(&more), "{less:?}");
        }
        // Which of two is more cannot be told here.
        for field in ["schedule", "timeZone", "concurrencyPolicy"] {
            let size = |text: &str| Size::parse(&json!({"spec": {field: text}}).to_string()).unwrap();
            assert!(
                size("a").exceeds(&size("b")) && size("b").exceeds(&size("a")),
                "{field}"
            );
            assert!(!size("a").exceeds(&size("a")));
        }
    }
}
