//! Wildcards by plain recursion, actions and ARNs.

/// `*` is any run of characters, the empty one included; `?` is exactly one
pub fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<Letter> = (text.chars())
        .map(|letter| Letter {
            letter,
            any_case: false,
        })
        .collect();
    letters_like(&pattern, &text)
}

#[derive(Clone, Copy)]
struct Letter {
    letter: char,
    any_case: bool,
}

fn letters_like(pattern: &[char], text: &[Letter]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some('*'), None) => letters_like(&pattern[1..], text),
        (Some('*'), Some(_)) => letters_like(&pattern[1..], text) || letters_like(pattern, &text[1..]),
        (Some(_), None) => false,
        (Some(wanted), Some(found)) => {
            (*wanted == '?' || found.is(*wanted)) && letters_like(&pattern[1..], &text[1..])
        }
    }
}

impl Letter {
    fn is(self, wanted: char) -> bool {
        wanted == self.letter || (self.any_case && wanted.eq_ignore_ascii_case(&self.letter))
    }
}

/// Actions compare without case
pub fn action_like(pattern: &str, action: &str) -> bool {
    like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
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
    let region = if found[1] == "ram" && ["", "*"].contains(&found[2]) {
        like(wanted[2], "") || like(wanted[2], "*")
    } else {
        like(wanted[2], found[2])
    };
    let relative = if found[1] == "ram" && found[4].starts_with("role/") {
        role_like(wanted[4], found[4])
    } else {
        like(wanted[4], found[4])
    };
    wanted[0] == found[0] && like(wanted[1], found[1]) && region && like(wanted[3], found[3]) && relative
}

/// `acs`, service, region, account and the rest
fn segments(arn: &str) -> Option<[&str; 5]> {
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    parts.try_into().ok()
}

/// `role/` with its case, the name behind it without
fn role_like(pattern: &str, role: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let word = "role/".len();
    let role: Vec<Letter> = (role.chars().enumerate())
        .map(|(at, letter)| Letter {
            letter,
            any_case: at >= word,
        })
        .collect();
    letters_like(&pattern, &role)
}
