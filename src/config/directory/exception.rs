//! An entry of the section `exceptions`: denials that are warnings for a while.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::config::directory::binding_entry;
use crate::config::directory::bindings::{SERVICE_ACCOUNT, Subject};
use crate::config::directory::exception_end;
use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::{LocatedText, check_lists, strings};
use crate::config::directory::name_rules::{KUBERNETES, check_no_pattern, shortened};
use crate::config::directory::principal_entry::{self, PrincipalEntry};
use ram_policy::source::{Fault, Node, Position, closest};
use ram_policy::{Principal, StatementId};

/// How far away the end of an exception may be: a quarter of a year, after which somebody looks at it again
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long before its end an exception counts as expiring: a week, in which somebody is at work
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The longest reason or owner, in bytes: one line of a list
const MAX_TEXT: usize = 200;

/// An exception: what it excuses, for whom, and until when
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    /// Its name
    pub(crate) name: String,
    /// The Kubernetes users whom it excuses, service accounts by their user names
    pub(crate) users: Vec<String>,
    /// The RAM principals whom it excuses
    pub(crate) principals: Vec<Principal>,
    /// The namespaces that it holds in, by name: labels may be written by others
    pub(crate) namespaces: Vec<String>,
    /// The codes of the denials that it excuses
    pub(crate) codes: Vec<ExcusedCode>,
    /// The Deny statements that it excuses
    pub(crate) statements: Vec<StatementId>,
    /// The actions that it excuses; empty for all actions of ECI
    pub(crate) actions: Vec<String>,
    /// The moment from which it no longer holds
    pub(crate) until: Timestamp,
    /// The reason for it
    pub(crate) reason: String,
    /// Who answers for it
    pub(crate) owner: String,
}

/// The code of a denial that an exception may excuse
///
/// Only requests that were judged to their end have these: where a fault ends the evaluation before, RAM was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExcusedCode {
    /// No statement allows it
    ImplicitDeny,
    /// A Deny statement that the exception names
    ExplicitDeny,
    /// Nothing binds the requester
    UnboundIdentity,
    /// The requester is a controller that nobody lists
    UnlistedController,
    /// The pod does not run what its stamp says
    UnlikeStamp,
}

impl ExcusedCode {
    const ALL: [Self; 5] = [
        Self::ImplicitDeny,
        Self::ExplicitDeny,
        Self::UnboundIdentity,
        Self::UnlistedController,
        Self::UnlikeStamp,
    ];

    /// The code as messages have it
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ImplicitDeny => "ImplicitDeny",
            Self::ExplicitDeny => "ExplicitDeny",
            Self::UnboundIdentity => "UnboundIdentity",
            Self::UnlistedController => "UnlistedController",
            Self::UnlikeStamp => "UnlikeStamp",
        }
    }
}

/// Where an exception is in its time
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExceptionState {
    /// It holds, for more than a week
    Active,
    /// It holds, and ends within a week
    Expiring,
    /// Its end has come
    Expired,
    /// Its end is more than 90 days away, so it does not hold
    TooLong,
}

impl ExceptionState {
    /// All states
    pub(crate) const ALL: [Self; 4] = [Self::Active, Self::Expiring, Self::Expired, Self::TooLong];

    /// The state as a metric label
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::TooLong => "too_long",
        }
    }
}

impl Exception {
    /// Its state at a time
    pub(crate) fn state(&self, now: Timestamp) -> ExceptionState {
        let left = self.until.duration_since(now);
        if left <= SignedDuration::ZERO {
            ExceptionState::Expired
        } else if left > LONGEST {
            ExceptionState::TooLong
        } else if left <= SOON {
            ExceptionState::Expiring
        } else {
            ExceptionState::Active
        }
    }

    /// Whether it holds at a time
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        matches!(self.state(now), ExceptionState::Active | ExceptionState::Expiring)
    }
}

/// `payments-move, until 2026-12-31T18:00:00Z, owner team-a`
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, until {}, owner {}", self.name, self.until, self.owner)
    }
}

/// An exception with the positions that later checks point at
#[derive(Clone, Debug)]
pub(crate) struct ExceptionEntry {
    pub(crate) name_at: Position,
    pub(crate) until_at: Position,
    pub(crate) principals: Vec<PrincipalEntry>,
    /// The position of each of its statements
    pub(crate) statements_at: Vec<Position>,
    /// The position of each of its actions
    pub(crate) actions_at: Vec<Position>,
    pub(crate) exception: Arc<Exception>,
}

impl ExceptionEntry {
    /// The fault of an end that is too far away
    pub(crate) fn too_long(&self, now: Timestamp) -> Option<Fault> {
        let exception = &self.exception;
        (exception.state(now) == ExceptionState::TooLong).then(|| {
            let message = format!(
                "exception `{}` ends more than 90 days from now: the latest end is {:.0}",
                exception.name,
                now.saturating_add(LONGEST).unwrap_or(now)
            );
            Fault::new(self.until_at, message)
        })
    }
}

/// The fields that are lists of texts
const LISTS: [&str; 5] = ["principals", "namespaces", "codes", "statements", "actions"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    name: LocatedText,
    #[serde(default)]
    subjects: Vec<Node>,
    #[serde(default)]
    principals: Vec<LocatedText>,
    namespaces: Vec<LocatedText>,
    codes: Vec<LocatedText>,
    #[serde(default)]
    statements: Vec<LocatedText>,
    #[serde(default)]
    actions: Vec<LocatedText>,
    until: LocatedText,
    reason: LocatedText,
    owner: LocatedText,
}

/// Reads an entry of `exceptions`
///
/// # Errors
/// Every fault in it: of names, of a time without a zone, of codes that nothing excuses, and of a scope that is empty
pub(crate) fn read(node: &Node) -> Result<ExceptionEntry, Faults> {
    check_lists(node, LISTS)?;
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    faults.handle(KUBERNETES.check(&wire.name));
    for namespace in &wire.namespaces {
        faults.handle(check_no_pattern(namespace.at, namespace).and_then(|()| KUBERNETES.check(namespace)));
    }
    for text in [&wire.reason, &wire.owner] {
        faults.handle(check_line(text));
    }
    for action in &wire.actions {
        faults.handle(check_action(action));
    }
    let users = wire.subjects.iter().filter_map(|node| faults.handle(user(node)));
    let users: Vec<String> = users.collect();
    let principals = wire.principals.iter();
    let principals = principals.filter_map(|text| faults.handle(principal(text)));
    let principals: Vec<PrincipalEntry> = principals.collect();
    let codes = wire.codes.iter().filter_map(|text| faults.handle(code(text)));
    let codes: Vec<ExcusedCode> = codes.collect();
    let statements = wire
        .statements
        .iter()
        .filter_map(|text| faults.handle(statement(text)));
    let statements: Vec<StatementId> = statements.collect();
    let until = faults.handle(exception_end::read(&wire.until));
    let fault = |message: &str| Fault::new(node.at, message);
    if faults.is_empty() {
        if wire.namespaces.is_empty() || codes.is_empty() {
            faults.push(fault("an exception names at least one namespace and one code"));
        }
        match (users.is_empty(), principals.is_empty()) {
            (false, false) => faults.push(fault(
                "an exception has both `subjects` and `principals`: keep one, and write another exception for the other",
            )),
            (true, true) => faults.push(fault(
                "an exception has neither `subjects` nor `principals`: add one, with whom it excuses",
            )),
            (true, false) | (false, true) => {}
        }
        if codes.contains(&ExcusedCode::ExplicitDeny) == statements.is_empty() {
            faults.push(fault(
                "code ExplicitDeny goes with `statements`, which names each Deny as POLICY#N",
            ));
        }
        let is_unbound = |code: &&ExcusedCode| {
            matches!(
                code,
                ExcusedCode::UnboundIdentity | ExcusedCode::UnlistedController
            )
        };
        if users.is_empty()
            && let Some(code) = codes.iter().find(is_unbound)
        {
            let message = format!(
                "code {} is about somebody without a RAM principal: name `subjects`",
                code.name()
            );
            faults.push(fault(&message));
        }
    }
    let Some(until) = until else {
        return Err(faults);
    };
    let actions_at = wire.actions.iter().map(|text| text.at).collect();
    let exception = Exception {
        name: wire.name.as_str().to_owned(),
        users,
        principals: principals.iter().map(|entry| entry.principal.clone()).collect(),
        namespaces: strings(wire.namespaces),
        codes,
        statements,
        actions: strings(wire.actions),
        until,
        reason: wire.reason.into(),
        owner: wire.owner.into(),
    };
    faults.finish(ExceptionEntry {
        name_at: wire.name.at,
        until_at: wire.until.at,
        principals,
        statements_at: wire.statements.iter().map(|text| text.at).collect(),
        actions_at,
        exception: Arc::new(exception),
    })
}

/// The user name of a subject
fn user(node: &Node) -> Result<String, Faults> {
    match binding_entry::subject(node)? {
        Subject::User(name) => Ok(name.to_string()),
        Subject::ServiceAccount { namespace, name } => Ok(format!("{SERVICE_ACCOUNT}{namespace}:{name}")),
        Subject::Group(_) => {
            let message = "an exception is for no Kubernetes group, as a stamp has none: name the users, or `principals`";
            Err(Fault::new(node.at, message).into())
        }
    }
}

/// A principal; somebody who has none is a subject
fn principal(text: &LocatedText) -> Result<PrincipalEntry, Fault> {
    principal_entry::read(text).map_err(|fault| {
        let form = if text.starts_with(SERVICE_ACCOUNT) {
            "{kind: ServiceAccount, namespace: NAMESPACE, name: NAME}"
        } else if text.contains('@') {
            "{kind: User, name: NAME}"
        } else {
            return fault;
        };
        text.fault(format!(
            "`{}` is a user of Kubernetes and no principal: write it under `subjects`, as {form}",
            shortened(text)
        ))
    })
}

fn code(text: &LocatedText) -> Result<ExcusedCode, Fault> {
    let found = ExcusedCode::ALL
        .into_iter()
        .find(|code| code.name() == text.as_str());
    found.ok_or_else(|| {
        let names = ExcusedCode::ALL.map(ExcusedCode::name);
        let advice = match closest(text, names) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("an exception is for {}", names.join(", ")),
        };
        text.fault(format!("nothing excuses `{}`: {advice}", shortened(text)))
    })
}

fn statement(text: &LocatedText) -> Result<StatementId, Fault> {
    let parts = text.rsplit_once('#');
    let parsed = parts.and_then(|(policy, number)| Some((policy, number.parse::<usize>().ok()?)));
    match parsed {
        Some((policy, number)) if number > 0 && !policy.is_empty() => Ok(StatementId {
            policy: policy.into(),
            number,
        }),
        _ => Err(text.fault(format!(
            "`{}` is no statement: write POLICY#N, with N counted from 1",
            shortened(text)
        ))),
    }
}

fn check_action(action: &LocatedText) -> Result<(), Fault> {
    let is_whole = action
        .split_once(':')
        .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if is_whole && !action.contains('*') {
        Ok(())
    } else {
        Err(action.fault(format!(
            "`{}` is not one action, such as ram:PassRole",
            shortened(action)
        )))
    }
}

fn check_line(text: &LocatedText) -> Result<(), Fault> {
    if text.trim().is_empty() || text.len() > MAX_TEXT || text.contains(char::is_control) {
        return Err(text.fault(format!(
            "`reason` and `owner` are one line each, of at most {MAX_TEXT} bytes"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    const GOOD: &str = "{name: move, principals: [user/alice], namespaces: [shop], codes: [ImplicitDeny], \
                        until: '2026-12-31T18:00:00Z', reason: it moves, owner: team-a}";

    #[test]
    fn an_exception_holds_for_at_most_ninety_days_and_ends_to_the_second() {
        let exception = parsed(GOOD, read).unwrap().exception;
        assert_eq!(
            exception.to_string(),
            "move, until 2026-12-31T18:00:00Z, owner team-a"
        );
        for (now, state, holds) in [
            ("2026-10-02T17:59:59Z", ExceptionState::TooLong, false),
            ("2026-10-02T18:00:00Z", ExceptionState::Active, true),
            ("2026-12-24T17:59:59Z", ExceptionState::Active, true),
            ("2026-12-24T18:00:00Z", ExceptionState::Expiring, true),
            ("2026-12-31T17:59:59Z", ExceptionState::Expiring, true),
            ("2026-12-31T18:00:00Z", ExceptionState::Expired, false),
        ] {
            let now: Timestamp = now.parse().unwrap();
            assert_eq!(
                (exception.state(now), exception.holds(now)),
                (state, holds),
                "{now}"
            );
        }
        let entry = parsed(GOOD, read).unwrap();
        let fault = entry.too_long("2026-10-02T17:59:59Z".parse().unwrap()).unwrap();
        assert!(
            fault.to_string().ends_with(
                "exception `move` ends more than 90 days from now: the latest end is 2026-12-31T17:59:59Z"
            ),
            "{fault}"
        );
        assert!(entry.too_long("2026-10-02T18:00:00Z".parse().unwrap()).is_none());
    }

    #[test]
    fn every_part_is_read() {
        let text = "{name: move, subjects: [{kind: User, name: a@x}, {kind: ServiceAccount, namespace: ci, name: bot}], \
                    namespaces: [a, b], codes: [ExplicitDeny, UnboundIdentity], statements: ['P#2'], \
                    actions: ['ram:PassRole'], until: '2026-12-31T18:00:00+08:00', reason: r, owner: o}";
        let exception = parsed(text, read).unwrap().exception;
        assert_eq!(exception.users, ["a@x", "system:serviceaccount:ci:bot"]);
        assert_eq!(exception.statements[0].to_string(), "P#2");
        assert_eq!(exception.until.to_string(), "2026-12-31T10:00:00Z");
    }

    #[test]
    fn every_fault_has_its_remedy() {
        for (from, to, expected) in [
            ("'2026-12-31T18:00:00Z'", "'2026-12-31'", "has no time of day"),
            (
                "ImplicitDeny",
                "implicitdeny",
                "nothing excuses `implicitdeny`: did you mean ImplicitDeny?",
            ),
            (
                "[shop]",
                "[shop-?]",
                "`shop-?` is no name of a namespace: write each one in full, as no pattern is read here",
            ),
            (
                "[shop]",
                "shop",
                "1:52: expected a list, found `shop`: write [shop]",
            ),
            (
                "[ImplicitDeny]",
                "ImplicitDeny",
                "found `ImplicitDeny`: write [ImplicitDeny]",
            ),
            (
                "[user/alice]",
                "[alice@example.com]",
                "`alice@example.com` is a user of Kubernetes and no principal: write it under `subjects`",
            ),
            (
                "[user/alice]",
                "['system:serviceaccount:ci:bot']",
                "write it under `subjects`, as {kind: ServiceAccount, namespace: NAMESPACE, name: NAME}",
            ),
            (
                "[user/alice]",
                "[alice]",
                "`alice` is not a principal: write `account`",
            ),
            (
                "principals:",
                "subjects: [{kind: User, name: a}], principals:",
                "has both `subjects` and `principals`: keep one",
            ),
            (
                "principals: [user/alice], ",
                "",
                "has neither `subjects` nor `principals`: add one",
            ),
            ("ImplicitDeny", "ForgedStamp", "nothing excuses `ForgedStamp`"),
            ("ImplicitDeny", "MissingStamp", "nothing excuses `MissingStamp`"),
            ("ImplicitDeny", "ExplicitDeny", "goes with `statements`"),
            ("ImplicitDeny", "UnboundIdentity", "name `subjects`"),
            ("codes:", "statements: ['P#1'], codes:", "goes with `statements`"),
            ("codes:", "statements: ['P#0'], codes:", "is no statement"),
            ("codes:", "statements: [P], codes:", "is no statement"),
            ("codes:", "actions: ['eci:*'], codes:", "is not one action"),
            ("[ImplicitDeny]", "[]", "at least one namespace and one code"),
            ("[shop]", "[]", "at least one namespace and one code"),
            (
                "[shop]",
                "['*']",
                "`*` is no name of a namespace: write each one in full",
            ),
            (
                "[user/alice]",
                "[]",
                "has neither `subjects` nor `principals`: add one",
            ),
            ("[user/alice]", "['user/*']", "is not one principal"),
            (
                "principals: [user/alice]",
                "subjects: [{kind: Group, name: g}]",
                "for no Kubernetes group",
            ),
            ("it moves", "' '", "are one line each"),
            ("owner:", "approver:", "unknown field `approver`"),
        ] {
            let faults = parsed(&GOOD.replace(from, to), read).unwrap_err();
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
    }
}
