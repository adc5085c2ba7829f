//! What bears the ECI fields and the stamp: a pod itself, or the pod template in an object that makes pods.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::admission::fields::changes::{Change, Changes};
use crate::kubernetes::canonical_json;
use crate::kubernetes::canonical_json::Rule;
use crate::kubernetes::pod::{Metadata, Pod, Spec, present, spec};
use crate::kubernetes::strings::{Pairs, Text};
use crate::stamp::REQUESTED_BY;

/// A pod or pod template as a request brings it
#[derive(Clone, Debug)]
pub struct ReviewedTemplate<'a> {
    /// Where in the object it stands
    pub path: FieldPath,
    /// As it shall be
    pub new: Option<PodTemplate<'a>>,
    /// As it is stored
    pub old: Option<PodTemplate<'a>>,
}

/// Where in an object a pod or template stands: the fields that lead to it, none for a pod
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Box<str>>);

/// A pod or pod template at one time
#[derive(Clone, Debug)]
pub struct PodTemplate<'a> {
    json: &'a str,
    pod: Pod<'a>,
    has_metadata: bool,
    has_spec: bool,
}

impl ReviewedTemplate<'_> {
    /// How many parts of it are kept in memory
    pub fn parts(&self) -> usize {
        let sides = self.new.iter().chain(&self.old);
        sides
            .map(|template| template.pod.parts())
            .fold(0, usize::saturating_add)
    }
}

impl FieldPath {
    /// The place that these fields lead to
    pub fn of<'f>(fields: impl IntoIterator<Item = &'f str>) -> Self {
        Self(fields.into_iter().map(Into::into).collect())
    }

    /// Whether the object itself is meant
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The place as a JSON pointer (RFC 6901)
    pub fn pointer(&self) -> String {
        self.0
            .iter()
            .map(|field| format!("/{}", escaped(field)))
            .collect()
    }

    /// The first object that stands at this place
    pub fn find<'a>(&self, json: &'a str) -> Result<Option<&'a str>, serde_json::Error> {
        let all = self.all(json)?;
        Ok(all.into_iter().next().map(|(_, text)| text))
    }

    /// The objects that stand at this place, each with its own place: a list on the way stands for all its elements
    ///
    /// What is absent, `null` or of another type is passed over, since no pod can be made of it.
    ///
    /// # Errors
    ///
    /// An object on the way has the field twice, or there are more objects than anybody makes pods of.
    pub fn all<'a>(&self, json: &'a str) -> Result<Vec<(Self, &'a str)>, serde_json::Error> {
        let mut found = Vec::new();
        expand(&self.0, Self::default(), json, &mut found)?;
        Ok(found)
    }
}

/// How many pod templates one object may hold
const MOST_TEMPLATES: usize = 256;

/// How many fields and lists lead to a template at most, so that nested lists cannot exhaust the stack
const DEEPEST: usize = 32;

fn expand<'a>(
    fields: &[Box<str>],
    at: FieldPath,
    json: &'a str,
    found: &mut Vec<(FieldPath, &'a str)>,
) -> Result<(), serde_json::Error> {
    if at.0.len() > DEEPEST {
        return Err(de::Error::custom(format_args!(
            "lists are nested more than {DEEPEST} deep"
        )));
    }
    let step = |part: &str| {
        let mut path = at.clone();
        path.0.push(part.into());
        path
    };
    match (json.as_bytes().first(), fields.split_first()) {
        (Some(b'['), _) => elements(json, |index, element| {
            // Nothing else leads to a template
            match element.as_bytes().first() {
                Some(b'[' | b'{') => expand(fields, step(&index.to_string()), element, found),
                _ => Ok(()),
            }
        }),
        (Some(b'{'), None) if found.len() < MOST_TEMPLATES => {
            found.push((at, json));
            Ok(())
        }
        (Some(b'{'), None) => Err(de::Error::custom(format_args!(
            "there are more than {MOST_TEMPLATES} pod templates"
        ))),
        (Some(b'{'), Some((field, rest))) => match member(json, field)? {
            Some(next) => expand(rest, step(field), next, found),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Goes through the elements of a list, none of which is kept
fn elements<'a>(
    json: &'a str,
    each: impl FnMut(usize, &'a str) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    struct Each<F>(F);
    impl<'de, F: FnMut(usize, &'de str) -> Result<(), serde_json::Error>> Visitor<'de> for Each<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            let mut index = 0_usize;
            while let Some(element) = list.next_element::<&'de RawValue>()? {
                (self.0)(index, element.get()).map_err(de::Error::custom)?;
                index = index.saturating_add(1);
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_seq(Each(each))?;
    deserializer.end()
}

/// A field name as a JSON pointer writes it
pub(crate) fn escaped(field: &str) -> String {
    field.replace('~', "~0").replace('/', "~1")
}

/// The place with a dot after each field, as it stands before `metadata` in a field path
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|field| write!(f, "{field}."))
    }
}

impl<'a> PodTemplate<'a> {
    /// Reads a pod
    ///
    /// # Errors
    ///
    /// The text does not read as a pod.
    pub fn pod(json: &'a str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            json,
            pod: Pod::parse(json)?,
            has_metadata: true,
            has_spec: true,
        })
    }

    /// Reads a pod template, which may lack its metadata or its spec
    ///
    /// # Errors
    ///
    /// The text does not read as a pod template.
    pub fn template(json: &'a str) -> Result<Self, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Template<'a> {
            #[serde(borrow)]
            metadata: Option<Metadata<'a>>,
            #[serde(borrow, default, deserialize_with = "present")]
            spec: Option<Spec<'a>>,
        }
        let template: Template<'a> = serde_json::from_str(json)?;
        let (has_metadata, has_spec) = (template.metadata.is_some(), template.spec.is_some());
        Ok(Self {
            json,
            pod: Pod {
                metadata: template.metadata.unwrap_or_default(),
                spec: template.spec.unwrap_or_default(),
            },
            has_metadata,
            has_spec,
        })
    }

    /// What is read of it
    pub fn read(&self) -> &Pod<'a> {
        &self.pod
    }

    /// It as it was sent
    pub fn json(&self) -> &'a str {
        self.json
    }

    /// Whether it has metadata at all, so that something can be added to them
    pub fn has_metadata(&self) -> bool {
        self.has_metadata
    }

    /// The stamp, whatever it is worth
    pub fn stamp(&self) -> Option<&str> {
        self.pod.annotation(REQUESTED_BY)
    }

    /// The service account; nothing where the template leaves it to its controller
    pub fn service_account(&self) -> Option<&str> {
        self.has_spec.then(|| self.pod.service_account())
    }

    /// Whether a template with these changes means the same as another one, stamps left aside
    ///
    /// Between nothing and none in its metadata there is no difference.
    pub fn same_template(&self, changes: &Changes, other: &Self) -> bool {
        if changes.is_empty() && self.json == other.json {
            return true;
        }
        // The API server writes both sides in one way, so that most specs that are the same are so letter by letter
        let rule = match (spec(self.json), spec(other.json)) {
            (Some(one), Some(other)) if one == other && one != "null" => &BESIDE_SPEC,
            _ => &BESIDE_ANNOTATIONS,
        };
        self.annotations(changes) == other.annotations(&Changes::default())
            && canonical_json::same(self.json, other.json, rule)
    }

    /// The annotations but for the stamp, with these changes
    fn annotations<'s>(&'s self, changes: &'s Changes) -> BTreeMap<&'s str, &'s str> {
        let own = self.pod.metadata.annotations.iter().flat_map(Pairs::iter);
        let mut annotations: BTreeMap<&str, &str> = own.filter(|(key, _)| *key != REQUESTED_BY).collect();
        for (key, change) in changes.iter() {
            match change {
                Change::Set(text) => annotations.insert(key, text),
                Change::Remove => annotations.remove(key),
            };
        }
        annotations
    }
}

/// A template without its annotations
const BESIDE_ANNOTATIONS: Rule = Rule::Fields(&[("metadata", METADATA)], &Rule::Whole);

/// A template without its annotations and its spec
const BESIDE_SPEC: Rule = Rule::Fields(&[("metadata", METADATA), ("spec", Rule::Nothing)], &Rule::Whole);

const METADATA: Rule = Rule::Present(&Rule::Fields(&[("annotations", Rule::Nothing)], &Rule::Whole));

/// The text of one member of an object
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Result<Option<&'a str>, serde_json::Error> {
    struct Seek<'n>(&'n str);
    impl<'de> DeserializeSeed<'de> for Seek<'_> {
        type Value = Option<&'de RawValue>;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    impl<'de> Visitor<'de> for Seek<'_> {
        type Value = Option<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object with `{}`", self.0)
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Text<'de>>()? {
                if &*key != self.0 {
                    map.next_value::<IgnoredAny>()?;
                } else if found.replace(map.next_value::<&'de RawValue>()?).is_some() {
                    return Err(de::Error::custom(format_args!("duplicate field `{}`", self.0)));
                }
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let found = Seek(name).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(found.map(RawValue::get))
}

/// The metadata of an object that is read for nothing else
pub(crate) fn metadata(json: &str) -> Result<Metadata<'_>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Object<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        metadata: Metadata<'a>,
    }
    Object::deserialize(&mut serde_json::Deserializer::from_str(json)).map(|object| object.metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::eci_annotations::CUSTOM_TAGS;

    fn same(one: &str, other: &str) -> bool {
        let template = |json| PodTemplate::template(json).unwrap();
        template(one).same_template(&Changes::default(), &template(other))
    }

    #[test]
    fn a_place_is_found_or_not_there() {
        let path = FieldPath::of(["spec", "template"]);
        assert_eq!(path.pointer(), "/spec/template");
        assert_eq!(path.to_string(), "spec.template.");
        assert_eq!(FieldPath::of(["a/b~c"]).pointer(), "/a~1b~0c");
        let find = |json| path.find(json).map_err(|error| error.to_string());
        assert_eq!(
            find(r#"{"a": [1], "spec": {"x": {}, "template": {"y": 1}}}"#),
            Ok(Some(r#"{"y": 1}"#))
        );
        for absent in [
            "{}",
            "7",
            r#"{"spec": null}"#,
            r#"{"spec": 1}"#,
            r#"{"spec": {}}"#,
            r#"{"spec": {"template": null}}"#,
            r#"{"spec": {"template": "text"}}"#,
        ] {
            assert_eq!(find(absent), Ok(None));
        }
        assert!(
            find(r#"{"spec": {}, "spec": {}}"#)
                .unwrap_err()
                .contains("duplicate field `spec`")
        );
        assert_eq!(FieldPath::default().find("{}").unwrap(), Some("{}"));
    }

    #[test]
    fn a_list_stands_for_all_its_elements() {
        let path = FieldPath::of(["spec", "tasks", "template"]);
        let json =
            r#"{"spec": {"tasks": [{"template": {"a": 1}}, {"name": "none"}, [{"template": {"b": 2}}]]}}"#;
        let found = path.all(json).unwrap();
        let found: Vec<(String, &str)> = found.iter().map(|(path, text)| (path.pointer(), *text)).collect();
        assert_eq!(
            found,
            [
                ("/spec/tasks/0/template".to_owned(), r#"{"a": 1}"#),
                ("/spec/tasks/2/0/template".to_owned(), r#"{"b": 2}"#),
            ]
        );
        let many = format!(
            r#"{{"spec": {{"tasks": [{}]}}}}"#,
            vec![r#"{"template": {}}"#; 257].join(",")
        );
        let error = path.all(&many).unwrap_err().to_string();
        assert!(error.contains("more than 256 pod templates"), "{error}");
        let deep = format!(r#"{{"spec": {}"#, "[".repeat(100)) + &"]".repeat(100) + "}";
        let error = path.all(&deep).unwrap_err().to_string();
        assert!(error.contains("nested more than 32 deep"), "{error}");
    }

    #[test]
    fn templates_are_compared_without_the_stamp() {
        let stamped = r#"{"metadata": {"creationTimestamp": null, "annotations": {"ramgate.io/requested-by": "x"}}, "spec": {"a": 1, "b": 2}}"#;
        assert!(same(stamped, r#"{"spec": {"b": 2, "a": 1}}"#));
        assert!(same(
            stamped,
            r#"{"metadata": {"annotations": {"ramgate.io/requested-by": "y"}}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(!same(
            stamped,
            r#"{"metadata": {"labels": {"a": "b"}}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(!same(
            stamped,
            r#"{"metadata": {"annotations": {"c": "d"}}, "spec": {"b": 2, "a": 1}}"#
        ));
        assert!(!same(stamped, r#"{"spec": {"b": 2}}"#));
    }

    #[test]
    fn templates_are_compared_after_mapping() {
        let template = |json| PodTemplate::template(json).unwrap();
        let changes = Changes {
            custom_tags: Some(Change::Set("env:test".to_owned())),
            ..Changes::default()
        };
        let mapped = format!(r#"{{"metadata": {{"annotations": {{"{CUSTOM_TAGS}": "env:test"}}}}}}"#);
        assert!(template("{}").same_template(&changes, &template(&mapped)));
        assert!(!template("{}").same_template(&changes, &template("{}")));
        let removed = Changes {
            custom_tags: Some(Change::Remove),
            ..Changes::default()
        };
        assert!(template(&mapped).same_template(&removed, &template("{}")));
    }

    #[test]
    fn a_template_may_lack_what_a_pod_has() {
        let template = PodTemplate::template(r#"{"metadata": null}"#).unwrap();
        assert!(!template.has_metadata());
        assert_eq!((template.stamp(), template.service_account()), (None, None));
        let template = PodTemplate::template(r#"{"metadata": {}, "spec": {}}"#).unwrap();
        assert!(template.has_metadata());
        assert_eq!(template.service_account(), Some("default"));
        assert!(PodTemplate::pod("{}").is_err());
    }
}
