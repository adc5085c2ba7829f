//! The decision that a case of the RAM or ECI level expects.

use std::fmt;

use serde::de::{Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Map;

use crate::cases::comparison::Comparison;

/// The names of decisions
const DECISIONS: &[&str] = &["Allow", "ImplicitDeny", "ExplicitDeny", "Empty", "Refused"];

/// The name of a decision, or an object with it and some of its details
#[derive(Clone, Debug)]
pub(super) enum ExpectedDecision {
    /// The decision alone
    Decision(String),
    /// The decision and details; details that are not given are not compared
    Details(DecisionDetails),
}

/// A decision with its details, either expected or actual
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DecisionDetails {
    #[serde(deserialize_with = "decision")]
    pub(super) decision: String,
    /// The action that was decided
    pub(super) auth_action: Option<String>,
    /// The policy layer that decided
    pub(super) policy_type: Option<String>,
    /// The statement that decided
    pub(super) statement: Option<String>,
    /// The error code of a call that ECI refuses
    pub(super) code: Option<String>,
    /// The smallest change that would be allowed
    pub(super) fix: Option<String>,
}

impl ExpectedDecision {
    /// Compares the actual decision, as far as the case gives details
    ///
    /// ```text
    /// expect: {decision: Allow, statement: "P#1"}    passes for any policy type, and not for statement "P#2"
    /// ```
    pub(super) fn compare(&self, actual: &DecisionDetails) -> Comparison {
        match self {
            Self::Decision(decision) => Comparison {
                passed: *decision == actual.decision,
                expected: decision.as_str().into(),
                actual: actual.decision.as_str().into(),
            },
            Self::Details(expected) => {
                let fields = expected.fields().into_iter().zip(actual.fields());
                let given: Vec<_> = fields.filter(|((_, expected), _)| expected.is_some()).collect();
                let object = |pairs: Vec<(&str, Option<&str>)>| {
                    let pairs = pairs.into_iter();
                    pairs
                        .map(|(name, value)| (name.to_owned(), value.into()))
                        .collect::<Map<_, _>>()
                        .into()
                };
                Comparison {
                    passed: given.iter().all(|(expected, actual)| expected == actual),
                    expected: object(given.iter().map(|(expected, _)| *expected).collect()),
                    actual: object(given.iter().map(|(_, actual)| *actual).collect()),
                }
            }
        }
    }
}

impl DecisionDetails {
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
    if DECISIONS.contains(&text.as_str()) {
        Ok(text)
    } else {
        Err(D::Error::custom(format_args!(
            "`{text}` is not a decision: {}",
            DECISIONS.join(", ")
        )))
    }
}

impl<'de> Deserialize<'de> for ExpectedDecision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ExpectVisitor;
        impl<'de> Visitor<'de> for ExpectVisitor {
            type Value = ExpectedDecision;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decision, or an object with `decision`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ExpectedDecision, E> {
                decision(text.into_deserializer()).map(ExpectedDecision::Decision)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ExpectedDecision, A::Error> {
                DecisionDetails::deserialize(MapAccessDeserializer::new(map)).map(ExpectedDecision::Details)
            }
        }
        deserializer.deserialize_any(ExpectVisitor)
    }
}
