//! Resource names (ARNs): `acs:<ram-code>:<region>:<account>:<relative-id>`, and patterns for them.
//!
//! Patterns match segment by segment: a wildcard never matches one of the first four colons, and the last segment holds
//! the rest of the text. A `*` alone matches everything. ARNs of RAM itself have no region, written as an empty region or
//! as `*`; the two are equal. Names of roles compare without ASCII case.

use crate::pattern::{Pattern, matches_from};

/// The number of segments behind `acs:`; the last may hold colons
const SEGMENTS: usize = 4;

/// A pattern of a `Resource` element
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourcePattern(Box<str>);

/// The resource of a request; a text that is no ARN has no segments, and only the pattern `*` matches it
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'a> {
    pub(super) text: &'a str,
    pub(super) segments: Option<Segments<'a>>,
}

/// The segments of an ARN or of a pattern for ARNs
#[derive(Clone, Copy, Debug)]
pub struct Segments<'a> {
    /// The RAM code of the service, such as `eci`
    pub code: &'a str,
    /// The region; ARNs of RAM itself have none
    pub region: &'a str,
    /// The number of the account
    pub account: &'a str,
    /// The rest, such as `containergroup/eci-1`, which may hold colons
    pub relative: &'a str,
}

impl ResourcePattern {
    /// Parses a pattern. Blanks around it and an empty code are accepted, as RAM stores them; they
    /// [match nothing](Self::matches_nothing).
    ///
    /// # Errors
    /// A message if the text is neither `*` nor has five segments.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let core = text.trim();
        if core == "*" || segments(core).is_some_and(|segments| !segments.relative.is_empty()) {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "resource `{text}` is not `acs:<ram-code>:<region>:<account>:<relative-id>`, nor `*`"
        ))
    }

    /// Whether the pattern matches a request's resource
    pub(super) fn matches(&self, resource: Option<Segments<'_>>) -> bool {
        if self.is_any() {
            return true;
        }
        let (Some(wanted), Some(found)) = (self.segments(), resource) else {
            return false;
        };
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).matches(text);
        if found.code != "ram" {
            return matches(wanted.code, found.code)
                && matches(wanted.region, found.region)
                && matches(wanted.account, found.account)
                && matches(wanted.relative, found.relative);
        }
        let is_regionless = |region: &str| region.is_empty() || region == "*";
        matches(wanted.code, found.code)
            && (is_regionless(wanted.region) && is_regionless(found.region)
                || matches(wanted.region, found.region))
            && matches(wanted.account, found.account)
            && matches_role(wanted.relative, found.relative)
    }

    /// Whether the pattern matches an ARN
    pub fn covers(&self, resource: &str) -> bool {
        self.matches(segments(resource))
    }

    /// Whether this pattern matches every resource that the other matches; `false` may also mean that this is not
    /// certain
    pub fn includes(&self, other: &Self) -> bool {
        if self.is_any() {
            return true;
        }
        let (Some(wide), Some(narrow)) = (self.segments(), other.segments()) else {
            return false;
        };
        let includes = |wide, narrow| Pattern::new(wide).includes(Pattern::new(narrow));
        includes(wide.code, narrow.code)
            && includes(wide.region, narrow.region)
            && includes(wide.account, narrow.account)
            && includes(wide.relative, narrow.relative)
    }

    /// Whether this is `*` alone, which matches everything
    pub fn is_any(&self) -> bool {
        &*self.0 == "*"
    }

    /// Why no resource of the cloud can match the pattern, if that is certain: "has a blank"
    ///
    /// Only the last segment may hold blanks, within names of services that have such names.
    pub fn matches_nothing(&self) -> Option<&'static str> {
        if self.0.trim() != &*self.0 {
            return Some("has blanks around it");
        }
        let Segments {
            code,
            region,
            account,
            relative,
        } = self.segments()?;
        if code.is_empty() {
            return Some("names no service between the first two colons");
        }
        // Every resource of ECI is in a region and an account
        if code == "eci" && region.is_empty() {
            return Some("names no region");
        }
        if code == "eci" && account.is_empty() {
            return Some("names no account");
        }
        let has_blank = |text: &str| text.contains(char::is_whitespace);
        let has_plain_names = code == "eci" || code == "ram";
        let is_blank =
            [code, region, account].into_iter().any(has_blank) || has_plain_names && has_blank(relative);
        is_blank.then_some("has a blank in it")
    }

    /// The pattern's segments; `None` for `*` alone, and for a pattern that begins with a blank
    pub fn segments(&self) -> Option<Segments<'_>> {
        segments(&self.0)
    }

    /// The last segment, if it has no wildcard
    pub(super) fn literal(&self) -> Option<&str> {
        Pattern::new(self.segments()?.relative).literal()
    }

    /// The pattern as it is written
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> Resource<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            segments: segments(text),
        }
    }
}

/// The name of a role in its ARN; `None` if the text is no ARN of a role
pub(super) fn role_name(text: &str) -> Option<&str> {
    segments(text)
        .filter(|segments| segments.code == "ram")
        .and_then(|segments| segments.relative.strip_prefix("role/"))
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

/// Whether the last segment of a RAM pattern matches: `role/` exactly, the role's name without ASCII case
fn matches_role(wanted: &str, found: &str) -> bool {
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
            "acs:eci:r:a:",
            "acs::r:a:",
            "*:eci:r:a:x",
        ] {
            assert!(ResourcePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn blanks_and_empty_segments_match_nothing() {
        let nothing = |pattern: &str| ResourcePattern::parse(pattern).unwrap().matches_nothing();
        let group = "acs:eci:cn-hangzhou:123:containergroup/eci-1";
        for pattern in [
            " *",
            "* ",
            " acs:eci:*:*:*",
            "acs:eci:*:*:containergroup/* ",
            "acs: eci:*:*:*",
            "acs:eci:*:*:containergroup /*",
            "acs:eci:*:*:*\u{a0}",
            "acs::ram::*",
            "acs::*:*:containergroup/*",
            "acs:eci::123:containergroup/*",
            "acs:eci:*::containergroup/*",
        ] {
            assert!(nothing(pattern).is_some(), "{pattern}");
            assert!(!matches(pattern, group) && !matches(pattern, "*"), "{pattern}");
            assert!(!matches(pattern, "acs:ram::123:role/App"), "{pattern}");
            let parsed = ResourcePattern::parse(pattern).unwrap();
            assert!(
                !parsed.includes(&ResourcePattern::parse(group).unwrap()),
                "{pattern}"
            );
        }
        for pattern in [
            "*",
            "acs:oss:*:*:bucket/my file",
            "acs:ram::*:role/*",
            "acs:*:*:*:*",
        ] {
            assert_eq!(nothing(pattern), None, "{pattern}");
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
