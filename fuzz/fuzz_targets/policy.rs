//! Takes any bytes as a policy document, both as an identity policy and as a trust policy. The position of a fault must be
//! in the text, and an accepted document must be equal after it is printed and parsed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ram_policy::{Document, DocumentKind};
use ramgate_fuzz::{lies_inside, prints_as_read};

fuzz_target!(|bytes: &[u8]| {
    for kind in [DocumentKind::Identity, DocumentKind::Trust] {
        match Document::parse(bytes, kind) {
            Ok(parsed) => {
                parsed
                    .warnings
                    .iter()
                    .for_each(|warning| lies_inside(warning.fault.at, bytes));
                parsed
                    .document
                    .statements
                    .iter()
                    .for_each(|statement| lies_inside(statement.at, bytes));
                prints_as_read(&parsed.document, kind);
            }
            Err(fault) => lies_inside(fault.at, bytes),
        }
    }
});
