//! The decision on a request, after its mode.

/// The decision on a request
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It is none of ramgate's business
    NotEvaluated,
    /// It is allowed
    Allow,
    /// It is denied
    Deny,
    /// It is allowed, and a denial became a warning
    Warn,
    /// It is allowed, and a denial was only recorded
    Audit,
}

impl Decision {
    /// Its name, as a metric label
    pub fn name(self) -> &'static str {
        match self {
            Self::NotEvaluated => "unjudged",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }

    /// Whether the request passes
    pub fn passes(self) -> bool {
        self != Self::Deny
    }
}
