//! What a case of the raw or call level expects, and how it is held against what came.

use std::fmt;

use serde::de::{Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The words for a decision
const DECISIONS: &[&str] = &["Allow", "ImplicitDeny", "ExplicitDeny", "Empty", "Refused"];

/// A decision by its name, or an object with it and any of its details
#[derive(Clone, Debug)]
pub(super) enum Expect {
    /// The decision alone
    Decision(String),
    /// The decision and details, of which only those that are given count
    Details(Details),
}

/// A decision with its details; the same type holds what is expected and what came
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Details {
    #[serde(deserialize_with = "decision")]
    pub(super) decision: String,
    /// The action that was decided
    pub(super) auth_action: Option<String>,
    /// The layer that decided
    pub(super) policy_type: Option<String>,
    /// The statement that decided
    pub(super) statement: Option<String>,
    /// The code of a refusal
    pub(super) code: Option<String>,
    /// The change that would be allowed
    pub(super) fix: Option<String>,
}

impl Expect {
    /// Whether what came is as expected; expected and actual in the shape in which the case was written
    pub(super) fn hold_against(&self, actual: &Details) -> (bool, Value, Value) {
        match self {
            Self::Decision(decision) => (
                *decision == actual.decision,
                decision.as_str().into(),
                actual.decision.as_str().into(),
            ),
            Self::Details(wanted) => {
                let mut passed = true;
                let mut fields = (Map::new(), Map::new());
                for ((name, wanted), (_, found)) in wanted.fields().into_iter().zip(actual.fields()) {
                    if wanted.is_none() {
                        continue;
                    }
                    passed &= wanted == found;
                    fields.0.insert(name.to_owned(), wanted.into());
                    fields.1.insert(name.to_owned(), found.into());
                }
                (passed, Value::Object(fields.0), Value::Object(fields.1))
            }
        }
    }
}

impl Details {
    fn fields(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("decision", Some(self.decision.as_str())),
            ("authAction", self.auth_action.as_deref()),
            ("policyType", self.policy_type.as_deref()),
            ("statement", self.statement.as_deref()),
            ("code", self.code.as_deref()),
            ("fix", self.fix.as_deref()),
        ]
    }
}

fn decision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match DECISIONS.contains(&text.as_str()) {
        true => Ok(text),
        false => Err(D::Error::custom(format_args!(
            "`{text}` is not a decision: {}",
            DECISIONS.join(", ")
        ))),
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ExpectVisitor;
        impl<'de> Visitor<'de> for ExpectVisitor {
            type Value = Expect;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decision, or an object with `decision`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Expect, E> {
                decision(text.into_deserializer()).map(Expect::Decision)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expect, A::Error> {
                Details::deserialize(MapAccessDeserializer::new(map)).map(Expect::Details)
            }
        }
        deserializer.deserialize_any(ExpectVisitor)
    }
}
