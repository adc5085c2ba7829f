//! Takes any two lines as a pattern and a text to match: resources, actions, values of StringLike, role ARNs and trusted
//! callers. Matching must follow the definition of wildcards, which this file implements a second time.

#![no_main]

use eci_calls::RoleArn;
use libfuzzer_sys::fuzz_target;
use ram_policy::{
    ActionPattern, Actions, Condition, Document, DocumentKind, Effect, ResourcePattern, Target,
    TrustedPrincipal,
};
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let (pattern, found) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(resource) = resource(pattern) {
        assert_eq!(resource.as_str(), pattern);
        assert_eq!(
            resource.covers(found),
            covers(pattern, found),
            "resource `{pattern}` on `{found}`"
        );
    }
    if let Some(action) = action(pattern) {
        assert_eq!(action.as_str(), pattern);
        assert_eq!(
            action.matches(found),
            fits_from(0, pattern, found),
            "action `{pattern}` on `{found}`"
        );
    }
    if let Some(condition) = like(pattern) {
        let values = [found.to_owned()];
        assert_eq!(
            condition.met(&values, Effect::Allow),
            fits(pattern, found),
            "`{pattern}` like `{found}`"
        );
    }
    if let Ok(arn) = RoleArn::parse(pattern) {
        assert_eq!(arn.as_str(), pattern);
        assert!(pattern.ends_with(&format!(":role/{}", arn.name())));
        assert!(
            matches!(trusted("RAM", pattern), Some(TrustedPrincipal::Role(_, name)) if *name == *arn.name()),
            "{pattern}"
        );
    }
    for kind in ["RAM", "Service", "Federated"] {
        if let Some(entry) = trusted(kind, pattern) {
            // Blanks around it do not count. RAM's own names have no region, which is printed as an empty region
            let plain = pattern.trim_matches([' ', '\t', '\r', '\n']).replacen(
                "acs:ram:*:",
                "acs:ram::",
                usize::from(kind == "RAM"),
            );
            assert_eq!(entry.to_string(), plain);
        }
    }
});

/// Whether a whole text matches a pattern: `*` matches any run of characters, `?` any one character
fn fits(pattern: &str, text: &str) -> bool {
    fits_from(usize::MAX, pattern, text)
}

/// Whether a whole text matches a pattern, with only the first letters of the text case-sensitive
fn fits_from(with_case: usize, pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // ends[n]: the pattern so far matches the first n characters
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for letter in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        if letter == '*' {
            let mut reached = false;
            for (end, was) in next.iter_mut().zip(&ends) {
                reached |= *was;
                *end = reached;
            }
        } else {
            for (at, found) in text.iter().enumerate() {
                let same = letter == *found || at >= with_case && letter.eq_ignore_ascii_case(found);
                next[at + 1] = ends[at] && (letter == '?' || same);
            }
        }
        ends = next;
    }
    ends[text.len()]
}

/// Compares segment by segment; ignores the region of RAM's own names and the case of role names
fn covers(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let parts = |text: &str| -> Option<Vec<String>> {
        let parts: Vec<String> = text.splitn(5, ':').map(String::from).collect();
        (parts.len() == 5 && parts[0] == "acs").then_some(parts)
    };
    let (Some(wanted), Some(found)) = (parts(pattern), parts(resource)) else {
        return false;
    };
    let is_ram = found[1] == "ram";
    let no_region = |region: &str| region.is_empty() || region == "*";
    let same_region = is_ram && no_region(&wanted[2]) && no_region(&found[2]);
    // `role/` is case-sensitive, the name after it is not
    let with_case = match is_ram && found[4].starts_with("role/") {
        true => "role/".len(),
        false => usize::MAX,
    };
    let relative = fits_from(with_case, &wanted[4], &found[4]);
    fits(&wanted[1], &found[1])
        && (same_region || fits(&wanted[2], &found[2]))
        && fits(&wanted[3], &found[3])
        && relative
}

fn resource(pattern: &str) -> Option<ResourcePattern> {
    match document(
        json!({"Action": "*", "Resource": pattern}),
        DocumentKind::Identity,
    )?
    .statements[0]
        .target
        .clone()
    {
        Target::Resources(patterns) => patterns.first().cloned(),
        Target::Principals(_) => None,
    }
}

fn action(pattern: &str) -> Option<ActionPattern> {
    match document(
        json!({"Action": pattern, "Resource": "*"}),
        DocumentKind::Identity,
    )?
    .statements[0]
        .actions
        .clone()
    {
        Actions::Listed(patterns) => patterns.first().cloned(),
        Actions::Except(_) => None,
    }
}

fn like(pattern: &str) -> Option<Condition> {
    let statement = json!({"Action": "*", "Resource": "*", "Condition": {"StringLike": {"key": pattern}}});
    document(statement, DocumentKind::Identity)?.statements[0]
        .conditions
        .first()
        .cloned()
}

fn trusted(kind: &str, text: &str) -> Option<TrustedPrincipal> {
    let statement = json!({"Action": "sts:AssumeRole", "Principal": {kind: text}});
    match document(statement, DocumentKind::Trust)?.statements[0]
        .target
        .clone()
    {
        Target::Principals(trusted) => trusted.first().cloned(),
        Target::Resources(_) => None,
    }
}

fn document(mut statement: Value, kind: DocumentKind) -> Option<Document> {
    statement["Effect"] = "Allow".into();
    let text = json!({"Version": "1", "Statement": [statement]}).to_string();
    Some(Document::parse(text.as_bytes(), kind).ok()?.document)
}
