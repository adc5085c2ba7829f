//! Takes any text as each annotation of ECI. An accepted text must print as it was written and follow ECI's own rules. A
//! refusal must be short and must not break the line.

#![no_main]

use eci_calls::{self, Tags};
use libfuzzer_sys::fuzz_target;
use ramgate::testing::admission::annotations::{self, ECI_FIELDS, Fields};
use ramgate::testing::kubernetes::Pod;
use serde_json::json;

/// The longest refusal of one annotation, in characters: half the limit of a whole message
const LONGEST: usize = 500;

fuzz_target!(|text: &str| {
    if let Ok(tags) = annotations::parse_tags(text) {
        assert!(tags.len() <= eci_calls::MAX_TAGS);
        Tags::from_pairs(tags.clone()).unwrap();
        let fields = Fields {
            tags,
            ..Fields::default()
        };
        assert_eq!(fields.written_tags().as_deref(), Some(text));
    }
    if let Ok(id) = annotations::parse_resource_group(text) {
        assert_eq!(id, text);
    }
    if let Ok(name) = annotations::parse_role_name(text) {
        assert_eq!(name, text);
        eci_calls::check_role_name(text).unwrap();
    }
    for key in ECI_FIELDS {
        let json = json!({"metadata": {"annotations": {key: text}}}).to_string();
        match Fields::read(&Pod::parse(&json).unwrap()) {
            Ok(fields) => {
                assert!(!text.is_empty(), "{key} is empty and was read as {fields:?}");
                let arns: Vec<&str> = fields.role_arns.iter().map(|arn| arn.as_str()).collect();
                let read = [
                    fields.written_tags(),
                    fields.resource_group,
                    fields.role,
                    (!arns.is_empty()).then(|| arns.join(",")),
                ];
                assert_eq!(read.into_iter().flatten().collect::<Vec<_>>(), [text], "{key}");
            }
            Err(malformed) => {
                for refusal in malformed {
                    let words = refusal.to_string();
                    assert!(words.chars().count() <= LONGEST, "{words}");
                    assert!(!words.contains(char::is_control), "{words:?}");
                }
            }
        }
    }
});
