//! Action patterns: `<ram-code>:<action>`, or `*` alone for every action of every service.

use super::pattern::{Case, Pattern};

/// What an `Action` or `NotAction` element may name; compared without ASCII case
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActionPattern(Pattern);

impl ActionPattern {
    /// A checked pattern, or what is wrong with it
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
        Ok(Self(Pattern::new(text)))
    }

    /// Whether a request's action fits
    pub fn matches(&self, action: &str) -> bool {
        self.0.matches(action, Case::Ignored)
    }

    /// The pattern as it was written
    pub fn as_str(&self) -> &str {
        self.0.as_str()
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
