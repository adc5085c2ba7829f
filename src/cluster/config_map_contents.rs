//! What a ConfigMap holds: its documents, each with a digest of its text, so that only changed texts are read again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_lc_rs::digest;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::config::config_map::{self, ConfigKind, Side};
use crate::config::named_document::NamedDocument;
use crate::config::parsed_document::ParsedDocument;
use ram_policy::Interner;

/// The documents of a ConfigMap, and everything that they are made from: other annotations change no document
#[derive(Clone, Debug)]
pub(crate) struct ConfigMapContents {
    pub(crate) side: Side,
    /// In the order of the keys
    pub(crate) documents: Arc<[NamedDocument]>,
    marks: Marks,
    /// The text of each document; `None` for a document that is refused before its text is read
    texts: Arc<[Option<TextDigest>]>,
}

/// The labels and the annotation that say what a ConfigMap is
type Marks = [Option<Box<str>>; 3];

/// A digest of a text with its key and the kind of its ConfigMap
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TextDigest([u8; digest::SHA256_OUTPUT_LEN]);

impl ConfigMapContents {
    /// A ConfigMap whose reading ended without a result: one refused document, so that nothing counts as gone
    pub(crate) fn unread(name: &str) -> Self {
        let refused =
            ParsedDocument::refused("it could not be read; this is a fault of ramgate, please report it");
        Self {
            side: Side::Live,
            documents: Arc::new([NamedDocument::new(name, refused)]),
            marks: Marks::default(),
            texts: Arc::new([None]),
        }
    }

    /// Reads the texts that `before` does not have; all of `before` comes back if nothing changed
    ///
    /// ```text
    /// before: {P.json: a, Q.json: b}, now: {P.json: a, Q.json: c}   ->   reads c alone
    /// ```
    pub(crate) fn read(config_map: &ConfigMap, before: Option<Self>, interner: &mut Interner) -> Self {
        let known = before.as_ref().map(Self::by_text).unwrap_or_default();
        let mut digests: BTreeMap<String, TextDigest> = BTreeMap::new();
        let mut read = |kind: ConfigKind, key: &str, text: &[u8]| {
            let digest = TextDigest::of(kind, key, text);
            digests.insert(key.to_owned(), digest);
            known.get(&digest).copied().cloned().unwrap_or_else(|| {
                let mut document = kind.read(key, text);
                document.intern(interner);
                document
            })
        };
        let (side, documents) = config_map::sided_documents_by(config_map, &mut read);
        let texts = documents.iter().map(|named| {
            let (_, key) = named.name.split_once('/')?;
            let is_refused = config_map
                .binary_data
                .as_ref()
                .is_some_and(|data| data.contains_key(key));
            digests.get(key).copied().filter(|_| !is_refused)
        });
        let (marks, texts) = (marks(config_map), texts.collect());
        match before {
            Some(before) if before.is_of(&marks, &texts, &documents) => before,
            _ => Self {
                side,
                documents: documents.into(),
                marks,
                texts,
            },
        }
    }

    /// The documents whose texts were read
    fn by_text(&self) -> HashMap<TextDigest, &ParsedDocument> {
        let texts = self.texts.iter().zip(self.documents.iter());
        texts
            .filter_map(|(text, named)| Some(((*text)?, &named.document)))
            .collect()
    }

    /// Whether these marks and texts give the same documents
    fn is_of(&self, marks: &Marks, texts: &Arc<[Option<TextDigest>]>, documents: &[NamedDocument]) -> bool {
        let names = self.documents.iter().map(|named| &named.name);
        self.marks == *marks && self.texts == *texts && names.eq(documents.iter().map(|named| &named.name))
    }
}

fn marks(config_map: &ConfigMap) -> Marks {
    let metadata = &config_map.metadata;
    let value = |map: Option<&BTreeMap<String, String>>, key: &str| {
        let value = map.and_then(|map| map.get(key));
        value.map(|value| value.as_str().into())
    };
    let labels = metadata.labels.as_ref();
    [
        value(labels, config_map::LABEL),
        value(labels, config_map::CANDIDATE),
        value(metadata.annotations.as_ref(), config_map::CANDIDATE),
    ]
}

impl TextDigest {
    fn of(kind: ConfigKind, key: &str, text: &[u8]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [kind.to_string().as_bytes(), key.as_bytes(), text] {
            // Lengths keep neighbours apart
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
        for (byte, computed) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *byte = *computed;
        }
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use ram_policy::Document;

    /// Policies, each of which allows one action
    fn policies(actions: &[(&str, &str)]) -> Value {
        let text = |action: &str| {
            json!({"Version": "1", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
                .to_string()
        };
        let data = actions
            .iter()
            .map(|(name, action)| (format!("{name}.json"), text(action)));
        let data: BTreeMap<String, String> = data.collect();
        json!({"metadata": {"name": "rules", "labels": {"ramgate.io/config": "policy"}}, "data": data})
    }

    fn read(config_map: &Value, before: Option<&ConfigMapContents>) -> ConfigMapContents {
        let config_map = serde_json::from_value(config_map.clone()).unwrap();
        ConfigMapContents::read(&config_map, before.cloned(), &mut Interner::default())
    }

    fn texts(contents: &ConfigMapContents) -> Vec<Arc<Document>> {
        let text = |named: &'_ NamedDocument| match &named.document {
            ParsedDocument::Policy(policy) => Arc::clone(&policy.document),
            other => panic!("{other:?}"),
        };
        contents.documents.iter().map(text).collect()
    }

    #[test]
    fn a_change_of_one_text_reads_that_text_alone() {
        let actions: Vec<(String, String)> =
            (0..100).map(|n| (format!("P{n}"), format!("eci:A{n}"))).collect();
        let mut all: Vec<(&str, &str)> = (actions.iter())
            .map(|(name, action)| (&**name, &**action))
            .collect();
        let before = read(&policies(&all), None);
        all[42].1 = "eci:Other";
        all.push(("New", "eci:New"));
        let after = read(&policies(&all), Some(&before));
        let (known, all_texts) = (texts(&before), texts(&after));
        let is_known = |text: &&Arc<Document>| known.iter().any(|known| Arc::ptr_eq(known, text));
        let new = all_texts.iter().filter(|text| !is_known(text));
        let new: Vec<&str> = new
            .map(|text| text.statements[0].actions.patterns()[0].as_str())
            .collect();
        assert_eq!((after.documents.len(), new), (101, vec!["eci:New", "eci:Other"]));
        // Each says what a reader of all of them says
        assert_eq!(format!("{after:?}"), format!("{:?}", read(&policies(&all), None)));
    }

    #[test]
    fn what_could_not_be_read_is_refused_and_is_not_gone() {
        let unread = ConfigMapContents::unread("policies");
        let faults: Vec<String> = unread
            .documents
            .iter()
            .flat_map(NamedDocument::faults)
            .map(|fault| fault.to_string())
            .collect();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("policies:"), "{faults:?}");
        let readable = policies(&[("a", "eci:A")]);
        assert_eq!(
            format!("{:?}", read(&readable, Some(&unread))),
            format!("{:?}", read(&readable, None))
        );
    }

    #[test]
    fn contents_are_all_that_documents_are_made_from() {
        let base = policies(&[("a", "eci:A"), ("b", "eci:B")]);
        let before = read(&base, None);
        let is_known = |config_map: &Value| {
            let after = read(config_map, Some(&before));
            let fresh = read(config_map, None);
            assert_eq!(format!("{after:?}"), format!("{fresh:?}"));
            Arc::ptr_eq(&after.documents, &before.documents)
        };
        assert!(is_known(&base));
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut config_map = base.clone();
            change(&mut config_map);
            is_known(&config_map)
        };
        assert!(changed(
            &|map| map["metadata"]["annotations"] = json!({"team": "x"})
        ));
        assert!(!changed(&|map| map["data"]["a.json"] = "{".into()));
        assert!(!changed(&|map| map["data"]["c.json"] = "{}".into()));
        assert!(!changed(&|map| map["data"] = json!({})));
        assert!(!changed(
            &|map| map["metadata"]["labels"]["ramgate.io/config"] = "directory".into()
        ));
        assert!(!changed(
            &|map| map["metadata"]["labels"]["ramgate.io/candidate"] = "true".into()
        ));
        assert!(!changed(
            &|map| map["metadata"]["annotations"] = json!({"ramgate.io/candidate": "true"})
        ));
        assert!(!changed(&|map| map["binaryData"] = json!({"x": ""})));
        // A text that changes places is another one, and so is a key that hides behind binary data
        let exchanged = policies(&[("a", "eci:B"), ("b", "eci:A")]);
        assert!(!is_known(&exchanged));
        let mut hidden = base.clone();
        hidden["binaryData"] = json!({"a.json": ""});
        let hidden = read(&hidden, Some(&before));
        assert_eq!(format!("{:?}", read(&base, Some(&hidden))), format!("{before:?}"));
    }
}
