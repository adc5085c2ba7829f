//! Another mutating webhook of the cluster, which the tests let do what such webhooks do.

use std::convert::Infallible;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use k8s_openapi::ByteString;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::certificates::Authority;
use super::cluster::Namespace;

/// What the webhook changes about the object of a request, as a JSON patch
type Change = fn(&Value) -> Vec<Value>;

/// Starts a mutating webhook for one namespace's Deployments and pods, under a name behind ramgate's
pub(crate) fn start(space: &Namespace<'_>, change: Change) {
    let client = listen(space, change);
    let rule = |group: &str, resource: &str| {
        json!({
            "apiGroups": [group], "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"], "resources": [resource],
        })
    };
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": format!("zz-{}", space.name)},
        "webhooks": [{
            "name": "neighbour.example.com",
            "clientConfig": client,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}},
            "rules": [rule("apps", "deployments"), rule("", "pods")],
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }],
    });
    space.admin().apply(&webhook).success();
}

/// Starts a server that makes these changes, behind a Service of the namespace, and says how the API server reaches it
pub(crate) fn listen(space: &Namespace<'_>, change: Change) -> Value {
    let folder = space.plane.folder().join(format!("neighbour-{}", space.name));
    let authority = Authority::new("neighbour", &folder);
    let host = format!("neighbour.{}.svc", space.name);
    let pair = authority.server("neighbour", &[&host], 2100);
    let read = |path| fs::read(path).expect("a PEM file");
    let chain = vec![CertificateDer::from_pem_slice(&read(pair.certificate)).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(&read(pair.key)).expect("a key");
    // Already there if the tests of this process have done it before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("TLS");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || serve(listener, TlsAcceptor::from(Arc::new(tls)), change));

    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "neighbour"},
        "spec": {"ports": [{"port": 443}]},
    });
    let path = format!("/api/v1/namespaces/{}/services", space.name);
    let service = space.rest.create(&path, &service).success();
    let address = service["spec"]["clusterIP"].as_str().expect("an address");
    space.plane.egress().route(&format!("{address}:443"), vec![port]);
    json!({
        "service": {"namespace": space.name, "name": "neighbour"},
        "caBundle": ByteString(authority.pem().into_bytes()),
    })
}

fn serve(listener: TcpListener, tls: TlsAcceptor, change: Change) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(stream).await else {
                    return;
                };
                let service = service_fn(move |request| answer(request, change));
                // How a connection ends is the API server's business.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
}

async fn answer(request: Request<Incoming>, change: Change) -> Result<Response<String>, Infallible> {
    let body = axum::body::to_bytes(axum::body::Body::new(request.into_body()), usize::MAX)
        .await
        .unwrap_or_default();
    let review: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut response = json!({"uid": review["request"]["uid"], "allowed": true});
    let patch = change(&review["request"]);
    if !patch.is_empty() {
        response["patchType"] = "JSONPatch".into();
        response["patch"] = json!(ByteString(Value::from(patch).to_string().into_bytes()));
    }
    let answer =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    let answer = Response::builder()
        .header("Content-Type", "application/json")
        .body(answer.to_string());
    Ok(answer.expect("a response"))
}
