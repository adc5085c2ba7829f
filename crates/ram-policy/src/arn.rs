//! Resource names: `acs:<ram-code>:<region>:<account>:<relative-id>`, and patterns on them.
//!
//! Patterns match segment by segment, so that a wildcard never crosses one of the first four colons; the fifth
//! segment takes the rest. A lone `*` matches everything. RAM's own names are regionless, written with an empty
//! or a `*` region, and both are the same; role names compare without ASCII case.

use super::pattern::{Pattern, matches_from};

/// How many segments follow `acs:`, the last of which may hold colons
const SEGMENTS: usize = 4;

/// What a `Resource` element may name
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourcePattern(Box<str>);

/// The resource of a request; a text that is no resource name has no parts, and a lone `*` alone matches it
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'a> {
    pub(super) text: &'a str,
    pub(super) parts: Option<Segments<'a>>,
}

/// A resource name or pattern, taken apart
#[derive(Clone, Copy, Debug)]
pub struct Segments<'a> {
    /// The code of the service, such as `eci`
    pub code: &'a str,
    /// The region; RAM's own names have none
    pub region: &'a str,
    /// The account's number
    pub account: &'a str,
    /// The rest, such as `containergroup/eci-1`, which may hold colons
    pub relative: &'a str,
}

impl ResourcePattern {
    /// A checked pattern, or what is wrong with it
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*"
            || segments(text).is_some_and(|parts| !parts.code.is_empty() && !parts.relative.is_empty())
        {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "resource `{text}` is not `acs:<ram-code>:<region>:<account>:<relative-id>`, nor `*`"
        ))
    }

    /// Whether a request's resource fits
    pub(super) fn matches(&self, resource: Option<Segments<'_>>) -> bool {
        let Some(wanted) = self.segments() else {
            return true;
        };
        let Some(found) = resource else {
            return false;
        };
        let fits = |pattern: &str, text: &str| Pattern::new(pattern).matches(text);
        if found.code != "ram" {
            return fits(wanted.code, found.code)
                && fits(wanted.region, found.region)
                && fits(wanted.account, found.account)
                && fits(wanted.relative, found.relative);
        }
        let regionless = |region: &str| region.is_empty() || region == "*";
        fits(wanted.code, found.code)
            && (regionless(wanted.region) && regionless(found.region) || fits(wanted.region, found.region))
            && fits(wanted.account, found.account)
            && role_fits(wanted.relative, found.relative)
    }

    /// Whether a resource name fits
    pub fn covers(&self, resource: &str) -> bool {
        self.matches(segments(resource))
    }

    /// Whether every resource that fits the other pattern surely fits this one; `false` may also mean that it is not
    /// plain to see
    pub fn includes(&self, other: &Self) -> bool {
        let Some(wide) = self.segments() else {
            return true;
        };
        let Some(narrow) = other.segments() else {
            return false;
        };
        let includes = |wide, narrow| Pattern::new(wide).includes(Pattern::new(narrow));
        includes(wide.code, narrow.code)
            && includes(wide.region, narrow.region)
            && includes(wide.account, narrow.account)
            && includes(wide.relative, narrow.relative)
    }

    /// The pattern's segments; a lone `*` has none
    pub fn segments(&self) -> Option<Segments<'_>> {
        segments(&self.0)
    }

    /// The last segment, where it names one thing alone
    pub(super) fn literal(&self) -> Option<&str> {
        Pattern::new(self.segments()?.relative).literal()
    }

    /// The pattern as it was written
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> Resource<'a> {
    /// A request's resource
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            parts: segments(text),
        }
    }
}

/// The `role/NAME` part of a role's resource name, if it is one
pub(super) fn role_name(text: &str) -> Option<&str> {
    segments(text)
        .filter(|parts| parts.code == "ram")
        .and_then(|parts| parts.relative.strip_prefix("role/"))
}

fn segments(text: &str) -> Option<Segments<'_>> {
    let mut rest = text.strip_prefix("acs:")?.splitn(SEGMENTS, ':');
    Some(Segments {
        code: rest.next()?,
        region: rest.next()?,
        account: rest.next()?,
        relative: rest.next()?,
    })
}

/// `role/` is compared exactly, the name behind it without case
fn role_fits(wanted: &str, found: &str) -> bool {
    const PREFIX: &str = "role/";
    let exact = if found.starts_with(PREFIX) {
        PREFIX.len()
    } else {
        found.len()
    };
    matches_from(exact, wanted, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        ResourcePattern::parse(pattern).unwrap().covers(resource)
    }

    #[test]
    fn patterns_need_five_segments_or_a_star() {
        for bad in [
            "",
            "**",
            "acs:eci:*:*",
            "eci:*:*:*:*",
            "acs::r:a:x",
            "acs:eci:r:a:",
            "*:eci:r:a:x",
        ] {
            assert!(ResourcePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn wildcards_stay_inside_their_segment() {
        let group = "acs:eci:cn-hangzhou:123:containergroup/eci-1";
        assert!(matches("*", group));
        assert!(matches("acs:eci:*:*:containergroup/*", group));
        assert!(matches("acs:*:*hangzhou*:*:*", group));
        assert!(matches("acs:eci:*:123:*", "acs:eci:r:123:a:b/c:d"));
        assert!(!matches("acs:eci:*:containergroup/*:x", group));
        assert!(!matches("acs:eci*:*:*:x", group));
        assert!(!matches("acs:eci:cn-hangzhou:124:*", group));
        assert!(!matches("acs:ECI:*:*:*", group));
        assert!(matches("*", "*"));
        assert!(!matches("acs:*:*:*:*", "*"));
    }

    #[test]
    fn ram_names_have_no_region_and_roles_no_case() {
        assert!(matches("acs:ram::123:role/App", "acs:ram:*:123:role/app"));
        assert!(matches("acs:ram:*:*:role/App", "acs:ram::123:role/APP"));
        assert!(matches("acs:ram:*:*:*/app*", "acs:ram::123:role/APP1"));
        assert!(!matches(
            "acs:ram:cn-hangzhou:123:role/App",
            "acs:ram::123:role/App"
        ));
        assert!(!matches("acs:ram:*:*:ROLE/App", "acs:ram::123:role/App"));
        assert!(!matches("acs:ram:*:*:R*", "acs:ram::123:role/App"));
        assert!(!matches("acs:ram:*:*:*/APP", "acs:ram::123:Role/App"));
        assert!(!matches("acs:ram:*:*:user/App", "acs:ram::123:user/app"));
        assert!(!matches("acs:eci::1:x", "acs:eci:*:1:x"));
        assert_eq!(role_name("acs:ram::1:role/a/b"), Some("a/b"));
        assert_eq!(role_name("acs:eci::1:role/a"), None);
    }
}
