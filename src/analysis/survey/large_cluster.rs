//! An API server for measurements, which makes each page of a list when it is asked for, and the memory that they take.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body as AxumBody;
use axum::http::{Request, Response};
use kube::Client;
use serde_json::Value;

use crate::analysis::survey::live::ApiClient;

/// A client of the server; `total` is the length of a resource's list, `object` one object of it, if it has any
pub(crate) fn client(
    total: impl Fn(&str) -> usize + Send + Sync + 'static,
    object: impl Fn(&str, usize) -> Option<Value> + Send + Sync + 'static,
) -> ApiClient {
    let lists = Arc::new((total, object));
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let lists = Arc::clone(&lists);
        async move {
            let (total, object) = &*lists;
            let resource = request.uri().path().rsplit('/').next().unwrap_or_default();
            let query = request.uri().query().unwrap_or_default();
            let all = total(resource);
            let start = parameter(query, "continue").unwrap_or_default();
            let limit = parameter(query, "limit").unwrap_or(all);
            let end = all.min(start.saturating_add(limit));
            // As text, so that a page costs the process no more than its bytes
            let items: Vec<String> = (start..end)
                .filter_map(|number| Some(object(resource, number)?.to_string()))
                .collect();
            let next = if end < all && !items.is_empty() {
                end.to_string()
            } else {
                String::new()
            };
            let page = format!(
                "{{\"metadata\":{{\"continue\":\"{next}\"}},\"items\":[{}]}}",
                items.join(",")
            );
            Ok::<_, Infallible>(Response::new(AxumBody::from(page)))
        }
    });
    ApiClient::new(Client::new(service, "default"))
}

/// The number behind a query parameter
fn parameter(query: &str, name: &str) -> Option<usize> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name)?.1.parse().ok()
}

/// The most memory that the process has used, in MiB
pub(crate) fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
