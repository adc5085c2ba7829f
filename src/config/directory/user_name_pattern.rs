//! Names of Kubernetes users with a star, which stands for the name of a RAM user.

use std::fmt;

use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::shortened;
use ram_policy::source::Fault;

/// The prefix of the names that Kubernetes gives to its own components, to nodes and to service accounts
pub(crate) const SYSTEM: &str = "system:";

/// A name with one star, such as `*@corp.example`
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UserNamePattern {
    before: Box<str>,
    after: Box<str>,
}

impl UserNamePattern {
    /// Reads the name of a subject that is bound to `user/*`
    ///
    /// # Errors
    /// A name without a star, with several, or in the form of Kubernetes' own names
    pub(crate) fn read(text: &LocatedText) -> Result<Self, Fault> {
        let name = shortened(text);
        let Some((before, after)) = text.split_once('*') else {
            return Err(text.fault(format!(
                "`{name}` has no star: with `user/*` the star stands for the RAM user's name, as in `*@example.com`"
            )));
        };
        if after.contains('*') {
            return Err(text.fault(format!("`{name}` has several stars: write one")));
        }
        if before.starts_with(SYSTEM) {
            return Err(text.fault(format!(
                "`{name}` stands for identities of Kubernetes itself, which no star covers: bind each by its name"
            )));
        }
        Ok(Self {
            before: before.into(),
            after: after.into(),
        })
    }

    /// What the star stands for in a name
    ///
    /// ```text
    /// *@corp.example   alice@corp.example   alice
    /// *@corp.example   @corp.example        None
    /// ```
    pub(crate) fn name_in<'u>(&self, user: &'u str) -> Option<&'u str> {
        let name = user.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        (!name.is_empty() && !user.starts_with(SYSTEM)).then_some(name)
    }
}

impl fmt::Display for UserNamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn read(name: &str) -> Result<UserNamePattern, String> {
        let nodes = yaml::parse(&format!("'{name}'")).unwrap();
        UserNamePattern::read(&nodes[0].read().unwrap()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn the_star_stands_for_what_lies_between() {
        let of = |pattern: &str, user: &str| read(pattern).unwrap().name_in(user).map(str::to_owned);
        assert_eq!(
            of("*@corp.example", "alice@corp.example").as_deref(),
            Some("alice")
        );
        assert_eq!(of("oidc:*", "oidc:alice").as_deref(), Some("alice"));
        assert_eq!(of("*", "alice").as_deref(), Some("alice"));
        assert_eq!(of("a*a", "aba").as_deref(), Some("b"));
        for (pattern, user) in [
            ("*@corp.example", "@corp.example"),
            ("*@corp.example", "alice@corp.example.org"),
            ("*@corp.example", "alice@CORP.example"),
            ("a*a", "a"),
            ("a*a", "aa"),
            ("*", ""),
            ("*", "system:serviceaccount:shop:alice"),
            ("*:alice", "system:serviceaccount:shop:alice"),
            ("s*", "system:node:alice"),
        ] {
            assert_eq!(of(pattern, user), None, "{pattern} {user}");
        }
        assert_eq!(read("*@corp.example").unwrap().to_string(), "*@corp.example");
    }

    #[test]
    fn other_shapes_are_refused() {
        for (name, words) in [
            ("alice", "has no star"),
            ("*-*", "has several stars"),
            ("**", "has several stars"),
            ("system:*", "stands for identities of Kubernetes itself"),
            (
                "system:serviceaccount:shop:*",
                "stands for identities of Kubernetes itself",
            ),
        ] {
            let message = read(name).unwrap_err();
            assert!(
                message.starts_with("1:1: ") && message.contains(words),
                "{message}"
            );
        }
    }
}
