//! Takes any bytes as a case file for the reference example, as YAML and, if they may be JSON, as JSON. Two runs must give
//! the same results, and a case must pass exactly if the actual result is the expected one.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ramgate::testing::cases::run;
use ramgate::testing::config::NamedDocument;
use ramgate_fuzz::lies_inside;

static DEFAULTS: LazyLock<Vec<NamedDocument>> = LazyLock::new(ramgate_fuzz::reference);

fuzz_target!(|bytes: &[u8]| {
    let could_be_json = bytes
        .trim_ascii_start()
        .first()
        .is_some_and(|first| b"{[".contains(first));
    for name in ["cases.yaml", "cases.json"] {
        if name == "cases.json" && !could_be_json {
            continue;
        }
        let once = run(Path::new(name), bytes, &DEFAULTS);
        assert_eq!(once, run(Path::new(name), bytes, &DEFAULTS), "two runs differ");
        match once {
            Ok(results) => {
                for result in results {
                    let is_pod = result.expected.get("allowed").is_some();
                    let is_same = result.expected == result.actual;
                    // A case expects part of a message or warning, and the result has the whole text
                    assert!(is_same == result.passed || is_pod, "{result:?}");
                    if is_pod && result.passed {
                        assert_eq!(result.expected["allowed"], result.actual["allowed"]);
                    }
                }
            }
            Err(faults) => {
                assert!(!faults.is_empty(), "refused without a fault");
                for located in faults
                    .iter()
                    .filter(|located| located.document == name && located.fault.at.line > 0)
                {
                    lies_inside(located.fault.at, bytes);
                }
            }
        }
    }
});
