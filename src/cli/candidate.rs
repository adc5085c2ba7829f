//! `ramgate candidate`: what the candidate configuration would change, and how it comes into force.

mod human;
mod merged;
mod promotion;

use std::fmt::Display;
use std::time::Duration;

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

/// How long one endpoint may take
const PATIENCE: Duration = Duration::from_secs(10);

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
        let found = read_of_replica(&client, namespace, replica, PAGE).await?;
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

/// What an address of one replica says
async fn read_url(url: &Uri) -> Result<Value, CommandError> {
    let failed = |why: &dyn Display| CommandError::Usage(format!("{url}: {why}"));
    let client = Client::try_from(Config::new(url.clone())).map_err(|error| failed(&error))?;
    let request = Request::get(format!("/{PAGE}"))
        .body(Vec::new())
        .map_err(|error| failed(&error))?;
    let text = tokio::time::timeout(PATIENCE, client.request_text(request)).await;
    let text = text.map_err(|_| failed(&format_args!("no answer within {} s", PATIENCE.as_secs())))?;
    let text = text.map_err(|error| match error {
        kube::Error::Service(_) | kube::Error::HyperError(_) => failed(
            &"no connection: forward the admin port of a replica, as in `kubectl --namespace ramgate-system port-forward \
              deployment/ramgate 8080`",
        ),
        error => failed(&error),
    })?;
    serde_json::from_str(&text).map_err(|error| failed(&error))
}

fn report(found: &Value, whose: impl Display) -> Result<CandidateReport, CommandError> {
    let report = serde_json::from_value(found.clone());
    report.map_err(|error| CommandError::Usage(format!("{whose}: no report on a candidate: {error}")))
}

/// What puts the candidate of a cluster in force
async fn promotion(args: &CandidateArgs) -> Result<Promotion, CommandError> {
    let (client, namespace) = (client(args).await?, &args.namespace);
    let config_maps = read_config_maps(&client, namespace).await?;
    Promotion::of(namespace, config_maps)
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
}
