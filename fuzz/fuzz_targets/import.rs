//! Takes any text as a dump of the aliyun CLI, or as the output of `terraform show -json`. Positions of faults must be in their
//! file. What is imported must make documents without a fault, also as ConfigMaps, that hold the same.
//!
//! A dump is one text: a line `=== PATH` begins a file.

#![no_main]

use std::collections::BTreeMap;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use ramgate::testing::config::{LocatedFault, NamedDocument, check, folder};
use ramgate::testing::import::terraform::{self, TerraformSettings};
use ramgate::testing::import::{Form, InputFile, OwnDocuments, RamData, Settings, aliyun, documents, files};
use ramgate_fuzz::lies_inside;

const FILE: &str = "=== ";

fuzz_target!(|text: &str| {
    if text.starts_with(FILE) {
        let input = dump(text);
        let read = aliyun::read(&input, None);
        let files: Vec<(&str, &[u8])> = input
            .iter()
            .map(|file| (file.path.as_str(), &file.bytes[..]))
            .collect();
        written(read, &files);
    } else {
        let settings = TerraformSettings {
            account: Some("1234567890123456".to_owned()),
            folders: vec!["r-root".to_owned(), "fd-team".to_owned()],
        };
        let read = terraform::read("terraform.json", text.as_bytes(), &settings);
        written(read, &[("terraform.json", text.as_bytes())]);
    }
});

/// The files in a text, each path once
fn dump(text: &str) -> Vec<InputFile> {
    let parts = text
        .split(FILE)
        .skip(1)
        .map(|part| part.split_once('\n').unwrap_or((part, "")));
    let files: BTreeMap<&str, &str> = parts.collect();
    let file = |(path, text): (&str, &str)| InputFile {
        path: path.to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    files.into_iter().map(file).collect()
}

fn written(read: Result<RamData, Vec<LocatedFault>>, input: &[(&str, &[u8])]) {
    let settings = Settings {
        region: Some("cn-hangzhou".to_owned()),
    };
    let made = read.and_then(|data| documents(&data, &OwnDocuments::default(), &settings));
    let documents = match made {
        Ok(documents) => documents,
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a fault");
            for located in faults.iter().filter(|located| located.fault.at.line > 0) {
                let (_, bytes) = input.iter().find(|(path, _)| *path == located.document).unwrap();
                let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
                lies_inside(located.fault.at, bytes);
            }
            return;
        }
    };
    let as_files = parsed(&files(&documents, Form::Folder, "ns"));
    let as_manifests = parsed(&files(&documents, Form::Configmaps, "ns"));
    for all in [&as_files, &as_manifests] {
        let faults = check(all.iter().map(|named| (named.name.as_str(), &named.document)));
        assert!(faults.iter().all(is_of_names), "{faults:?}");
    }
    assert!(as_files.len() <= as_manifests.len(), "a document is lost");
}

/// Ids that two users share, and the like, are in the input, and an import is refused for them when it is written
fn is_of_names(fault: &LocatedFault) -> bool {
    fault.fault.message.contains(" twice") || fault.fault.message.contains("defined")
}

fn parsed(files: &BTreeMap<String, String>) -> Vec<NamedDocument> {
    let documents = files
        .iter()
        .flat_map(|(file, text)| folder::documents(Path::new(file), text.as_bytes()));
    documents.collect()
}
