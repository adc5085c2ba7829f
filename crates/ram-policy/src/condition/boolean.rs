//! Values of the operator `Bool`.

/// Reads a policy's `true` or `false` in any case, as policies have them that programs wrote; `None` for anything else
pub(super) fn parse_wanted(text: &str) -> Option<bool> {
    parse(&text.to_ascii_lowercase())
}

/// Reads `true` or `false`, in lower case as RAM documents them; `None` for anything else
pub(super) fn parse(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_words_are_booleans() {
        assert_eq!((parse("true"), parse("false")), (Some(true), Some(false)));
        for bad in ["True", "1", "", "yes", "true "] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn policies_may_have_them_in_any_case() {
        assert_eq!(parse_wanted("True"), Some(true));
        assert_eq!(parse_wanted("FALSE"), Some(false));
        for bad in ["yes", " true", "truе"] {
            assert_eq!(parse_wanted(bad), None, "{bad}");
        }
    }
}
