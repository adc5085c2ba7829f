//! Wildcards by plain recursion, actions and ARNs.

use std::str::Chars;

/// `*` is any run of characters, the empty one included; `?` is exactly one
pub fn like(pattern: &str, text: &str) -> bool {
    is_like(pattern.chars(), text.chars(), usize::MAX)
}

/// Letters before the given place compare with their case, those behind it without
fn is_like(pattern: Chars<'_>, text: Chars<'_>, with_case: usize) -> bool {
    let (mut pattern_rest, mut text_rest) = (pattern.clone(), text.clone());
    match (pattern_rest.next(), text_rest.next()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some('*'), None) => is_like(pattern_rest, text, with_case),
        (Some('*'), Some(_)) => {
            is_like(pattern_rest, text, with_case) || is_like(pattern, text_rest, with_case.saturating_sub(1))
        }
        (Some(_), None) => false,
        (Some(wanted), Some(found)) => {
            let same = wanted == found || (with_case == 0 && wanted.eq_ignore_ascii_case(&found));
            (wanted == '?' || same) && is_like(pattern_rest, text_rest, with_case.saturating_sub(1))
        }
    }
}

/// Actions compare without case
pub fn action_like(pattern: &str, action: &str) -> bool {
    is_like(pattern.chars(), action.chars(), 0)
}

/// ARNs match segment by segment, the fifth taking the rest; a lone `*` matches all. A RAM ARN's empty region and `*`
/// are the same region, and a role's name compares without case
pub fn arn_like(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (Some(wanted), Some(found)) = (segments(pattern), segments(arn)) else {
        return false;
    };
    let is_any = |region: &str| region.is_empty() || region == "*";
    let same_region = found[1] == "ram" && is_any(wanted[2]) && is_any(found[2]);
    let region = same_region || like(wanted[2], found[2]);
    let relative = if found[1] == "ram" && found[4].starts_with("role/") {
        role_like(wanted[4], found[4])
    } else {
        like(wanted[4], found[4])
    };
    wanted[0] == "acs"
        && found[0] == "acs"
        && like(wanted[1], found[1])
        && region
        && like(wanted[3], found[3])
        && relative
}

/// `acs`, service, region, account and the rest
fn segments(arn: &str) -> Option<[&str; 5]> {
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    parts.try_into().ok()
}

/// `role/` with its case, the name behind it without
fn role_like(pattern: &str, role: &str) -> bool {
    is_like(pattern.chars(), role.chars(), "role/".len())
}
