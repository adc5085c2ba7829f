//! Calls operations: signs, sends, reads the answer, and tries again what may pass by.

use std::collections::HashSet;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::http::StatusCode;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::alibaba_cloud::access_key::AccessKey;
use crate::alibaba_cloud::cloud_error::{CloudError, CloudFault, Refusal};
use crate::alibaba_cloud::credentials::{CredentialSource, IssuedKey, OidcRole};
use crate::alibaba_cloud::secret_text::SecretText;
use crate::alibaba_cloud::service::{Endpoints, Service};
use crate::alibaba_cloud::signature::{RequestToSign, canonical_query};
use crate::alibaba_cloud::transport::{Incoming, Outgoing, Transport};

/// How often a call is tried
const MAX_TRIES: u32 = 6;
/// The wait after the first try, which doubles after each: half a second, one, two, four, eight
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The most bytes of all answers of one run; 10,000 users and as many policies have half of it
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The name of the session in the cloud's audit log
const SESSION: &str = "ramgate-sync";
/// How long a token of a role is valid, in seconds; STS takes 900 and more
const TOKEN_SECONDS: &str = "3600";

/// Calls the APIs of one account
#[derive(Debug)]
pub(crate) struct CloudClient {
    transport: Transport,
    endpoints: Endpoints,
    source: CredentialSource,
    patience: Patience,
    issued: Mutex<Option<IssuedKey>>,
    seen: Mutex<Seen>,
}

/// How long a run may take
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// All calls together
    pub(crate) total: Duration,
    ends_at: Instant,
}

/// A good answer; without `Debug`, because that of STS holds credentials
#[derive(Clone)]
pub(crate) struct Answer {
    /// Its fields
    pub(crate) json: Value,
    /// Its bytes, for a reader that takes no key twice
    pub(crate) bytes: Vec<u8>,
}

/// What the answers had so far
#[derive(Debug, Default)]
struct Seen {
    request_ids: HashSet<String>,
    bytes: usize,
}

impl Patience {
    /// Calls may take this long together, from now on
    pub(crate) fn new(total: Duration) -> Self {
        let now = Instant::now();
        Self {
            total,
            ends_at: now.checked_add(total).unwrap_or(now),
        }
    }
}

impl CloudClient {
    /// A client with the key of `source`
    pub(crate) fn new(
        transport: Transport,
        endpoints: Endpoints,
        source: CredentialSource,
        patience: Patience,
    ) -> Self {
        Self {
            transport,
            endpoints,
            source,
            patience,
            issued: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// The account of the role that is assumed; `None` for a key of the environment
    pub(crate) fn role_account(&self) -> Option<&str> {
        match &self.source {
            CredentialSource::Key(_) => None,
            CredentialSource::Oidc(role) => role.account(),
        }
    }

    /// The answer of an operation
    ///
    /// # Errors
    /// There is none after several tries, or the service refuses.
    pub(crate) async fn call(
        &self,
        service: Service,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Answer, CloudError> {
        let call = format!("{} {action}", service.name());
        let answer = self
            .in_time(self.repeated(|| self.signed(service, action, parameters)))
            .await;
        answer.map_err(|fault| fault.of(&call))
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, CloudFault>>) -> Result<T, CloudFault> {
        let done = tokio::time::timeout_at(self.patience.ends_at, work).await;
        done.unwrap_or(Err(CloudFault::Deadline(self.patience.total)))
    }

    /// Tries again what may pass by, after longer and longer waits
    async fn repeated<T, F: Future<Output = Result<T, CloudFault>>>(
        &self,
        work: impl Fn() -> F,
    ) -> Result<T, CloudFault> {
        let mut wait = FIRST_WAIT;
        let mut renewed = false;
        for _ in 1..MAX_TRIES {
            match work().await {
                Err(fault) if fault.is_expiry() && !renewed && self.forget_key().await => renewed = true,
                Err(fault) if fault.is_transient() => {
                    tracing::info!("{fault}; again in {} ms", wait.as_millis());
                    tokio::time::sleep(wait).await;
                    wait = wait.saturating_mul(2);
                }
                result => return result,
            }
        }
        work().await
    }

    /// Forgets the token of the role; `false` if the key is not ours to renew
    async fn forget_key(&self) -> bool {
        self.issued.lock().await.take().is_some()
    }

    async fn signed(
        &self,
        service: Service,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Answer, CloudFault> {
        let key = self.key().await?;
        let host = self.endpoints.host(service);
        let (date, nonce) = (now_text(), nonce()?);
        let signed = RequestToSign {
            method: "POST",
            query: parameters,
            host: &host,
            action,
            version: service.version(),
            date: &date,
            nonce: &nonce,
            body: b"",
        }
        .sign(&key);
        let outgoing = Outgoing {
            host,
            query: signed.query,
            headers: signed.headers,
            body: None,
        };
        let incoming = self.transport.send(&outgoing).await?;
        self.read(incoming, |message| key.redact(message)).await
    }

    /// The key to sign with, renewed before it expires
    async fn key(&self) -> Result<AccessKey, CloudFault> {
        let role = match &self.source {
            CredentialSource::Key(key) => return Ok(key.clone()),
            CredentialSource::Oidc(role) => role,
        };
        let mut issued = self.issued.lock().await;
        if let Some(fresh) = issued.as_ref().filter(|issued| issued.is_fresh(Timestamp::now())) {
            return Ok(fresh.key.clone());
        }
        let new = self
            .assume(role)
            .await
            .map_err(|fault| CloudFault::Token(Box::new(fault)))?;
        Ok(issued.insert(new).key.clone())
    }

    /// Asks STS for a token of the role; the request carries the pod's token and has no signature, as in Alibaba Cloud's
    /// credentials-go (credentials/providers/oidc.go)
    async fn assume(&self, role: &OidcRole) -> Result<IssuedKey, CloudFault> {
        let token = role.token().map_err(CloudFault::Credentials)?;
        let host = self.endpoints.host(Service::Sts);
        let (date, nonce) = (now_text(), nonce()?);
        let query = canonical_query(&[
            ("Action", "AssumeRoleWithOIDC"),
            ("Format", "JSON"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &date),
            ("Version", Service::Sts.version()),
        ]);
        let form = canonical_query(&[
            ("DurationSeconds", TOKEN_SECONDS),
            ("OIDCProviderArn", &role.provider_arn),
            ("OIDCToken", token.expose()),
            ("RoleArn", &role.role_arn),
            ("RoleSessionName", SESSION),
        ]);
        let headers = vec![("host", SecretText::new(host.as_str()))];
        let outgoing = Outgoing {
            host,
            query,
            headers,
            body: Some(SecretText::new(form)),
        };
        let incoming = self.transport.send(&outgoing).await?;
        let redact = |message: &str| message.replace(token.expose(), "…");
        let answer = self.read(incoming, redact).await?;
        IssuedKey::read(&answer.bytes, Timestamp::now()).map_err(CloudFault::Credentials)
    }

    /// A good answer, which has a RequestId that no other answer had
    async fn read(&self, incoming: Incoming, redact: impl Fn(&str) -> String) -> Result<Answer, CloudFault> {
        let json = parse(&incoming, redact)?;
        let mut seen = self.seen.lock().await;
        seen.bytes = seen.bytes.saturating_add(incoming.body.len());
        if seen.bytes > MAX_BYTES {
            let message = format!("all answers together have more than {MAX_BYTES} bytes");
            return Err(CloudFault::Unreadable(message));
        }
        let id = json.get("RequestId").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || !seen.request_ids.insert(id.to_owned()) {
            let message = "it has no RequestId of its own, as if it were the answer to another request";
            return Err(CloudFault::Unreadable(message.to_owned()));
        }
        Ok(Answer {
            json,
            bytes: incoming.body,
        })
    }
}

/// Takes the JSON of an answer, or the error that it is
fn parse(incoming: &Incoming, redact: impl Fn(&str) -> String) -> Result<Value, CloudFault> {
    let status = incoming.status;
    if status.is_redirection() {
        return Err(CloudFault::Unreadable(format!(
            "it redirects (HTTP {}), which is not followed",
            status.as_u16()
        )));
    }
    let answer = serde_json::from_slice::<Value>(&incoming.body)
        .ok()
        .filter(Value::is_object);
    let Some(answer) = answer else {
        let why = format!("the answer is no JSON object (HTTP {})", status.as_u16());
        let is_transient = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        return Err(if is_transient {
            CloudFault::Unreachable(why)
        } else {
            CloudFault::Unreadable(why)
        });
    };
    let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default();
    if status == StatusCode::OK && answer.get("Code").is_none() {
        return Ok(answer);
    }
    Err(Refusal::new(
        status.as_u16(),
        text("Code"),
        &redact(text("Message")),
        text("RequestId"),
    )
    .into())
}

fn now_text() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn nonce() -> Result<String, CloudFault> {
    let mut bytes = [0; 16];
    let filled = rand::fill(&mut bytes);
    filled.map_err(|_| CloudFault::Credentials("the system gives no random bytes".to_owned()))?;
    Ok(HEXLOWER.encode(&bytes))
}
