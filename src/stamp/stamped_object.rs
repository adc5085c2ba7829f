//! The object that a stamp was written into.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::stamp::object_name::ObjectName;

/// A pod, or an object that creates pods
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StampedObject {
    /// The API group; empty for the core group
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The kind
    pub kind: String,
    /// The name
    #[serde(flatten)]
    pub name: ObjectName,
}

impl StampedObject {
    /// Whether it is this object
    pub fn is(&self, group: &str, kind: &str, name: &str) -> bool {
        self.group == group && self.kind == kind && self.name.matches(name)
    }
}

impl fmt::Display for StampedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = match self.name {
            ObjectName::Whole(_) => "",
            ObjectName::Prefix(_) => "*",
        };
        write!(f, "{} {}{star}", self.kind, self.name.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_parse_as_they_are_written() {
        for (object, text) in [
            (
                StampedObject {
                    group: "apps".to_owned(),
                    kind: "Deployment".to_owned(),
                    name: ObjectName::Whole("web".to_owned()),
                },
                r#"{"group":"apps","kind":"Deployment","name":"web"}"#,
            ),
            (
                StampedObject {
                    group: String::new(),
                    kind: "Pod".to_owned(),
                    name: ObjectName::Prefix("run-".to_owned()),
                },
                r#"{"kind":"Pod","generateName":"run-"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&object).unwrap(), text);
            assert_eq!(serde_json::from_str::<StampedObject>(text).unwrap(), object);
        }
        for refused in [
            r#"{"kind":"Pod"}"#,
            r#"{"kind":"Pod","name":"a","generateName":"a-"}"#,
            r#"{"kind":"Pod","name":"a","more":1}"#,
        ] {
            assert!(
                serde_json::from_str::<StampedObject>(refused).is_err(),
                "{refused}"
            );
        }
    }
}
