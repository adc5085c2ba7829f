//! `ramgate probe`: asks the API server whether a pod for ECI would be judged, without making one.
//!
//! ```text
//! a marked pod, dry run -> API server -> /mutate, /validate -> their answers as warnings -> healthy, or why not
//! ```

mod findings;

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Method, Request, header};
use clap::Args;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::admission::response::probe::PROBE;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{block_on, check_name, kube_config, no_connection};
use crate::cli::output::{Output, print, print_json};
use crate::cli::probe::findings::{Findings, Reply};

/// Longer than the API server waits for any webhook, 30 s each in two phases
const ATTEMPT: Duration = Duration::from_secs(65);

/// Between two attempts
const PAUSE: Duration = Duration::from_secs(1);

/// The longest answer that is read: the pod, or a Status
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Ask whether ramgate judges pods for ECI, with a pod that is not stored
///
/// The exit code is 2 if nobody judged it.
#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    /// The namespace of the pod; one that ramgate judges
    #[arg(short = 'n', long = "in", value_name = "NS", default_value = "default")]
    namespace: String,
    /// How long to try until both webhooks answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// The context of the kubeconfig, if not the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

pub(super) fn run(args: &ProbeArgs, output: Output) -> Result<Exit, CommandError> {
    check_name("--in", &args.namespace)?;
    let findings = block_on(probe(args))?;
    match output {
        Output::Human => print(&findings.human(&args.namespace))?,
        Output::Json => print_json(&findings.as_json(&args.namespace))?,
    }
    Ok(Exit::good_if(findings.is_healthy()))
}

/// Sends the pod until both webhooks answer, or the time is over
async fn probe(args: &ProbeArgs) -> Result<Findings, CommandError> {
    let config = kube_config(args.context.clone()).await?;
    let client = Client::try_from(config).map_err(no_connection)?;
    let (started, patience) = (Instant::now(), Duration::from_secs(args.timeout));
    loop {
        // A right that was just given counts a moment later, so a refusal is tried again as well
        let found = send(&client, &args.namespace).await.and_then(|reply| {
            Findings::of(&reply).map_err(|reason| {
                CommandError::Usage(format!("{reason}; the pod is sent with your own rights"))
            })
        });
        let is_healthy = found.as_ref().is_ok_and(Findings::is_healthy);
        if is_healthy || started.elapsed() >= patience {
            return found;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sends the pod once
async fn send(client: &Client, namespace: &str) -> Result<Reply, CommandError> {
    let failed = |error: String| CommandError::Usage(format!("the API server did not answer: {error}"));
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!(
            "/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldManager=ramgate-probe"
        ))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(pod(namespace).to_string().into_bytes()))
        .map_err(|error| failed(error.to_string()))?;
    let exchange = async {
        let response = client.send(request).await?;
        let (parts, body) = response.into_parts();
        Ok::<_, kube::Error>((parts, body.collect_bytes().await?))
    };
    let (parts, body) = tokio::time::timeout(ATTEMPT, exchange)
        .await
        .map_err(|_| failed(format!("nothing came for {} s", ATTEMPT.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    let body = body.get(..MAX_BYTES).unwrap_or(&body);
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    Ok(Reply {
        code: parts.status.as_u16(),
        message: status
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        warnings: warnings(&parts.headers),
    })
}

/// A pod for ECI that satisfies the strictest Pod Security Standard; no node could run its image
fn pod(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "ramgate-probe-",
            "namespace": namespace,
            "labels": {"alibabacloud.com/eci": "true"},
            "annotations": {PROBE: "true"},
        },
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "probe",
                "image": "ramgate.invalid/probe",
                "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    })
}

/// The texts of the warnings: `299 - "text"`, with quotation marks and backslashes escaped
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::WARNING).into_iter();
    let texts = values.filter_map(|value| {
        let text = std::str::from_utf8(value.as_bytes()).ok()?;
        let (_, quoted) = text.split_once('"')?;
        let inner = quoted.rsplit_once('"').map_or(quoted, |(inner, _)| inner);
        Some(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_read_from_their_headers() {
        let mut headers = HeaderMap::new();
        headers.append(header::WARNING, r#"299 - "tag \"env\" \\ x""#.parse().unwrap());
        headers.append(header::WARNING, "none".parse().unwrap());
        assert_eq!(warnings(&headers), [r#"tag "env" \ x"#]);
    }
}
