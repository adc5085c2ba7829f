//! Collects the mistakes of all flags, so that one run reports every one of them.

/// A checked value, or its mistakes, a sentence each
pub(super) type Checked<T> = Result<T, Vec<String>>;

/// All mistakes so far, in order
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<String>);

impl Mistakes {
    /// The value of a check; `None` if it found mistakes, which are kept
    pub(super) fn collect<T>(&mut self, checked: Checked<T>) -> Option<T> {
        checked.map_err(|mistakes| self.0.extend(mistakes)).ok()
    }

    /// All of them
    pub(super) fn into_sentences(self) -> Vec<String> {
        self.0
    }
}

/// The value, unless there are mistakes
pub(super) fn unless<T>(mistakes: Vec<String>, value: T) -> Checked<T> {
    if mistakes.is_empty() {
        Ok(value)
    } else {
        Err(mistakes)
    }
}
