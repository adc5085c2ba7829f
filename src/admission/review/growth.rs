//! The fields by which an update asks for more pods of the same template.
//!
//! | kind | fields |
//! | --- | --- |
//! | Deployment, ReplicaSet, StatefulSet, ReplicationController, a Scale, listed kinds | `spec.replicas` |
//! | Job | `spec.parallelism`, `spec.completions`, `spec.backoffLimit`; the end of `spec.suspend` |
//! | CronJob | `spec.schedule`, `spec.timeZone`, `spec.concurrencyPolicy`; the end of `spec.suspend`; those of a Job in `spec.jobTemplate` |
//!
//! The chart's match condition `ramgate.cel.grows` has the same list.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::kubernetes::deserialize::null_as_default;

/// The fields that determine how many pods are made from a template, as JSON texts
#[derive(Debug, Default, Deserialize)]
pub(super) struct Size<'a> {
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    spec: Spec<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    replicas: Option<&'a RawValue>,
    #[serde(borrow)]
    schedule: Option<&'a RawValue>,
    #[serde(borrow)]
    time_zone: Option<&'a RawValue>,
    #[serde(borrow)]
    concurrency_policy: Option<&'a RawValue>,
    #[serde(borrow)]
    parallelism: Option<&'a RawValue>,
    #[serde(borrow)]
    completions: Option<&'a RawValue>,
    #[serde(borrow)]
    backoff_limit: Option<&'a RawValue>,
    #[serde(borrow)]
    suspend: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    job_template: JobTemplate<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct JobTemplate<'a> {
    #[serde(borrow)]
    spec: Option<Box<Spec<'a>>>,
}

/// The defaults of a Job
const PARALLELISM: u64 = 1;
const BACKOFF_LIMIT: u64 = 6;

impl<'a> Size<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Whether this version may make more pods than the one before
    ///
    /// ```text
    /// replicas: 1        -> replicas: 2         true
    /// suspend: true      -> suspend: false      true
    /// schedule: @daily   -> schedule: @weekly   true: any change of the timing
    /// replicas: 2        -> replicas: 1         false
    /// ```
    pub(super) fn exceeds(&self, before: &Self) -> bool {
        let (now, was) = (&self.spec, &before.spec);
        let timing = |spec: &Spec<'a>| {
            [spec.schedule, spec.time_zone, spec.concurrency_policy].map(|value| value.map(RawValue::get))
        };
        let none = Spec::default();
        let job = |spec: &'_ Spec<'a>| -> [Option<&'a RawValue>; 4] {
            let job = spec.job_template.spec.as_deref().unwrap_or(&none);
            job.counts()
        };
        is_more(text(now.replicas), text(was.replicas), 0)
            || timing(now) != timing(was)
            || exceeds(now.counts(), was.counts())
            || exceeds(job(now), job(was))
    }
}

impl<'a> Spec<'a> {
    /// Parallelism, completions, backoffLimit and suspend
    fn counts(&self) -> [Option<&'a RawValue>; 4] {
        [
            self.parallelism,
            self.completions,
            self.backoff_limit,
            self.suspend,
        ]
    }
}

fn exceeds(now: [Option<&RawValue>; 4], was: [Option<&RawValue>; 4]) -> bool {
    let [parallelism, completions, backoff, suspend] = now.map(text);
    let [old_parallelism, old_completions, old_backoff, was_suspended] = was.map(text);
    is_more(parallelism, old_parallelism, PARALLELISM)
        || is_more(completions, old_completions, 0)
        || is_more(backoff, old_backoff, BACKOFF_LIMIT)
        || was_suspended == "true" && suspend != "true"
}

fn text(value: Option<&RawValue>) -> &str {
    value.map_or("", RawValue::get)
}

/// Whether a count is above another; a text that is no number counts as an absent field
fn is_more(now: &str, was: &str, absent: u64) -> bool {
    let count = |text: &str| text.parse().unwrap_or(absent);
    count(now) > count(was)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
            let text = |spec: &Value| json!({ "spec": spec }).to_string();
            let (less, more) = (text(&less), text(&more));
            let (less, more) = (Size::parse(&less).unwrap(), Size::parse(&more).unwrap());
            assert!(more.exceeds(&less), "{more:?}");
            assert!(!less.exceeds(&more) && !more.exceeds(&more), "{less:?}");
        }
        // Which of two is more cannot be told here.
        for field in ["schedule", "timeZone", "concurrencyPolicy"] {
            let text = |value: &str| json!({"spec": {field: value}}).to_string();
            let (a, b) = (text("a"), text("b"));
            let (a, b) = (Size::parse(&a).unwrap(), Size::parse(&b).unwrap());
            assert!(a.exceeds(&b) && b.exceeds(&a), "{field}");
            assert!(!a.exceeds(&a));
        }
    }
}
