//! The tokens of a pattern: letters and wildcards.

/// One character of a pattern
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// This letter
    Letter(char),
    /// `?`, which matches one character
    One(Span),
    /// `*`, which matches any number of characters
    Run(Span),
}

/// The characters that a wildcard matches
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Every character
    Anything,
    /// Every character but a colon
    Segment,
}

impl Span {
    pub(crate) fn takes(self, letter: char) -> bool {
        self == Self::Anything || letter != ':'
    }
}

impl Token {
    /// The letter, if it is no wildcard
    pub(crate) fn letter(self) -> Option<char> {
        match self {
            Self::Letter(letter) => Some(letter),
            Self::One(_) | Self::Run(_) => None,
        }
    }

    /// The token of one character
    pub(crate) fn of(letter: char, span: Span) -> Self {
        match letter {
            '?' => Self::One(span),
            '*' => Self::Run(span),
            letter => Self::Letter(letter),
        }
    }
}

/// Whether a character of a pattern is a wildcard
pub(crate) fn is_wildcard(letter: char) -> bool {
    !matches!(Token::of(letter, Span::Anything), Token::Letter(_))
}

/// The tokens of a pattern, for [`combinations`](super::combinations)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens(pub(crate) Vec<Token>);

impl Tokens {
    /// A pattern whose wildcards match every character
    pub fn free(pattern: &str) -> Self {
        Self::new(pattern, Span::Anything)
    }

    /// A pattern whose wildcards match no colon
    pub fn segmented(pattern: &str) -> Self {
        Self::new(pattern, Span::Segment)
    }

    /// A resource pattern, whose wildcards match colons only in the last segment
    pub fn resource(pattern: &str) -> Self {
        /// The colon behind `acs`, the service, the region and the account, counted from 0
        const LAST_COLON: usize = 3;
        let relative = pattern.match_indices(':').nth(LAST_COLON);
        let relative = relative.map_or(pattern.len(), |(at, _)| at);
        let (head, tail) = pattern.split_at_checked(relative).unwrap_or((pattern, ""));
        let Self(mut all) = Self::segmented(head);
        all.extend(Self::free(tail).0);
        Self(all)
    }

    fn new(pattern: &str, span: Span) -> Self {
        Self(pattern.chars().map(|letter| Token::of(letter, span)).collect())
    }
}
