//! The object name in a proxy request, which may be written SCHEME:NAME:PORT.

use crate::admission::review::{Operation, Resource, Review};

/// The name in SCHEME:NAME:PORT, by the rules of the API server (SplitSchemeNamePort); `None` if it refuses the text
///
/// ```text
/// web, web:80, http:web:80 -> web
/// :80, ftp:web:80          -> None
/// ```
fn split(written: &str) -> Option<&str> {
    let mut parts = written.split(':');
    let (scheme, name) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(name), None | Some(_), None, None) => ("", name),
        (Some(scheme), Some(name), Some(_), None) => (scheme, name),
        _ => return None,
    };
    (matches!(scheme, "" | "http" | "https") && !name.is_empty()).then_some(name)
}

impl Review<'_> {
    /// The object's name, without the scheme and port of a proxy request
    ///
    /// A name that no proxy accepts stays as it is: no object has such a name.
    pub fn object_name(&self) -> &str {
        let is_proxy = self.operation == Operation::Connect && self.subresource() == "proxy";
        match self.resource {
            Resource::Pods | Resource::Nodes if is_proxy => split(self.name()).unwrap_or(self.name()),
            _ => self.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_the_api_server_splits_them() {
        for (written, wanted) in [
            // k8s.io/apimachinery/pkg/util/net/port_split_test.go
            ("aoeu:asdf", Some("aoeu")),
            ("http:aoeu:asdf", Some("aoeu")),
            ("https:aoeu:", Some("aoeu")),
            ("https:aoeu:asdf", Some("aoeu")),
            ("aoeu:", Some("aoeu")),
            ("aoeu", Some("aoeu")),
            (":asdf", None),
            ("aoeu:asdf:htns", None),
            ("http::asdf", None),
            ("http::", None),
            ("", None),
            // And what they leave open
            (":aoeu:asdf", Some("aoeu")),
            ("http:aoeu", Some("http")),
            ("HTTP:aoeu:asdf", None),
            ("http:aoeu:asdf:htns", None),
            (":", None),
            ("::", None),
        ] {
            assert_eq!(split(written), wanted, "{written}");
        }
    }
}
