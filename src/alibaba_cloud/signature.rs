//! The signature of a request, ACS3-HMAC-SHA256.
//!
//! Held to the example of the page *V3 request structure and signature*
//! (alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature), and by a test of the suite `sync` to
//! a second implementation in Python.

use std::fmt::Write;

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;

use crate::alibaba_cloud::access_key::AccessKey;
use crate::alibaba_cloud::secret_text::SecretText;

/// The name of the algorithm
const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Everything of a request that its signature covers; the path is `/`, as for all calls in RPC style
#[derive(Clone, Debug)]
pub struct RequestToSign<'a> {
    /// The method, in capital letters
    pub method: &'a str,
    /// The parameters in the query, in any order
    pub query: &'a [(&'a str, &'a str)],
    /// The host's name
    pub host: &'a str,
    /// The API's operation
    pub action: &'a str,
    /// The API's version
    pub version: &'a str,
    /// The time, `2026-01-02T03:04:05Z`
    pub date: &'a str,
    /// A text that no other request has
    pub nonce: &'a str,
    /// The body
    pub body: &'a [u8],
}

/// A request's query and headers, the signature among them
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedRequest {
    /// The query, encoded and sorted
    pub(crate) query: String,
    /// All headers, in order of their names
    pub(crate) headers: Vec<(&'static str, SecretText)>,
}

impl RequestToSign<'_> {
    /// The value of the header `Authorization`, for the tests of the signature
    pub fn authorization(&self, id: &str, secret: &SecretText, token: Option<&SecretText>) -> String {
        let key = AccessKey {
            id: SecretText::new(id),
            secret: secret.clone(),
            token: token.cloned(),
        };
        let headers = self.signed_headers(&key);
        self.authorize(&key, &canonical_query(self.query), &headers)
    }

    /// Signs the request
    pub(super) fn sign(&self, key: &AccessKey) -> SignedRequest {
        let query = canonical_query(self.query);
        let mut headers = self.signed_headers(key);
        let authorization = self.authorize(key, &query, &headers);
        headers.insert(0, ("authorization", SecretText::new(authorization)));
        SignedRequest { query, headers }
    }

    /// The headers that the signature covers, in order of their names
    fn signed_headers(&self, key: &AccessKey) -> Vec<(&'static str, SecretText)> {
        let mut headers = vec![
            ("host", SecretText::new(self.host)),
            ("x-acs-action", SecretText::new(self.action)),
            ("x-acs-content-sha256", SecretText::new(sha256_hex(self.body))),
            ("x-acs-date", SecretText::new(self.date)),
        ];
        if let Some(token) = &key.token {
            headers.push(("x-acs-security-token", token.clone()));
        }
        headers.push(("x-acs-signature-nonce", SecretText::new(self.nonce)));
        headers.push(("x-acs-version", SecretText::new(self.version)));
        headers
    }

    fn authorize(&self, key: &AccessKey, query: &str, headers: &[(&'static str, SecretText)]) -> String {
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}:{}\n", value.expose().trim()));
        let lines: String = lines.collect();
        let body = sha256_hex(self.body);
        let canonical = format!("{}\n/\n{query}\n{lines}\n{names}\n{body}", self.method);
        let to_sign = format!("{ALGORITHM}\n{}", sha256_hex(canonical.as_bytes()));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, key.secret.expose().as_bytes());
        let signature = HEXLOWER.encode(hmac::sign(&secret, to_sign.as_bytes()).as_ref());
        format!(
            "{ALGORITHM} Credential={},SignedHeaders={names},Signature={signature}",
            key.id.expose()
        )
    }
}

/// Parameters sorted by name and encoded
///
/// ```text
/// [("b", "x y"), ("a", "*")] -> "a=%2A&b=x%20y"
/// ```
pub(super) fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut sorted = query.to_vec();
    sorted.sort_unstable();
    let pairs = sorted
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-encodes everything but RFC 3986's unreserved characters
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(byte.into());
        } else {
            // Writing to a String cannot fail
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixed values of the documentation's example
    const EXAMPLE: RequestToSign<'static> = RequestToSign {
        method: "POST",
        query: &[
            ("RegionId", "cn-shanghai"),
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
        ],
        host: "ecs.cn-shanghai.aliyuncs.com",
        action: "RunInstances",
        version: "2014-05-26",
        date: "2023-10-26T10:22:32Z",
        nonce: "3156853299f313e23d1673dc12e1703d",
        body: b"",
    };

    #[test]
    fn the_documentation_s_example_has_the_documented_signature() {
        let authorization =
            EXAMPLE.authorization("YourAccessKeyId", &SecretText::new("YourAccessKeySecret"), None);
        assert_eq!(
            authorization,
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,\
             Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    #[test]
    fn a_token_is_a_header_that_the_signature_covers() {
        let key = |token: &str| AccessKey {
            id: SecretText::new("id"),
            secret: SecretText::new("secret"),
            token: Some(SecretText::new(token)),
        };
        let (one, other) = (EXAMPLE.sign(&key("one")), EXAMPLE.sign(&key("other")));
        assert_ne!(one.headers[0], other.headers[0]);
        let names: Vec<&str> = one.headers.iter().map(|(name, _)| *name).collect();
        assert!(
            names.is_sorted() && names.contains(&"x-acs-security-token"),
            "{names:?}"
        );
        assert!(!format!("{one:?}").contains("one"), "{one:?}");
    }

    #[test]
    fn parameters_are_sorted_and_encoded() {
        let query = [("b", "x y+*~"), ("a", "ü&="), ("a", "")];
        assert_eq!(canonical_query(&query), "a=&a=%C3%BC%26%3D&b=x%20y%2B%2A~");
        assert_eq!(canonical_query(&[]), "");
    }
}
