//! The path of fields that leads to a pod or pod template in an object.

use std::fmt;

use serde::de;

use crate::kubernetes::json_member::{for_each_element, for_each_member, member};

/// The path of a pod or pod template in an object: the fields that lead to it, none for a pod
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Box<str>>);

impl FieldPath {
    /// The path of these fields
    pub fn of<'f>(fields: impl IntoIterator<Item = &'f str>) -> Self {
        Self(fields.into_iter().map(Into::into).collect())
    }

    /// Whether it is the path of the whole object
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The path as a JSON pointer (RFC 6901), such as `/spec/template`
    pub fn pointer(&self) -> String {
        self.0
            .iter()
            .map(|field| format!("/{}", escaped(field)))
            .collect()
    }

    /// The first object at this path
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all).
    pub fn find<'a>(&self, json: &'a str) -> Result<Option<&'a str>, serde_json::Error> {
        let all = self.all(json)?;
        Ok(all.into_iter().next().map(|(_, text)| text))
    }

    /// The objects at this path, each with its own path: a list on the way stands for all its elements, and the step `*`
    /// for all fields of an object
    ///
    /// Values of another type, `null` and absent fields are skipped, since no pod can be made of them.
    ///
    /// ```text
    /// spec.tasks.template in {"spec": {"tasks": [{"template": {"a": 1}}, {"name": "none"}]}}
    ///   -> [(spec.tasks.0.template, {"a": 1})]
    /// ```
    ///
    /// # Errors
    ///
    /// An object on the way has the field twice, lists are nested too deeply, or there are too many objects.
    pub fn all<'a>(&self, json: &'a str) -> Result<Vec<(Self, &'a str)>, serde_json::Error> {
        expand(&self.0, &Self::default(), json, MAX_TEMPLATES)
    }

    /// The paths of the objects that contain this one, the nearest first
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = Self> {
        let lengths = (0..self.0.len()).rev();
        lengths.map(|length| Self(self.0.iter().take(length).cloned().collect()))
    }

    fn join(&self, field: &str) -> Self {
        let fields = self.0.iter().map(|field| &**field);
        Self::of(fields.chain([field]))
    }
}

/// The step of a path that stands for all fields of an object
pub(crate) const ANY_FIELD: &str = "*";

/// The most pod templates in one object
const MAX_TEMPLATES: usize = 256;

/// The longest path to a template, so that nested lists cannot exhaust the stack
const MAX_DEPTH: usize = 32;

/// The objects that `fields` lead to from the value at `path`, at most `limit` of them
fn expand<'a>(
    fields: &[Box<str>],
    path: &FieldPath,
    json: &'a str,
    limit: usize,
) -> Result<Vec<(FieldPath, &'a str)>, serde_json::Error> {
    if path.0.len() > MAX_DEPTH {
        return Err(de::Error::custom(format_args!(
            "lists are nested more than {MAX_DEPTH} deep"
        )));
    }
    match (json.as_bytes().first(), fields.split_first()) {
        (Some(b'['), _) => expand_elements(fields, path, json, limit),
        (Some(b'{'), None) if limit > 0 => Ok(vec![(path.clone(), json)]),
        (Some(b'{'), None) => Err(de::Error::custom(format_args!(
            "there are more than {MAX_TEMPLATES} pod templates"
        ))),
        (Some(b'{'), Some((field, rest))) if **field == *ANY_FIELD => expand_members(rest, path, json, limit),
        (Some(b'{'), Some((field, rest))) => match member(json, field)? {
            Some(value) => expand(rest, &path.join(field), value, limit),
            None => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

fn expand_members<'a>(
    fields: &[Box<str>],
    path: &FieldPath,
    object: &'a str,
    limit: usize,
) -> Result<Vec<(FieldPath, &'a str)>, serde_json::Error> {
    let mut found = Vec::new();
    for_each_member(object, |field, value| {
        if matches!(value.as_bytes().first(), Some(b'[' | b'{')) {
            let limit = limit.saturating_sub(found.len());
            found.extend(expand(fields, &path.join(field), value, limit)?);
        }
        Ok(())
    })?;
    Ok(found)
}

fn expand_elements<'a>(
    fields: &[Box<str>],
    path: &FieldPath,
    list: &'a str,
    limit: usize,
) -> Result<Vec<(FieldPath, &'a str)>, serde_json::Error> {
    let mut found = Vec::new();
    for_each_element(list, |index, element| {
        // Only lists and objects lead to a template
        if matches!(element.as_bytes().first(), Some(b'[' | b'{')) {
            let limit = limit.saturating_sub(found.len());
            found.extend(expand(fields, &path.join(&index.to_string()), element, limit)?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// A field name, escaped for a JSON pointer
pub(crate) fn escaped(field: &str) -> String {
    field.replace('~', "~0").replace('/', "~1")
}

/// The path with a dot after each field, as a prefix of `metadata`: `spec.template.`
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|field| write!(f, "{field}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_objects() {
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
    fn a_star_stands_for_all_fields() {
        let path = FieldPath::of(["spec", "*", "template"]);
        let json = r#"{"spec": {"Worker": {"template": {"a": 1}}, "n": 1, "x/y": {"template": {"b": 2}}}}"#;
        let found = path.all(json).unwrap();
        let found: Vec<(String, &str)> = found.iter().map(|(path, text)| (path.pointer(), *text)).collect();
        assert_eq!(
            found,
            [
                ("/spec/Worker/template".to_owned(), r#"{"a": 1}"#),
                ("/spec/x~1y/template".to_owned(), r#"{"b": 2}"#),
            ]
        );
        let error = path
            .all(r#"{"spec": {"a": {}, "a": {}}}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("duplicate field `a`"), "{error}");
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
}
