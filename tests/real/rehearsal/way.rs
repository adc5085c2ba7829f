//! The steps that docs/operations.md describes.

use std::collections::VecDeque;
use std::fs;

use crate::harness::tools::repository;

/// The steps that have not been taken yet
pub(crate) struct Way {
    left: VecDeque<String>,
}

impl Way {
    /// The titles of the page
    pub(crate) fn read() -> Self {
        let page = fs::read_to_string(repository().join("docs/operations.md")).unwrap();
        let section = page.split("\n## From warn to enforce\n").nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let titles = section.lines().filter_map(|line| {
            let (number, rest) = line.split_once(". **")?;
            number.parse::<u8>().ok()?;
            Some(rest.split("**").next()?.trim_end_matches('.').to_owned())
        });
        Self {
            left: titles.collect(),
        }
    }

    /// Takes the next step, which must be this one
    #[track_caller]
    pub(crate) fn step(&mut self, title: &str) {
        assert_eq!(
            self.left.pop_front().as_deref(),
            Some(title),
            "docs/operations.md"
        );
    }

    /// Fails if the page goes on
    #[track_caller]
    pub(crate) fn end(self) {
        assert!(self.left.is_empty(), "docs/operations.md: {:?}", self.left);
    }
}
