//! What a denied pod would have to say to be allowed, as annotation lines.
//!
//! The lines are what the author of a manifest writes, before the mapping rules; what they come to after the rules was
//! judged for the requester and for every boundary, like the pod itself.

pub(crate) mod evaluator;

use std::fmt;

use crate::admission::evaluate::Case;
use crate::admission::evaluate::advice::evaluator::PodEvaluator;
use crate::admission::fields::annotations::{CUSTOM_TAGS, Fields, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::admission::fields::update::Both;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::response::reply::Cause;
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod::Pod;
use eci_calls::fix::{DesiredFields, Search};

/// What came of looking for a change that would be allowed
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// With these annotations, the others staying as they are, it is allowed; nothing smaller is
    Write(Vec<Line>),
    /// No tags, group and role that the policies speak of would be allowed
    Nothing,
    /// There were too many to try
    GaveUp,
}

/// What becomes of one annotation
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its key
    pub annotation: &'static str,
    /// Its value; nothing means that it is left out
    pub value: Option<String>,
}

impl Advice {
    /// The advice that a search comes to
    pub fn of(found: Search, before: &DesiredFields) -> Self {
        match found {
            Search::Found(desired) => Self::Write(lines(before, &desired)),
            Search::Nothing => Self::Nothing,
            Search::GaveUp => Self::GaveUp,
        }
    }

    /// On a pod that is created, or changed from what is stored, if there is anything to advise about
    pub(crate) fn on(
        case: &Case<'_>,
        evaluation: &Evaluation,
        pod: &Pod<'_>,
        update: Option<(Both<'_>, &Fields)>,
        namespace: &Meta,
    ) -> Option<Self> {
        let requester = evaluation
            .principal
            .as_ref()
            .filter(|_| is_about_fields(evaluation))?;
        let principals = case.principals(requester, namespace);
        let account = case.service_account(pod);
        let evaluator = PodEvaluator::new(
            case,
            pod,
            namespace,
            account.as_deref(),
            &principals,
            evaluation,
            update,
        );
        Some(evaluator.advice())
    }

    /// The annotations to write or to leave out
    pub fn lines(&self) -> &[Line] {
        match self {
            Self::Write(lines) => lines,
            Self::Nothing | Self::GaveUp => &[],
        }
    }

    /// The same for programs, one cause an annotation
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let cause = |line: &Line| Cause {
            reason: "Fix".to_owned(),
            message: match &line.value {
                Some(_) => format!("write {line}"),
                None => "leave it out".to_owned(),
            },
            field: Some(format!("metadata.annotations[{}]", line.annotation)),
        };
        self.lines().iter().map(cause).collect()
    }

    /// The same as half a sentence
    pub fn words(&self) -> Option<String> {
        let words = self.lines().iter().map(|line| match &line.value {
            Some(_) => format!("write annotation {line}"),
            None => format!("leave out annotation {}", line.annotation),
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }
}

/// Whether everything that speaks against a pod lies in what its annotations ask for
fn is_about_fields(evaluation: &Evaluation) -> bool {
    !evaluation.findings.is_empty()
        && evaluation
            .findings
            .iter()
            .all(|finding| matches!(finding, Finding::Refused(_) | Finding::Denied { .. }))
}

/// The annotations that two sets of fields write differently, as the second writes them
fn lines(before: &DesiredFields, after: &DesiredFields) -> Vec<Line> {
    let texts = |desired: &DesiredFields| {
        let fields = fields(desired, &Fields::default());
        [fields.written_tags(), fields.resource_group, fields.role]
    };
    [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME]
        .into_iter()
        .zip(texts(before).into_iter().zip(texts(after)))
        .filter(|(_, (before, after))| before != after)
        .map(|(annotation, (_, value))| Line { annotation, value })
        .collect()
}

/// The desired fields, with those that they leave alone
fn fields(desired: &DesiredFields, others: &Fields) -> Fields {
    Fields {
        tags: desired.tags.clone(),
        resource_group: desired.resource_group.clone(),
        role: desired.role.clone(),
        role_arns: others.role_arns.clone(),
    }
}

fn desired(fields: &Fields) -> DesiredFields {
    DesiredFields {
        tags: fields.tags.clone(),
        resource_group: fields.resource_group.clone(),
        role: fields.role.clone(),
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            // No value that an annotation of ECI can hold needs escaping but these two
            Some(value) => {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "{}: \"{value}\"", self.annotation)
            }
            None => write!(f, "without {}", self.annotation),
        }
    }
}

/// One line each, and a word where there is none
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(ToString::to_string).collect();
        match self {
            Self::Write(_) => f.write_str(&lines.join("\n")),
            Self::Nothing => f.write_str("none"),
            Self::GaveUp => f.write_str("unknown"),
        }
    }
}
