//! The decision on a request, after its mode.

/// The decision on a request
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It does not concern ECI
    NotEvaluated,
    /// It is allowed
    Allow,
    /// It is denied
    Deny,
    /// It is allowed, and the denial becomes a warning
    Warn,
    /// It is allowed, and the denial is only recorded
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
