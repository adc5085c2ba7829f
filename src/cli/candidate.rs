//! `ramgate candidate`: what the candidate configuration would change, and how it comes into force.

mod document_texts;
mod human;
mod merged;
mod promotion;

use std::fmt::Display;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Uri};
use clap::Args;
use kube::{Client, Config};
use serde_json::Value;

use crate::analysis::survey::live::{ApiClient, read_config_maps, read_of_replica, read_replicas};
use crate::candidate::report::CandidateReport;
use crate::cli::candidate::merged::MergedReport;
use crate::cli::candidate::promotion::Promotion;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{block_on, check_name, kube_config, no_connection};
use crate::cli::output::{Output, print, print_error, print_json};
use crate::wording::clipped;

/// How long one endpoint may take
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer of an address that is read; a report with all its rows is far below
const MAX_BYTES: usize = MAX_MIB * 1024 * 1024;
const MAX_MIB: usize = 4;

/// The longest text of a server in a message
const LONGEST_TEXT: usize = 600;

/// The page of the admin port
const PAGE: &str = "candidate";

/// Show what the candidate configuration would change, or print what puts it in force
///
/// The exit code is 2 if it would deny anything that is allowed now.
#[derive(Debug, Args)]
pub(super) struct CandidateArgs {
    /// Print the ConfigMaps that put the candidate in force, for kubectl apply, and nothing else
    #[arg(long)]
    promote: bool,
    /// Read this address of one replica, such as <http://127.0.0.1:8080>, and no cluster
    #[arg(long, value_name = "URL", value_parser = address, conflicts_with = "promote")]
    from: Option<Uri>,
    /// The namespace that ramgate is installed in
    #[arg(long, value_name = "NS", default_value = "ramgate-system")]
    namespace: String,
    /// The context of the kubeconfig, if not the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

pub(super) fn run(args: &CandidateArgs, output: Output) -> Result<Exit, CommandError> {
    check_name("--namespace", &args.namespace)?;
    if args.promote {
        let promotion = block_on(promotion(args))?;
        print(&promotion.text())?;
        print_error(&promotion.next_steps());
        return Ok(Exit::Good);
    }
    let report = block_on(read(args))?;
    match output {
        Output::Human => print(&human::text(&report))?,
        Output::Json => print_json(&report.as_json())?,
    }
    Ok(report.exit())
}

async fn read(args: &CandidateArgs) -> Result<MergedReport, CommandError> {
    match &args.from {
        Some(url) => Ok(MergedReport::of(vec![report(&read_url(url).await?, url)?])),
        None => read_pods(args).await,
    }
}

async fn client(args: &CandidateArgs) -> Result<ApiClient, CommandError> {
    let config = kube_config(args.context.clone()).await?;
    Ok(ApiClient::new(Client::try_from(config).map_err(no_connection)?))
}

/// The merged reports of all replicas
async fn read_pods(args: &CandidateArgs) -> Result<MergedReport, CommandError> {
    let (client, namespace) = (client(args).await?, &args.namespace);
    let replicas = read_replicas(&client, namespace).await?;
    let (ready, others): (Vec<_>, Vec<_>) = replicas.into_iter().partition(|replica| replica.is_ready);
    if ready.is_empty() {
        return Err(CommandError::Usage(format!(
            "no pod of ramgate is ready in namespace {namespace}: --namespace is where ramgate is installed"
        )));
    }
    let mut reports = Vec::new();
    for replica in &ready {
        let found = read_of_replica(&client, namespace, replica, PAGE).await;
        let found = found.map_err(|error| with_one_line(error.into()))?;
        let found = found.ok_or_else(|| {
            CommandError::Usage(format!(
                "pod {} has no /{PAGE}: it is of an older version",
                replica.name
            ))
        })?;
        reports.push(report(&found, &replica.name)?);
    }
    let mut merged = MergedReport::of(reports);
    let note = |name: &String| format!("pod {name} is not ready, and what it counted is not here");
    merged
        .notes
        .extend(others.iter().map(|replica| note(&replica.name)));
    Ok(merged)
}

/// The address of a replica's admin port, without a path
fn address(text: &str) -> Result<Uri, String> {
    let wanted = "write it as http://127.0.0.1:8080, the address of a replica's admin port";
    let url: Uri = text.parse().map_err(|_| wanted.to_owned())?;
    let is_page = |path: &str| ["", "/"].contains(&path) || path == format!("/{PAGE}");
    let authority = url
        .authority()
        .filter(|_| is_page(url.path()) && url.query().is_none());
    match (url.scheme_str(), authority) {
        (Some(scheme @ ("http" | "https")), Some(authority)) => format!("{scheme}://{authority}/")
            .parse()
            .map_err(|_| wanted.to_owned()),
        _ => Err(wanted.to_owned()),
    }
}

/// What an address of one replica says; nothing vouches for who answers there
async fn read_url(url: &Uri) -> Result<Value, CommandError> {
    let failed = |why: &dyn Display| CommandError::Usage(format!("{url}: {}", one_line(why)));
    let client = Client::try_from(Config::new(url.clone())).map_err(|error| failed(&error))?;
    let request = Request::get(format!("/{PAGE}"))
        .body(kube::client::Body::empty())
        .map_err(|error| failed(&error))?;
    let answer = async {
        let response = client.send(request).await.map_err(|error| match error {
            kube::Error::Service(_) | kube::Error::HyperError(_) => failed(
                &"no connection: forward the admin port of a replica, as in `kubectl --namespace ramgate-system port-forward \
                  deployment/ramgate 8080`",
            ),
            error => failed(&error),
        })?;
        let (parts, body) = response.into_parts();
        let body = to_bytes(Body::new(body), MAX_BYTES).await;
        let body = body.map_err(|error| match error.to_string() {
            text if text.contains("length limit") => {
                failed(&format_args!("the answer is longer than {} MiB", MAX_MIB))
            }
            text => failed(&text),
        })?;
        if parts.status.is_success() {
            return Ok(body);
        }
        let text = String::from_utf8_lossy(&body);
        Err(failed(&format_args!("the answer is {}: {text}", parts.status)))
    };
    let body = tokio::time::timeout(PATIENCE, answer).await;
    let body = body.map_err(|_| failed(&format_args!("no answer within {} s", PATIENCE.as_secs())))?;
    serde_json::from_slice(&body?).map_err(|error| failed(&error))
}

/// A text of a server on one line
fn one_line(text: &dyn Display) -> String {
    clipped(&text.to_string(), LONGEST_TEXT)
}

/// An error whose text may come from a pod
fn with_one_line(error: CommandError) -> CommandError {
    match error {
        CommandError::Usage(text) => CommandError::Usage(one_line(&text)),
        other => other,
    }
}

fn report(found: &Value, whose: impl Display) -> Result<CandidateReport, CommandError> {
    let report = serde_json::from_value(found.clone());
    report.map_err(|error| {
        let error = one_line(&error);
        CommandError::Usage(format!("{whose}: no report on a candidate: {error}"))
    })
}

/// What puts the candidate of a cluster in force
async fn promotion(args: &CandidateArgs) -> Result<Promotion, CommandError> {
    let (client, namespace) = (client(args).await?, &args.namespace);
    let config_maps = read_config_maps(&client, namespace).await?;
    let promotion = Promotion::of(namespace, config_maps)?;
    check_new_names(&client, namespace, &promotion).await?;
    Ok(promotion)
}

/// Refuses a new name that a ConfigMap without ramgate's label has, which an apply would change
async fn check_new_names(
    client: &ApiClient,
    namespace: &str,
    promotion: &Promotion,
) -> Result<(), CommandError> {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    for name in promotion.new_names() {
        let what = format!("ConfigMap {name}");
        if client.get(&what, &path, name).await?.is_some() {
            return Err(CommandError::Usage(format!(
                "{what} exists and is not ramgate's: give the candidate another name"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_no_path_of_its_own() {
        for text in [
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:8080/candidate",
        ] {
            assert_eq!(address(text).unwrap(), "http://127.0.0.1:8080/");
        }
        assert_eq!(address("https://a:1").unwrap(), "https://a:1/");
        for text in [
            "127.0.0.1:8080",
            "localhost",
            "ftp://a",
            "http://a/x",
            "http://a/?b",
            "http://",
            "a b",
            "",
        ] {
            assert!(
                address(text).unwrap_err().starts_with("write it as http://"),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_that_listens_is_said_with_the_way_to_a_replica() {
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = read_url(&address(&format!("http://{free}")).unwrap())
            .await
            .unwrap_err();
        let error = error.to_string();
        assert!(error.contains("no connection: forward the admin port"), "{error}");
    }

    #[tokio::test]
    async fn a_config_map_of_somebody_else_is_not_overwritten() {
        let candidate = serde_json::json!({"metadata": {"name": "next", "labels": {"ramgate.io/config": "directory",
            "ramgate.io/candidate": "true"}}, "data": {"x": "account: {id: '1', region: r}\nusers: [{name: a}]\n"}});
        let promotion = Promotion::of("n", vec![serde_json::from_value(candidate).unwrap()]).unwrap();
        for (status, is_free) in [(404, true), (200, false)] {
            let service = tower::service_fn(move |request: Request<kube::client::Body>| {
                assert_eq!(
                    request.uri().path(),
                    "/api/v1/namespaces/n/configmaps/next-promoted"
                );
                let body = serde_json::json!({"kind": "Status", "status": "Failure", "message": "", "reason": "",
                    "code": status});
                let response = axum::http::Response::builder().status(status);
                let response = response.body(axum::body::Body::from(body.to_string())).unwrap();
                async move { Ok::<_, std::convert::Infallible>(response) }
            });
            let client = ApiClient::new(Client::new(service, "default"));
            let checked = check_new_names(&client, "n", &promotion).await;
            assert_eq!(checked.is_ok(), is_free, "{checked:?}");
        }
    }

    /// What is said of one answer of a server
    async fn error_of(head: &'static str, body: Vec<u8>) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = address(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await.unwrap();
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = socket.write_all(&body).await;
        });
        let error = read_url(&url).await.unwrap_err().to_string();
        server.abort();
        error
    }

    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_its_end() {
        let mut body = vec![b'a'; 5 * 1024 * 1024];
        body.insert(0, b'"');
        body.push(b'"');
        let error = error_of("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", body).await;
        assert!(error.contains("longer than 4 MiB"), "{error}");
    }

    #[tokio::test]
    async fn an_error_is_said_on_one_line_without_control_characters() {
        let body = "\u{1b}[2J\u{202e}moc\nFORGED\n".repeat(999).into_bytes();
        let error = error_of("HTTP/1.1 500 No\r\nconnection: close\r\n\r\n", body).await;
        assert!(error.contains("500") && error.contains("FORGED"), "{error}");
        let is_odd = |c: char| c.is_control() || crate::wording::is_invisible(c);
        assert!(!error.contains(is_odd) && error.len() < 1000, "{error:?}");
        let body = br#"{"state": 7, "\u001b[2J": "\u202e"}"#.to_vec();
        let moved = error_of(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n",
            body,
        )
        .await;
        assert!(moved.contains("302"), "{moved}");
    }
}
