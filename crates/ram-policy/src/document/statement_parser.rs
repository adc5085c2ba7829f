//! Parses one statement of a policy document, element by element.

use std::sync::Arc;

use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition::parse::{ParsedConditions, parse, trimmed};
use crate::document::layout::Layout;
use crate::document::{Actions, DocumentKind, Statement, StatementBody, Target};
use crate::effect::Effect;
use crate::source::{Fault, Key, Node, Position, Value, closest};
use crate::trusted_principal::TrustedPrincipal;
use crate::warning::{PolicyWarning, WarningKind};

/// All elements that a statement may have; a policy of one kind has fewer
const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "Principal",
    "Condition",
];

/// A statement, with what its author should look at
pub(super) struct ParsedStatement {
    pub(super) statement: Statement,
    pub(super) warnings: Vec<PolicyWarning>,
}

/// Parses a statement.
///
/// # Errors
/// The first fault: an element is missing, unknown, malformed, or not for a policy of this kind.
pub(super) fn parse_statement(node: &Node, kind: DocumentKind) -> Result<ParsedStatement, Fault> {
    let elements = Elements::of(node)?;
    let missing_effect = || Fault::new(node.at, "statement has no Effect");
    let effect = effect(elements.effect.ok_or_else(missing_effect)?)?;
    let actions = actions(node, &elements)?;
    let target = match kind {
        DocumentKind::Identity => resources(node, effect, &elements)?,
        DocumentKind::Trust => principals(node, &elements)?,
    };
    let ParsedConditions {
        conditions,
        conditions_at,
        mut warnings,
    } = elements.condition.map(parse).transpose()?.unwrap_or_default();
    warnings.extend(elements.doubtful_resources(&target));
    warnings.extend(elements.doubtful_principals());
    let actions_at = positions(elements.action.or(elements.not_action.map(|(_, list)| list)));
    let resources_at = positions(elements.resource.map(|(_, list)| list));
    let elements_at = actions_at.chain(resources_at).chain(conditions_at);
    let body = StatementBody {
        actions,
        target,
        conditions,
        layout: Arc::new(Layout::new(node.at, elements_at)),
    };
    let statement = Statement {
        at: node.at,
        effect,
        body: Arc::new(body),
    };
    Ok(ParsedStatement { statement, warnings })
}

/// The elements of a statement before they are parsed
#[derive(Default)]
struct Elements<'a> {
    effect: Option<&'a Node>,
    action: Option<&'a Node>,
    not_action: Option<(&'a Key, &'a Node)>,
    resource: Option<(&'a Key, &'a Node)>,
    principal: Option<(&'a Key, &'a Node)>,
    condition: Option<&'a Node>,
}

impl<'a> Elements<'a> {
    fn of(node: &'a Node) -> Result<Self, Fault> {
        let mut elements = Self::default();
        for (key, value) in node.entries("a statement")? {
            match key.text.as_str() {
                "Effect" => elements.effect = Some(value),
                "Action" => elements.action = Some(value),
                "NotAction" => elements.not_action = Some((key, value)),
                "Resource" => elements.resource = Some((key, value)),
                "Principal" => elements.principal = Some((key, value)),
                "Condition" => elements.condition = Some(value),
                "Sid" if matches!(value.value, Value::String(_)) => {}
                _ => return Err(refused_element(key, value)),
            }
        }
        Ok(elements)
    }
}

impl Elements<'_> {
    /// Warnings for resources that match nothing, or that a Deny reads without the blanks around them
    fn doubtful_resources(&self, target: &Target) -> Vec<PolicyWarning> {
        let (Target::Resources(patterns), Some((_, list))) = (target, self.resource) else {
            return Vec::new();
        };
        let doubtful = patterns.iter().zip(list.items()).filter_map(|(pattern, item)| {
            if let Value::String(text) = &item.value
                && text != pattern.as_str()
            {
                let message = format!("resource `{text}` has blanks around it, which a Deny does not count");
                return Some(PolicyWarning::new(WarningKind::Blanks, item.at, message));
            }
            let message = format!(
                "resource `{}` {}, so it matches nothing",
                pattern.as_str(),
                pattern.matches_nothing()?
            );
            Some(PolicyWarning::new(WarningKind::MatchesNothing, item.at, message))
        });
        doubtful.collect()
    }

    /// Warnings for principals that are read without the blanks around them
    fn doubtful_principals(&self) -> Vec<PolicyWarning> {
        let Some((
            _,
            Node {
                value: Value::Map(kinds),
                ..
            },
        )) = self.principal
        else {
            return Vec::new();
        };
        let doubtful = kinds
            .iter()
            .flat_map(|(_, list)| list.items())
            .filter_map(|item| match &item.value {
                Value::String(text) if trimmed(text) != text => {
                    let message = format!("principal `{text}` has blanks around it");
                    Some(PolicyWarning::new(WarningKind::Blanks, item.at, message))
                }
                _ => None,
            });
        doubtful.collect()
    }
}

/// The fault of an element that no statement may have, or of a `Sid` that is no string
fn refused_element(key: &Key, value: &Node) -> Fault {
    match key.text.as_str() {
        "Sid" => {
            let message = format!("Sid must be a string, found {}", value.kind());
            Fault::new(value.at, message)
        }
        "NotResource" => Fault::new(key.at, "RAM no longer has NotResource: list the resources"),
        "NotPrincipal" => Fault::new(key.at, "RAM has no NotPrincipal: list the principals"),
        _ => unknown_element(key, ELEMENTS),
    }
}

/// The fault of an element that RAM does not have
pub(super) fn unknown_element(key: &Key, known: &[&'static str]) -> Fault {
    let message = match closest(&key.text, known.iter().copied()) {
        Some(meant) => format!("unknown element `{}`: did you mean `{meant}`?", key.text),
        None => format!("unknown element `{}`: known are {}", key.text, known.join(", ")),
    };
    Fault::new(key.at, message)
}

fn effect(node: &Node) -> Result<Effect, Fault> {
    match &node.value {
        Value::String(text) if text == "Allow" => Ok(Effect::Allow),
        Value::String(text) if text == "Deny" => Ok(Effect::Deny),
        Value::String(text) => {
            let advice = match closest(text, ["Allow", "Deny"]) {
                Some(meant) => format!("write `{meant}`"),
                None => "write `Allow` or `Deny`".to_owned(),
            };
            Err(Fault::new(node.at, format!("Effect is `{text}`: {advice}")))
        }
        _ => Err(Fault::new(
            node.at,
            format!("Effect must be `Allow` or `Deny`, found {}", node.kind()),
        )),
    }
}

fn actions(statement: &Node, elements: &Elements<'_>) -> Result<Actions, Fault> {
    match (elements.action, elements.not_action) {
        (Some(_), Some((key, _))) => Err(Fault::new(
            key.at,
            "statement has both Action and NotAction: keep one of them",
        )),
        (Some(list), None) => Ok(Actions::Listed(texts(list, "Action", ActionPattern::parse)?)),
        (None, Some((_, list))) => Ok(Actions::Except(texts(list, "NotAction", ActionPattern::parse)?)),
        (None, None) => Err(Fault::new(
            statement.at,
            "statement has neither Action nor NotAction",
        )),
    }
}

/// The target of a statement of an identity policy
fn resources(statement: &Node, effect: Effect, elements: &Elements<'_>) -> Result<Target, Fault> {
    if let Some((key, _)) = elements.principal {
        let message = match elements.resource {
            None => {
                "Principal may only stand in a trust policy, and this is one: put it under \
                 `roles[].trustPolicy` of a directory"
            }
            Some(_) => {
                "Principal may only stand in a trust policy: with a Resource beside it this is the policy of a \
                 resource, such as a bucket, which is not evaluated here"
            }
        };
        return Err(Fault::new(key.at, message));
    }
    // Nobody knows whether blanks around a resource count in RAM, so that they never help the caller
    let parse = |text: &str| match effect {
        Effect::Allow => ResourcePattern::parse(text),
        Effect::Deny => ResourcePattern::parse(text.trim()),
    };
    match elements.resource {
        Some((_, list)) => Ok(Target::Resources(texts(list, "Resource", parse)?)),
        None => Err(Fault::new(statement.at, "statement has no Resource")),
    }
}

/// The target of a statement of a trust policy
fn principals(statement: &Node, elements: &Elements<'_>) -> Result<Target, Fault> {
    if let Some((key, _)) = elements.resource {
        let message = match elements.principal {
            Some(_) => "a trust policy has no Resource: its role is the resource",
            None => {
                "a trust policy has no Resource: its role is the resource; this is a policy for users, groups or \
                 roles, which is a document of its own and granted by name"
            }
        };
        return Err(Fault::new(key.at, message));
    }
    match elements.principal {
        Some((_, node)) => Ok(Target::Principals(trusted_principals(node)?)),
        None => Err(Fault::new(
            statement.at,
            "statement of a trust policy has no Principal",
        )),
    }
}

fn trusted_principals(node: &Node) -> Result<Arc<[TrustedPrincipal]>, Fault> {
    let mut all = Vec::new();
    for (key, list) in node.entries("Principal")? {
        let parse = match key.text.as_str() {
            "RAM" => TrustedPrincipal::parse_ram,
            "Service" => TrustedPrincipal::parse_service,
            "Federated" => TrustedPrincipal::parse_federated,
            other => {
                return Err(Fault::new(
                    key.at,
                    format!("unknown kind of principal `{other}`: RAM has `RAM`, `Service` and `Federated`"),
                ));
            }
        };
        all.extend_from_slice(&texts(list, &key.text, |text| parse(trimmed(text)))?);
    }
    if all.is_empty() {
        return Err(Fault::new(node.at, "Principal names nobody"));
    }
    Ok(all.into())
}

/// Where the items of a list start
fn positions(list: Option<&Node>) -> impl Iterator<Item = Position> {
    let items = list.map(Node::items).unwrap_or_default();
    items.iter().map(|item| item.at)
}

/// Parses each text of an element; a single text means the same as a list of one
fn texts<T>(
    node: &Node,
    element: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Arc<[T]>, Fault> {
    let items = node.items();
    if items.is_empty() {
        return Err(Fault::new(node.at, format!("{element} is an empty list")));
    }
    let text = |item: &Node| match &item.value {
        Value::String(text) if text.contains("${") => {
            let message = format!("RAM has no policy variables: `{text}`");
            Err(Fault::new(item.at, message))
        }
        Value::String(text) => parse(text).map_err(|message| Fault::new(item.at, message)),
        _ => {
            let message = format!("{element} must hold strings, found {}", item.kind());
            Err(Fault::new(item.at, message))
        }
    };
    items.iter().map(text).collect()
}
