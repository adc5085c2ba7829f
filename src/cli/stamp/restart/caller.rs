//! The user who runs the command, as the API server knows them.

use serde_json::{Value, json};

use crate::cli::command_error::CommandError;
use crate::cli::live_cluster::LiveCluster;

/// The user who runs the command
pub(super) struct Caller {
    pub(super) user: String,
    pub(super) groups: Vec<String>,
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
    }))
}
