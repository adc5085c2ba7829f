//! An exception on a real API server: a denial becomes a warning, and a denial again at its end, with nothing reloaded.

use std::thread::sleep;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::cluster::exclusive;
use crate::harness::install::NAMESPACE;
use crate::harness::objects::{TAGS, allow, configuration, eci_pod};
use crate::harness::wait::eventually;

/// Long enough to apply the exception and to see that it holds
const HOLDS: SignedDuration = SignedDuration::from_secs(20);

#[test]
fn a_denial_is_a_warning_until_the_exception_ends_and_nothing_is_reloaded_for_that() {
    let cluster = exclusive();
    cluster.scale(1);
    let (space, other) = (cluster.namespace("excused", &[]), cluster.namespace("other", &[]));
    let tagged = json!({"StringEquals": {"acs:RequestTag/env": "test"}});
    space.ram_user("exa", &json!([allow(&["eci:*"], &tagged)]));
    let (exa, elsewhere) = (space.editor("exa@example.com"), other.editor("exa@example.com"));
    let bad = eci_pod("bad", &[(TAGS, "env:prod")]);
    let create = ["create", "--dry-run=server"];
    let denial = exa.give(&create, &bad).failure();
    assert!(denial.contains("tag `env` must be `test`"), "{denial}");

    let now = Timestamp::now();
    let until = Timestamp::from_second(now.as_second()).unwrap() + HOLDS;
    let exception = |until: Timestamp| {
        let exception = json!({"name": "exa-moves", "principals": ["user/exa"], "namespaces": [space.name],
            "codes": ["ImplicitDeny"], "until": until.to_string(), "reason": "exa moves", "owner": "team-exa"});
        let directory = json!({"exceptions": [exception]}).to_string();
        configuration("test-exception", "directory", "exceptions.yaml", &directory)
    };
    let too_long = exception(now + SignedDuration::from_hours(24 * 91));
    let refusal = cluster.admin.within(NAMESPACE).apply(&too_long).failure();
    assert!(refusal.contains("ends more than 90 days from now"), "{refusal}");
    cluster.configure(&exception(until));
    let metric = |series: &str| cluster.replicas()[0].metric(series).expect("a metric");
    let generation = metric("ramgate_config_generation");
    let warning = format!("allowed until {until} by exception exa-moves");
    let excused = exa.give(&create, &bad).success();
    assert!(excused.stderr.contains(&warning), "{}", excused.stderr);
    eventually("the log line with the end and the owner", || {
        let log = cluster.replicas()[0].process.log();
        let mut lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let wanted = format!("exa-moves, until {until}, owner team-exa");
        if lines.any(|line| line["exception"] == wanted) {
            Ok(())
        } else {
            Err(log)
        }
    });
    // In no other namespace, and for nobody else
    elsewhere.give(&create, &bad).failure();
    space.editor("stranger@example.com").give(&create, &bad).failure();
    let counted = |state: &str, count: f64| {
        let series = format!("ramgate_exceptions{{state=\"{state}\"}}");
        eventually(&series, || {
            let found = metric(&series);
            if found == count { Ok(()) } else { Err(found) }
        });
    };
    counted("expiring", 1.0);

    // Asked before and after the end, a request shows on which side the API server judged it
    let denied_at = loop {
        let asked = Timestamp::now();
        let outcome = exa.give(&create, &bad);
        if !outcome.succeeded {
            assert!(
                outcome.stderr.contains("tag `env` must be `test`"),
                "{}",
                outcome.stderr
            );
            break Timestamp::now();
        }
        assert!(asked < until, "allowed at {asked}: {}", outcome.stderr);
        sleep(Duration::from_millis(100));
    };
    assert!(denied_at >= until, "denied at {denied_at}");
    assert_eq!(metric("ramgate_config_generation"), generation);
    counted("expiring", 0.0);
    counted("expired", 1.0);
}
