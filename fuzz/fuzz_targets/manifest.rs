//! Takes any text as a file of manifests. What is read must be bounded, whatever aliases stand for, and faults must be in the
//! text. What the strict reader of configuration takes is read here as well.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ramgate::testing::yaml::{parse, parse_manifests};
use ramgate_fuzz::lies_inside;

/// The most that aliases may add to a text, as JSON: each value takes at most so much more in JSON than in memory
const LONGEST: usize = 64 * 1024 * 1024;

fuzz_target!(|text: &str| {
    match parse_manifests(text) {
        Ok(read) => {
            for warning in &read.warnings {
                lies_inside(warning.at, text.as_bytes());
            }
            for document in &read.documents {
                lies_inside(document.at, text.as_bytes());
                assert!(document.to_json().to_string().len() <= LONGEST);
            }
        }
        Err(fault) => {
            lies_inside(fault.at, text.as_bytes());
            // Only numbers that JSON does not have, and keys that are null, are taken by the strict reader alone
            let is_of_yaml_1_1 = fault.message.contains("JSON does not have");
            assert!(
                is_of_yaml_1_1 || text.contains("<<") || parse(text).is_err(),
                "{fault}"
            );
        }
    }
});
