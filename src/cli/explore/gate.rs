//! Who may ask: requests for this address, from the page itself or from an address bar, that hold the token.
//!
//! Three kinds of strangers reach a port on loopback. Other users of the machine connect to it: they do not know the
//! token. Pages of other sites send requests to it from the user's browser: their `Origin` or `Sec-Fetch-Site` is another.
//! And such a page may give its own name this address (DNS rebinding), so that the browser takes both for one site: the
//! `Host` is then its name.

use aws_lc_rs::{constant_time, rand};
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use data_encoding::BASE64URL_NOPAD;

use crate::cli::command_error::CommandError;

/// 144 bits, which nobody guesses, in 24 letters
const TOKEN_BYTES: usize = 18;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names by which a browser reaches the port
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// Decides which requests are answered
#[derive(Debug)]
pub(super) struct Gate {
    token: String,
    port: u16,
}

/// Why a request is not answered
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is for another host, or for several
    Host,
    /// It lacks the token
    Token,
    /// Another site sends it
    Site,
    /// It is neither a GET nor a POST
    Method,
}

impl Gate {
    /// A gate with a new token, for a port on loopback
    ///
    /// # Errors
    ///
    /// The operating system has no random numbers.
    pub(super) fn new(port: u16) -> Result<Self, CommandError> {
        let mut bytes = [0; TOKEN_BYTES];
        rand::fill(&mut bytes)
            .map_err(|_| CommandError::Usage("no random numbers for a token".to_owned()))?;
        Ok(Self {
            token: BASE64URL_NOPAD.encode(&bytes),
            port,
        })
    }

    /// The address of the page
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// The path below the token, without a slash in front; `None` for the token alone, without a slash after it
    ///
    /// # Errors
    ///
    /// The first reason not to answer.
    pub(super) fn admit<'r>(&self, request: &'r Parts) -> Result<Option<&'r str>, Refusal> {
        // An absolute address in the request line would stand above the Host header
        if request.uri.authority().is_some() || !self.is_own_host(&request.headers) {
            return Err(Refusal::Host);
        }
        let path = request.uri.path().strip_prefix('/').unwrap_or_default();
        let (token, rest) = match path.split_once('/') {
            Some((token, rest)) => (token, Some(rest)),
            None => (path, None),
        };
        constant_time::verify_slices_are_equal(token.as_bytes(), self.token.as_bytes())
            .map_err(|_| Refusal::Token)?;
        if !self.is_own_site(&request.headers) {
            return Err(Refusal::Site);
        }
        match request.method {
            Method::GET | Method::POST => Ok(rest),
            _ => Err(Refusal::Method),
        }
    }

    /// Whether the one Host header names this port on loopback
    fn is_own_host(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => self.is_own(host.as_bytes()),
            _ => false,
        }
    }

    /// Whether the page itself sends the request, or a person by the address bar
    fn is_own_site(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
        origins.all(|origin| {
            let host = origin.as_bytes().strip_prefix(b"http://");
            host.is_some_and(|host| self.is_own(host))
        }) && sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
    }

    fn is_own(&self, host: &[u8]) -> bool {
        NAMES
            .iter()
            .any(|name| host.eq_ignore_ascii_case(format!("{name}:{}", self.port).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::*;

    const PORT: u16 = 8123;

    fn gate() -> Gate {
        Gate {
            token: "secret".to_owned(),
            port: PORT,
        }
    }

    fn admitted(line: (&str, &str), headers: &[(&str, &str)]) -> Result<Option<String>, Refusal> {
        let (method, uri) = line;
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, _) = request.body(Body::empty()).unwrap().into_parts();
        gate().admit(&parts).map(|rest| rest.map(str::to_owned))
    }

    const OWN: (&str, &str) = ("host", "127.0.0.1:8123");

    #[test]
    fn the_path_follows_the_token() {
        for (uri, rest) in [
            ("/secret/", Some("")),
            ("/secret", None),
            ("/secret/api/matrix?x=1", Some("api/matrix")),
        ] {
            assert_eq!(
                admitted(("GET", uri), &[OWN]),
                Ok(rest.map(str::to_owned)),
                "{uri}"
            );
        }
    }

    #[test]
    fn only_this_port_on_loopback_is_a_host() {
        let of = |headers: &[(&str, &str)]| admitted(("GET", "/secret/"), headers);
        for host in ["127.0.0.1:8123", "localhost:8123", "LOCALHOST:8123"] {
            assert!(of(&[("host", host)]).is_ok(), "{host}");
        }
        for host in [
            "evil.example:8123",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:8124",
            "127.0.0.1:08123",
            "127.0.0.1.evil.example:8123",
            "user@127.0.0.1:8123",
            "0.0.0.0:8123",
            "",
        ] {
            assert_eq!(of(&[("host", host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(of(&[]), Err(Refusal::Host));
        assert_eq!(of(&[OWN, ("host", "evil.example")]), Err(Refusal::Host));
        let absolute = ("GET", "http://evil.example/secret/");
        assert_eq!(admitted(absolute, &[OWN]), Err(Refusal::Host));
    }

    #[test]
    fn only_the_page_itself_and_the_address_bar_may_ask() {
        let of = |name, value| admitted(("POST", "/secret/api/cell"), &[OWN, (name, value)]);
        for (name, value) in [
            ("origin", "http://127.0.0.1:8123"),
            ("origin", "http://localhost:8123"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(of(name, value).is_ok(), "{name}: {value}");
        }
        for (name, value) in [
            ("origin", "null"),
            ("origin", ""),
            ("origin", "https://127.0.0.1:8123"),
            ("origin", "http://127.0.0.1:9000"),
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", ""),
        ] {
            assert_eq!(of(name, value), Err(Refusal::Site), "{name}: {value}");
        }
    }

    #[test]
    fn without_the_token_nothing_is_there() {
        for uri in [
            "/",
            "/secre/",
            "/secrets/",
            "/Secret/",
            "//secret/",
            "/favicon.ico",
            "/%73ecret/",
        ] {
            assert_eq!(admitted(("GET", uri), &[OWN]), Err(Refusal::Token), "{uri}");
        }
    }

    #[test]
    fn other_methods_are_refused() {
        for method in ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"] {
            let admitted = admitted((method, "/secret/"), &[OWN]);
            assert_eq!(admitted, Err(Refusal::Method), "{method}");
        }
    }

    #[test]
    fn each_start_has_a_token_of_its_own() {
        let [one, other] = [Gate::new(PORT).unwrap(), Gate::new(PORT).unwrap()];
        assert_eq!(one.token.len(), 24);
        assert_ne!(one.token, other.token);
        assert_eq!(one.url(), format!("http://127.0.0.1:8123/{}/", one.token));
    }
}
