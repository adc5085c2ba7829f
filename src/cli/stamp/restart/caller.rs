//! The user who runs the command, as the API server knows them.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::cli::command_error::CommandError;
use crate::cli::live_cluster::LiveCluster;
use crate::kubernetes::requester::Requester;
use crate::kubernetes::user_extra::UserExtra;

/// The user who runs the command
pub(super) struct Caller {
    pub(super) user: String,
    pub(super) groups: Vec<String>,
    pub(super) extra: Option<Box<RawValue>>,
}

impl Caller {
    /// With everything that says who they are
    pub(super) fn requester(&self) -> Requester<'_, impl Iterator<Item = &str>> {
        Requester {
            user: &self.user,
            groups: self.groups.iter().map(String::as_str),
            extra: UserExtra::new(self.extra.as_deref()),
        }
    }
}

/// Asks the API server for the caller; `None` if it does not say
///
/// # Errors
///
/// The API server does not answer.
pub(super) async fn read_caller(live: &LiveCluster<'_>) -> Result<Option<Caller>, CommandError> {
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let response = live.client.create("who asks", path, &review).await?;
    let Ok(review) = response.result else {
        return Ok(None);
    };
    let user_info = |field: &str| review.pointer(&format!("/status/userInfo/{field}"));
    let groups = user_info("groups").and_then(Value::as_array);
    let groups = groups.into_iter().flatten().filter_map(Value::as_str);
    Ok(user_info("username").and_then(Value::as_str).map(|user| Caller {
        user: user.to_owned(),
        groups: groups.map(str::to_owned).collect(),
        extra: user_info("extra").and_then(|extra| to_raw_value(extra).ok()),
    }))
}
