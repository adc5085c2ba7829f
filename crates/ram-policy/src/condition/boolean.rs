//! Values of the operator `Bool`.

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
}
