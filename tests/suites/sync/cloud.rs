//! A cloud: RAM, ResourceManager and STS behind one address, over TLS.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aws_lc_rs::{digest, hmac};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};
use data_encoding::HEXLOWER;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::account::{AccountData, Arguments};

/// The key of the environment
pub(crate) const KEY: (&str, &str, &str) = (
    "LTAI-environment",
    "environment-secret-1234",
    "environment-token-5678",
);
/// The pod's token for RRSA
pub(crate) const POD_TOKEN: &str = "pod-token-header.payload.signature";
/// The names of RRSA
pub(crate) const ROLE: &str = "acs:ram::1234567890123456:role/ramgate-sync";
pub(crate) const PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1";

/// A call that passed all checks of its form and signature
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) host: String,
    pub(crate) action: String,
    pub(crate) arguments: Arguments,
    /// The number of calls of this action before
    pub(crate) before: usize,
    /// The token that it was signed with
    pub(crate) token: String,
}

/// An answer before it is sent
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ends in the middle of the body
    pub(crate) is_cut: bool,
}

/// What becomes of an answer
type Tamper = Box<dyn Fn(&Call, Answer) -> Answer + Send + Sync>;

/// How the cloud behaves
pub(crate) struct Behaviour {
    pub(crate) account: AccountData,
    /// The most items of a page of RAM
    pub(crate) ram_page: usize,
    /// How long a token of the role is valid
    pub(crate) token_life: SignedDuration,
    /// The names in the certificate, if not the hosts of the services
    pub(crate) certificate_names: Vec<String>,
    pub(crate) tamper: Tamper,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    nonces: HashSet<String>,
    /// Secret, token and expiry by key id
    keys: BTreeMap<String, (String, String, Timestamp)>,
    issued: usize,
    requests: usize,
    /// Mistakes of the client, each of which fails the test
    mistakes: Vec<String>,
}

/// A running cloud
pub(crate) struct Cloud {
    pub(crate) address: SocketAddr,
    pub(crate) ca_file: PathBuf,
    behaviour: Arc<Behaviour>,
    state: Arc<Mutex<State>>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            account: AccountData::default(),
            ram_page: 1000,
            token_life: SignedDuration::from_hours(1),
            certificate_names: Vec::new(),
            tamper: Box::new(|_, answer| answer),
        }
    }
}

impl Behaviour {
    /// A cloud that changes answers
    pub(crate) fn tampering(tamper: impl Fn(&Call, Answer) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            tamper: Box::new(tamper),
            ..Self::default()
        }
    }

    /// A cloud that changes the answers of one action
    pub(crate) fn tampering_with(
        action: &'static str,
        tamper: impl Fn(&Call, Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::tampering(move |call, answer| {
            if call.action == action {
                tamper(call, answer)
            } else {
                answer
            }
        })
    }
}

impl Answer {
    fn new(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json;charset=utf-8".to_owned())];
        Self {
            status,
            headers,
            body: body.to_string().into_bytes(),
            is_cut: false,
        }
    }

    /// An error as the services write it
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"RequestId": uuid(code), "HostId": "ram.aliyuncs.com", "Code": code, "Message": message,
            "Recommend": "https://api.aliyun.com/troubleshoot"});
        Self::new(status, &body)
    }

    /// The same with another body
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        change(&mut body);
        self.body = body.to_string().into_bytes();
        self
    }
}

/// A text that looks like a RequestId and differs for each seed
fn uuid(seed: &str) -> String {
    let hash = HEXLOWER
        .encode(digest::digest(&digest::SHA256, seed.as_bytes()).as_ref())
        .to_uppercase();
    let part = |start: usize, length: usize| hash.chars().skip(start).take(length).collect::<String>();
    [part(0, 8), part(8, 4), part(12, 4), part(16, 4), part(20, 12)].join("-")
}

/// The services' hosts, with the version of each API and its actions
fn service(host: &str) -> Option<(&'static str, &'static [&'static str])> {
    const RAM: &[&str] = &[
        "ListUsers",
        "ListGroups",
        "ListUsersForGroup",
        "ListRoles",
        "GetRole",
        "GetPolicy",
    ];
    Some(match host {
        "ram.aliyuncs.com" | "ram.vpc-proxy.aliyuncs.com" => ("2015-05-01", RAM),
        "resourcemanager.aliyuncs.com" | "resourcemanager.vpc-proxy.aliyuncs.com" => {
            ("2020-03-31", &["ListResourceGroups", "ListPolicyAttachments"])
        }
        "sts.aliyuncs.com" | "sts-vpc.cn-hangzhou.aliyuncs.com" => {
            ("2015-04-01", &["GetCallerIdentity", "AssumeRoleWithOIDC"])
        }
        _ => return None,
    })
}

const HOSTS: [&str; 6] = [
    "ram.aliyuncs.com",
    "resourcemanager.aliyuncs.com",
    "sts.aliyuncs.com",
    "ram.vpc-proxy.aliyuncs.com",
    "resourcemanager.vpc-proxy.aliyuncs.com",
    "sts-vpc.cn-hangzhou.aliyuncs.com",
];

impl Cloud {
    /// Starts a cloud, whose authority is written into the folder
    pub(crate) async fn start(behaviour: Behaviour, folder: &Path) -> Self {
        let mut ca = CertificateParams::new(Vec::<String>::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = match behaviour.certificate_names.as_slice() {
            [] => HOSTS.map(str::to_owned).to_vec(),
            names => names.to_vec(),
        };
        let leaf = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let ca_file = folder.join("cloud-ca.pem");
        std::fs::write(&ca_file, ca.pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = Timestamp::now() + SignedDuration::from_hours(1);
        let environment = (KEY.1.to_owned(), KEY.2.to_owned(), far);
        let cloud = Self {
            address: listener.local_addr().unwrap(),
            ca_file,
            behaviour: Arc::new(behaviour),
            state: Arc::new(Mutex::new(State {
                keys: BTreeMap::from([(KEY.0.to_owned(), environment)]),
                ..State::default()
            })),
        };
        let (behaviour, state) = (Arc::clone(&cloud.behaviour), Arc::clone(&cloud.state));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, behaviour, state) =
                    (acceptor.clone(), Arc::clone(&behaviour), Arc::clone(&state));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
                    let service = service_fn(move |request| {
                        let (behaviour, state, name) =
                            (Arc::clone(&behaviour), Arc::clone(&state), name.clone());
                        async move { Ok::<_, Infallible>(answer(&behaviour, &state, &name, request).await) }
                    });
                    let _ended = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        cloud
    }

    /// The calls so far; panics if one of them was not as the API wants it
    pub(crate) fn calls(&self) -> Vec<Call> {
        let state = self.state.lock().unwrap();
        assert!(state.mistakes.is_empty(), "{:#?}", state.mistakes);
        state.calls.clone()
    }

    /// How many calls of an action came
    pub(crate) fn count(&self, action: &str) -> usize {
        self.calls().iter().filter(|call| call.action == action).count()
    }

    /// How many requests came, whatever they were
    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

async fn answer(
    behaviour: &Behaviour,
    state: &Mutex<State>,
    name: &str,
    request: Request<hyper::body::Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), 1 << 20).await.unwrap();
    let request = Request::from_parts(head, body);
    let answer = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        let number = state.requests;
        match accepted(behaviour, &mut state, name, &request) {
            Ok(call) => {
                state.calls.push(call.clone());
                (behaviour.tamper)(&call, good(behaviour, &mut state, &call, number))
            }
            Err(mistake) => {
                state.mistakes.push(mistake.clone());
                Answer::error(400, "IncompleteSignature", &mistake)
            }
        }
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    if answer.is_cut {
        let half = answer.body[..answer.body.len() / 2].to_vec();
        let pieces = [Ok(Bytes::from(half)), Err(std::io::Error::other("gone"))];
        let body = Body::from_stream(futures::stream::iter(pieces));
        return response
            .header("content-length", answer.body.len())
            .body(body)
            .unwrap();
    }
    response.body(Body::from(answer.body)).unwrap()
}

/// The answer of a cloud in order
fn good(behaviour: &Behaviour, state: &mut State, call: &Call, number: usize) -> Answer {
    let answer = match call.action.as_str() {
        "AssumeRoleWithOIDC" => Ok(issue(behaviour, state)),
        action => {
            let expired = state
                .keys
                .values()
                .any(|(_, token, expiry)| *token == call.token && *expiry <= Timestamp::now());
            if expired {
                return Answer::error(
                    403,
                    "InvalidSecurityToken.Expired",
                    "Specified SecurityToken is expired.",
                );
            }
            behaviour
                .account
                .answer(action, &call.arguments, behaviour.ram_page)
        }
    };
    match answer {
        Ok(mut answer) => {
            answer["RequestId"] = json!(uuid(&number.to_string()));
            Answer::new(200, &answer)
        }
        Err(code) => Answer::error(404, code, "it does not exist"),
    }
}

/// A token of the role
fn issue(behaviour: &Behaviour, state: &mut State) -> Value {
    state.issued += 1;
    let (id, secret, token) = (
        format!("STS.id{}", state.issued),
        format!("sts-secret-{}", state.issued),
        format!("sts-token-{}", state.issued),
    );
    let expiry = Timestamp::now() + behaviour.token_life;
    state
        .keys
        .insert(id.clone(), (secret.clone(), token.clone(), expiry));
    json!({
        "Credentials": {"AccessKeyId": id, "AccessKeySecret": secret, "SecurityToken": token,
            // STS says an hour, whatever happens before
            "Expiration": (Timestamp::now() + behaviour.token_life.max(SignedDuration::from_mins(4))).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()},
        "AssumedRoleUser": {"Arn": "acs:ram::1234567890123456:role/ramgate-sync/ramgate-sync", "AssumedRoleId": "1:2"},
        "OIDCTokenInfo": {"Subject": "system:serviceaccount:ramgate-system:ramgate-sync", "Issuer": "https://issuer.example"},
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// Checks a request as the API's gateway does
fn accepted(
    behaviour: &Behaviour,
    state: &mut State,
    name: &str,
    request: &Request<Bytes>,
) -> Result<Call, String> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let host = header("host").ok_or("no host")?;
    let (version, actions) = service(&host).ok_or(format!("nobody is {host}"))?;
    if host != name {
        return Err(format!("the connection is to {name} and the request to {host}"));
    }
    if (request.method().as_str(), request.uri().path()) != ("POST", "/") {
        return Err(format!("{} {}", request.method(), request.uri().path()));
    }
    let query = pairs(request.uri().query().unwrap_or_default());
    if header("authorization").is_none() {
        return oidc(state, host, version, query, request);
    }
    let action = header("x-acs-action").ok_or("no action")?;
    if !actions.contains(&action.as_str()) {
        return Err(format!("{host} has no action {action} that a sync may call"));
    }
    if header("x-acs-version").as_deref() != Some(version) {
        return Err(format!("{host} has version {version}"));
    }
    if !request.body().is_empty() {
        return Err("these calls have no body".to_owned());
    }
    let token = check_signature(state, request, &query)?;
    let arguments = Arguments(query);
    // The services bound the size of pages, each in its own way
    if arguments
        .0
        .iter()
        .any(|(name, value)| name == "MaxItems" && value.parse::<usize>().unwrap() > 1000)
    {
        return Err("MaxItems is at most 1000".to_owned());
    }
    let before = state.calls.iter().filter(|call| call.action == action).count();
    let _ = behaviour;
    Ok(Call {
        host,
        action,
        arguments,
        before,
        token,
    })
}

/// Checks an AssumeRoleWithOIDC, which has no signature
fn oidc(
    state: &mut State,
    host: String,
    version: &str,
    query: Vec<(String, String)>,
    request: &Request<Bytes>,
) -> Result<Call, String> {
    let query = Arguments(query);
    let action = query.get("Action").unwrap_or_default().to_owned();
    if action != "AssumeRoleWithOIDC"
        || query.get("Version") != Some(version)
        || query.get("Format") != Some("JSON")
    {
        return Err(format!("a request without a signature: {query:?}"));
    }
    let nonce = query.get("SignatureNonce").ok_or("no nonce")?;
    if !state.nonces.insert(nonce.to_owned()) {
        return Err("a nonce comes twice".to_owned());
    }
    let form = Arguments(pairs(std::str::from_utf8(request.body()).unwrap()));
    let wanted = [
        ("RoleArn", ROLE),
        ("OIDCProviderArn", PROVIDER),
        ("OIDCToken", POD_TOKEN),
        ("RoleSessionName", "ramgate-sync"),
    ];
    if let Some((name, _)) = wanted.iter().find(|(name, value)| form.get(name) != Some(value)) {
        return Err(format!("{name} is wrong"));
    }
    let before = state.calls.iter().filter(|call| call.action == action).count();
    Ok(Call {
        host,
        action,
        arguments: form,
        before,
        token: String::new(),
    })
}

/// Checks the signature; the token that the request was signed with
fn check_signature(
    state: &mut State,
    request: &Request<Bytes>,
    query: &[(String, String)],
) -> Result<String, String> {
    let headers: BTreeMap<&str, &str> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let authorization = headers["authorization"]
        .strip_prefix("ACS3-HMAC-SHA256 ")
        .ok_or("another algorithm")?;
    let parts: BTreeMap<&str, &str> = authorization
        .split(',')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    let (secret, token, _) = state
        .keys
        .get(parts["Credential"])
        .ok_or("an unknown key")?
        .clone();
    if headers.get("x-acs-security-token") != Some(&token.as_str()) {
        return Err("the token is not that of the key".to_owned());
    }
    let signed: Vec<&str> = parts["SignedHeaders"].split(';').collect();
    let wanted: Vec<&str> = headers
        .keys()
        .copied()
        .filter(|name| *name == "host" || *name == "content-type" || name.starts_with("x-acs-"))
        .collect();
    if signed != wanted {
        return Err(format!("signed are {signed:?} of {wanted:?}"));
    }
    let age = Timestamp::now().duration_since(headers["x-acs-date"].parse().map_err(|_| "no date")?);
    if age.abs() > SignedDuration::from_mins(15) {
        return Err("InvalidTimeStamp.Expired".to_owned());
    }
    if !state.nonces.insert(headers["x-acs-signature-nonce"].to_owned()) {
        return Err("a nonce comes twice".to_owned());
    }
    let body = HEXLOWER.encode(digest::digest(&digest::SHA256, request.body()).as_ref());
    if headers["x-acs-content-sha256"] != body {
        return Err("the hash is of another body".to_owned());
    }
    let mut sorted = query.to_vec();
    sorted.sort();
    let query: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let lines: String = signed
        .iter()
        .map(|name| format!("{name}:{}\n", headers[name].trim()))
        .collect();
    let canonical = format!(
        "POST\n/\n{}\n{lines}\n{}\n{body}",
        query.join("&"),
        parts["SignedHeaders"]
    );
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature =
        HEXLOWER.encode(hmac::sign(&key, format!("ACS3-HMAC-SHA256\n{hash}").as_bytes()).as_ref());
    if parts["Signature"] == signature {
        Ok(token)
    } else {
        Err("SignatureDoesNotMatch".to_owned())
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
