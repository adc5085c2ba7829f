//! Searching and paging: no answer holds more than a page.

use serde_json::{Value, json};

/// The rows of a page: what fits on two screens
pub(super) const PAGE: usize = 50;

/// The words of a search, all of which a text must hold
pub(super) struct Search(Vec<String>);

impl Search {
    pub(super) fn new(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_lowercase).collect())
    }

    /// Whether a text in lower case has every word
    pub(super) fn finds(&self, text: &str) -> bool {
        self.0.iter().all(|word| text.contains(word.as_str()))
    }
}

/// A page of a list, and where it is in it
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    page: usize,
    total: usize,
}

impl<T> Page<T> {
    /// A page by its number, counted from 0; the last one if there are fewer
    pub(super) fn of(all: Vec<T>, page: usize) -> Self {
        let total = all.len();
        let page = page.min(total.saturating_sub(1) / PAGE);
        let rows = all.into_iter().skip(page.saturating_mul(PAGE)).take(PAGE);
        Self {
            rows: rows.collect(),
            page,
            total,
        }
    }

    /// Where the page is
    pub(super) fn position(&self) -> Value {
        json!({
            "page": self.page,
            "pages": self.total.div_ceil(PAGE).max(1),
            "first": self.page.saturating_mul(PAGE).saturating_add(1).min(self.total),
            "last": self.page.saturating_mul(PAGE).saturating_add(self.rows.len()),
            "total": self.total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_must_be_there_in_any_case_and_order() {
        let search = Search::new(" Example.com  ALICE ");
        assert!(search.finds("user/alice user alice@example.com"));
        assert!(!search.finds("user/bob user bob@example.com"));
        assert!(Search::new(" ").finds(""));
    }

    #[test]
    fn a_page_has_fifty_rows_and_the_last_one_the_rest() {
        let page = |number| Page::of((0..120).collect::<Vec<_>>(), number);
        assert_eq!(page(0).rows.len(), 50);
        assert_eq!(page(2).rows, (100..120).collect::<Vec<_>>());
        let last = json!({"page": 2, "pages": 3, "first": 101, "last": 120, "total": 120});
        assert_eq!(page(2).position(), last);
        assert_eq!(page(usize::MAX).position(), last);
        let none = json!({"page": 0, "pages": 1, "first": 0, "last": 0, "total": 0});
        assert_eq!(Page::<u8>::of(Vec::new(), 7).position(), none);
        assert_eq!(Page::of((0..100).collect::<Vec<_>>(), 9).position()["pages"], 2);
    }
}
