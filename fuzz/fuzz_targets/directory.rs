//! Takes any bytes as a directory document. The positions of its faults must be in the text. Together with the policies of the
//! reference example, it must make a configuration or faults, and the configuration must decide for each of its principals.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ram_policy::{Context, Request};
use ramgate::testing::config::{NamedDocument, ParsedDocument, check, merge};
use ramgate_fuzz::lies_inside;

static POLICIES: LazyLock<Vec<NamedDocument>> = LazyLock::new(|| {
    let mut documents = ramgate_fuzz::reference();
    documents.retain(|named| matches!(named.document, ParsedDocument::Policy(_)));
    documents
});

fuzz_target!(|bytes: &[u8]| {
    let document = ParsedDocument::directory(bytes);
    let is_broken = matches!(document, ParsedDocument::Broken(_));
    assert_eq!(is_broken, !document.faults().is_empty());
    let doubts = document.warnings().iter().map(|doubt| &doubt.fault);
    for fault in document.faults().iter().chain(doubts) {
        lies_inside(fault.at, bytes);
    }
    let mut documents: Vec<(&str, &ParsedDocument)> = POLICIES
        .iter()
        .map(|named| (named.name.as_str(), &named.document))
        .collect();
    documents.push(("directory.yaml", &document));
    let faults = check(documents.iter().copied());
    for located in faults
        .iter()
        .filter(|located| located.document == "directory.yaml" && located.fault.at.line > 0)
    {
        lies_inside(located.fault.at, bytes);
    }
    let configuration = match merge(documents.iter().copied()) {
        Ok(configuration) => {
            assert!(faults.is_empty() && !is_broken, "merged in spite of {faults:?}");
            configuration
        }
        Err(merged) => {
            assert!(!merged.is_empty(), "no configuration and no fault");
            assert!(!is_broken || !faults.is_empty(), "a broken document is no fault");
            return;
        }
    };
    let context = Context::new();
    for principal in configuration.policies.principals() {
        assert!(
            configuration.policies.has_principal(&principal),
            "{principal} is listed and not known"
        );
        let request = Request {
            principal: &principal,
            action: "eci:CreateContainerGroup",
            resource: "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
            resource_group: configuration.account.default_group(),
            context: &context,
            session: &[],
        };
        let decision = configuration.policies.decide(&request);
        assert_eq!(
            configuration.policies.explain(&request).decision,
            decision,
            "{principal}"
        );
    }
});
