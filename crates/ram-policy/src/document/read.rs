//! From the source tree to the checked types, element by element.

use crate::source::{Fault, Key, Node, Position, Value, closest};

use super::{Actions, Document, DocumentKind, Parsed, Statement, Target};
use crate::action::ActionPattern;
use crate::arn::ResourcePattern;
use crate::condition;
use crate::doubt::Doubt;
use crate::effect::Effect;
use crate::principal::Trusted;

pub(super) fn document(node: &Node, kind: DocumentKind) -> Result<Parsed, Fault> {
    let mut version = None;
    let mut statement = None;
    for (key, value) in node.entries("a policy")? {
        match key.text.as_str() {
            "Version" => version = Some(value),
            "Statement" => statement = Some(value),
            _ => return Err(unknown(key, &["Version", "Statement"])),
        }
    }
    let version =
        version.ok_or_else(|| Fault::new(node.at, "policy has no Version: add \"Version\": \"1\""))?;
    if version.value != Value::String("1".to_owned()) {
        return Err(Fault::new(
            version.at,
            "Version must be \"1\", the only one that RAM has",
        ));
    }
    let statement = statement.ok_or_else(|| Fault::new(node.at, "policy has no Statement"))?;
    let Value::List(items) = &statement.value else {
        return Err(Fault::new(
            statement.at,
            format!("Statement must be a list, found {}", statement.kind()),
        ));
    };
    if items.is_empty() {
        return Err(Fault::new(statement.at, "Statement is an empty list"));
    }
    let mut warnings = Vec::new();
    let statements = items
        .iter()
        .map(|item| self::statement(item, kind, &mut warnings))
        .collect::<Result<_, _>>()?;
    Ok(Parsed {
        document: Document { statements },
        warnings,
    })
}

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "Principal",
    "Condition",
];

/// The elements of one statement as they stand
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
                "Sid" => {
                    return Err(Fault::new(
                        value.at,
                        format!("Sid must be a string, found {}", value.kind()),
                    ));
                }
                "NotResource" => {
                    return Err(Fault::new(
                        key.at,
                        "RAM no longer has NotResource: list the resources",
                    ));
                }
                "NotPrincipal" => {
                    return Err(Fault::new(key.at, "RAM has no NotPrincipal: list the principals"));
                }
                _ => return Err(unknown(key, ELEMENTS)),
            }
        }
        Ok(elements)
    }
}

fn statement(node: &Node, kind: DocumentKind, warnings: &mut Vec<Doubt>) -> Result<Statement, Fault> {
    let elements = Elements::of(node)?;
    let effect = effect(
        elements
            .effect
            .ok_or_else(|| Fault::new(node.at, "statement has no Effect"))?,
    )?;
    let actions = match (elements.action, elements.not_action) {
        (Some(_), Some((key, _))) => {
            return Err(Fault::new(
                key.at,
                "statement has both Action and NotAction: keep one of them",
            ));
        }
        (Some(list), None) => Actions::Listed(texts(list, "Action", ActionPattern::parse)?),
        (None, Some((_, list))) => Actions::Except(texts(list, "NotAction", ActionPattern::parse)?),
        (None, None) => return Err(Fault::new(node.at, "statement has neither Action nor NotAction")),
    };
    let target = match (kind, elements.resource, elements.principal) {
        (DocumentKind::Identity, _, Some((key, _))) => {
            return Err(Fault::new(key.at, "Principal may only stand in a trust policy"));
        }
        (DocumentKind::Identity, Some((_, list)), None) => {
            Target::Resources(texts(list, "Resource", ResourcePattern::parse)?)
        }
        (DocumentKind::Identity, None, None) => return Err(Fault::new(node.at, "statement has no Resource")),
        (DocumentKind::Trust, Some((key, _)), _) => {
            return Err(Fault::new(
                key.at,
                "a trust policy has no Resource: its role is the resource",
            ));
        }
        (DocumentKind::Trust, None, Some((_, list))) => Target::Principals(principals(list)?),
        (DocumentKind::Trust, None, None) => {
            return Err(Fault::new(
                node.at,
                "statement of a trust policy has no Principal",
            ));
        }
    };
    let conditions = elements
        .condition
        .map(|block| condition::read::parse(block, warnings))
        .transpose()?
        .unwrap_or_default();
    Ok(Statement {
        effect,
        actions,
        target,
        conditions,
        at: node.at,
        actions_at: places(elements.action.or(elements.not_action.map(|(_, list)| list))),
        resources_at: places(elements.resource.map(|(_, list)| list)),
    })
}

/// Where the entries of a list start
fn places(list: Option<&Node>) -> Box<[Position]> {
    list.map(Node::items)
        .unwrap_or_default()
        .iter()
        .map(|item| item.at)
        .collect()
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

fn principals(node: &Node) -> Result<Box<[Trusted]>, Fault> {
    let mut all = Vec::new();
    for (key, list) in node.entries("Principal")? {
        let parse = match key.text.as_str() {
            "RAM" => Trusted::parse_ram,
            "Service" => Trusted::parse_service,
            "Federated" => Trusted::parse_federated,
            other => {
                return Err(Fault::new(
                    key.at,
                    format!("unknown kind of principal `{other}`: RAM has `RAM`, `Service` and `Federated`"),
                ));
            }
        };
        all.extend(texts(list, &key.text, parse)?);
    }
    if all.is_empty() {
        return Err(Fault::new(node.at, "Principal names nobody"));
    }
    Ok(all.into())
}

/// A string or a list of strings, each read by `parse`; scalar and one-item list mean the same
fn texts<T>(node: &Node, what: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Box<[T]>, Fault> {
    let items = match &node.value {
        Value::List(items) if items.is_empty() => {
            return Err(Fault::new(node.at, format!("{what} is an empty list")));
        }
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    items
        .iter()
        .map(|item| match &item.value {
            Value::String(text) if text.contains("${") => Err(Fault::new(
                item.at,
                format!("RAM has no policy variables: `{text}`"),
            )),
            Value::String(text) => parse(text).map_err(|message| Fault::new(item.at, message)),
            _ => Err(Fault::new(
                item.at,
                format!("{what} must hold strings, found {}", item.kind()),
            )),
        })
        .collect()
}

fn unknown(key: &Key, known: &[&'static str]) -> Fault {
    let message = match closest(&key.text, known.iter().copied()) {
        Some(meant) => format!("unknown element `{}`: did you mean `{meant}`?", key.text),
        None => format!("unknown element `{}`: known are {}", key.text, known.join(", ")),
    };
    Fault::new(key.at, message)
}
