//! Action patterns: `<ram-code>:<action>`, or `*` alone for every action of every service.

use crate::pattern::{Case, CompiledPattern, Pattern};

/// A pattern of an `Action` or `NotAction` element; compared without ASCII case.
///
/// ```text
/// eci:Describe*   matches eci:DescribeContainerGroups and ECI:describeRegions
/// *               matches every action
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActionPattern(CompiledPattern);

impl ActionPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// A message if the text is neither `*` nor `<ram-code>:<action>`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let well_formed = text == "*"
            || text.split_once(':').is_some_and(|(code, name)| {
                !code.is_empty()
                    && !name.is_empty()
                    && !name.contains(':')
                    && text.bytes().all(|byte| byte.is_ascii_graphic())
            });
        if !well_formed {
            return Err(format!(
                "action `{text}` is not `<ram-code>:<action>`, such as `eci:CreateContainerGroup`, nor `*`"
            ));
        }
        Ok(Self(CompiledPattern::new(text)))
    }

    /// Whether the pattern matches an action
    pub fn matches(&self, action: &str) -> bool {
        self.0.matches(action, Case::Ignored)
    }

    /// Whether this pattern matches every action that the other matches; `false` may also mean that this is not certain
    pub fn includes(&self, other: &Self) -> bool {
        let (wide, narrow) = (self.lower(), other.lower());
        Pattern::new(&wide).includes(Pattern::new(&narrow))
    }

    /// Whether some action matches both patterns
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.lower(), other.lower());
        Pattern::new(&one).overlaps(Pattern::new(&other))
    }

    /// The pattern as it is written
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn lower(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_code_and_name() {
        for good in [
            "*",
            "eci:*",
            "*:Describe*",
            "ecs:*SecurityGroup*",
            "eci:CreateContainerGroup",
            "e?i:X",
        ] {
            assert!(ActionPattern::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "eci", "eci:", ":x", "eci:a:b", "eci: x", "**", "eci*"] {
            assert!(ActionPattern::parse(bad).unwrap_err().contains(bad), "{bad}");
        }
    }

    #[test]
    fn case_is_ignored_and_the_colon_is_literal() {
        let matches = |pattern: &str, action: &str| ActionPattern::parse(pattern).unwrap().matches(action);
        assert!(matches("eci:create*", "ECI:CreateContainerGroup"));
        assert!(matches("*", "ram:PassRole"));
        assert!(!matches("pai:*", "paidataset:X"));
        assert!(matches("*:Describe*", "vpc:DescribeVpcs"));
    }
}
