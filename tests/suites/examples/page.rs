//! A Markdown page, as far as the tests look into it: fenced blocks, sections, tables, links.

use std::path::{Path, PathBuf};

/// A page with its path from the root of the repository
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block
pub(crate) struct Block {
    /// The line of its fence, from 1
    pub(crate) line: usize,
    /// The first word behind the fence
    pub(crate) language: String,
    /// What stands behind it
    pub(crate) mark: String,
    /// Its lines, without the indentation of the fence
    pub(crate) text: String,
}

/// The pages that people read: README, CONTRIBUTING, SECURITY and everything under docs
pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir("docs")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    paths.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from));
    paths.sort();
    paths.iter().map(Page::read).collect()
}

impl Page {
    pub(crate) fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// All fenced blocks
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<(usize, Block)> = None;
        for (at, line) in self.text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(head)) => {
                    let (language, mark) = head.split_once(' ').unwrap_or((head, ""));
                    let block = Block {
                        line: at + 1,
                        language: language.to_owned(),
                        mark: mark.to_owned(),
                        text: String::new(),
                    };
                    open = Some((indent, block));
                }
                (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
                (Some((indent, block)), None) => {
                    block.text.push_str(line.get(*indent..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path.display());
        blocks
    }

    /// The text without fenced blocks
    pub(crate) fn prose(&self) -> String {
        let mut fenced = false;
        let is_prose = |line: &&str| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        };
        self.text
            .lines()
            .filter(is_prose)
            .map(|line| format!("{line}\n"))
            .collect()
    }

    /// The text under a heading of the second level
    pub(crate) fn section(&self, heading: &str) -> String {
        let start = format!("\n## {heading}\n");
        let at = self
            .text
            .find(&start)
            .unwrap_or_else(|| panic!("{} has no `{heading}`", self.path.display()));
        let rest = &self.text[at + start.len()..];
        rest.split("\n## ").next().unwrap().to_owned()
    }

    /// What links to its headings, as GitHub makes it
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = self.prose();
        let titles = headings
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .map(|line| line.trim_start_matches('#').trim());
        let slug = |title: &str| -> String {
            title
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        };
        titles.map(slug).collect()
    }

    /// The targets of all links
    pub(crate) fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let after = prose.split("](").skip(1);
        after
            .filter_map(|rest| rest.split_once(')'))
            .map(|(target, _)| target.to_owned())
            .collect()
    }
}

/// The texts in backticks of a line of Markdown
pub(crate) fn quoted(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let ticks: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let inside = &rest[at + ticks.len()..];
        let Some(end) = inside.find(&ticks) else { break };
        found.push(inside[..end].trim().to_owned());
        rest = &inside[end + ticks.len()..];
    }
    found
}

/// The first cells of all rows of the tables in a text
pub(crate) fn first_cells(text: &str) -> Vec<String> {
    let rows = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("| "));
    rows.filter_map(|row| row.split(" |").next())
        .map(str::to_owned)
        .collect()
}
