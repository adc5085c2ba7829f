//! A decision that the candidate would change.

use serde::{Deserialize, Serialize};

use crate::candidate::verdict::{Severity, Verdict};
use crate::wording::fitted;
use ram_policy::StatementId;

/// The longest name that is kept of a user, an object or a namespace, in bytes: as long as a name in Kubernetes
const LONGEST: usize = 253;

/// Which way a decision changes
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChangeKind {
    /// It would be denied, or have a reason against it that it does not have now
    Denied,
    /// It would be allowed, or lose the reasons against it
    Allowed,
}

/// What makes two changes the same
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ChangeKey {
    pub(super) kind: ChangeKind,
    /// The RAM principal; empty if there is none
    pub(super) principal: String,
    /// The statement that decides: it denies, or it allows no more
    pub(super) statement: Option<(String, usize)>,
    /// The code of the denial that comes or goes
    pub(super) code: &'static str,
}

/// A decision that the candidate would change
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) key: ChangeKey,
    /// What the candidate would do: `deny`, `warn`, `audit`, `allow`
    pub(super) effect: &'static str,
    pub(super) example: Example,
}

/// A request that shows a change
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) user: String,
    pub(super) namespace: String,
    /// Operation, resource and name, such as `CREATE pods worker`
    pub(super) object: String,
}

impl ChangeKind {
    /// Its name, as in metrics and logs
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Allowed => "allowed",
        }
    }
}

impl Change {
    /// The change from the live verdict to the candidate's; `None` if as much stands against the request as before
    pub(super) fn between(
        live: &Verdict,
        candidate: &Verdict,
        example: impl FnOnce() -> Example,
    ) -> Option<Self> {
        let (kind, denying, allowing) = match (live.severity(), candidate.severity()) {
            (before, after) if before == after => return None,
            (before, after) if after > before => (ChangeKind::Denied, candidate, live),
            _ => (ChangeKind::Allowed, live, candidate),
        };
        let action = denying.denied.as_ref().map(|(action, _)| *action);
        let deciding = denying
            .denied
            .as_ref()
            .and_then(|(_, statement)| statement.as_ref());
        // Where no Deny decides, it is the statement that allows on the other side. A denial for another reason than RAM's
        // has none
        let statement = deciding.or_else(|| action.and_then(|action| allowing.allowing(action)));
        let principal = denying.principal.as_ref().or(allowing.principal.as_ref());
        Some(Self {
            key: ChangeKey {
                kind,
                principal: principal
                    .map(|name| fitted(name, LONGEST).into_owned())
                    .unwrap_or_default(),
                statement: statement.map(named),
                code: denying.code.unwrap_or_default(),
            },
            effect: match candidate.severity() {
                Severity::Nothing => "allow",
                Severity::Noted | Severity::Denied => candidate.decision.name(),
            },
            example: example().bounded(),
        })
    }
}

impl Example {
    fn bounded(self) -> Self {
        let cut = |text: String| fitted(&text, LONGEST).replace(char::is_control, "?");
        Self {
            user: cut(self.user),
            namespace: cut(self.namespace),
            object: cut(self.object),
        }
    }
}

fn named(statement: &StatementId) -> (String, usize) {
    (statement.policy.to_string(), statement.number)
}
