//! Patterns, taken apart character by character.

/// One step of a pattern
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// This character
    Letter(char),
    /// `?`
    One(Span),
    /// `*`
    Run(Span),
}

/// What a wildcard may take
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Any character
    Anything,
    /// Any character but a colon
    Segment,
}

impl Span {
    pub(super) fn takes(self, letter: char) -> bool {
        self == Self::Anything || letter != ':'
    }
}

impl Token {
    /// The step that a character of a pattern stands for
    pub(super) fn of(letter: char, span: Span) -> Self {
        match letter {
            '?' => Self::One(span),
            '*' => Self::Run(span),
            letter => Self::Letter(letter),
        }
    }
}

/// Whether a character of a pattern is a wildcard
pub(super) fn is_wildcard(letter: char) -> bool {
    !matches!(Token::of(letter, Span::Anything), Token::Letter(_))
}

/// A pattern, taken apart, with the rule of what its wildcards take
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens(pub(super) Vec<Token>);

impl Tokens {
    /// A pattern whose wildcards take any character
    pub fn free(pattern: &str) -> Self {
        Self::new(pattern, Span::Anything)
    }

    /// A pattern whose wildcards take no colon
    pub fn segmented(pattern: &str) -> Self {
        Self::new(pattern, Span::Segment)
    }

    /// A resource pattern: wildcards take no colon before the last of its segments
    pub fn resource(pattern: &str) -> Self {
        /// Behind `acs`, the service, the region and the account
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
