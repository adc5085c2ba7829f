//! The files of a dump, parsed and sorted by call.

use std::collections::{BTreeMap, BTreeSet};

use crate::import::InputFile;
use crate::import::aliyun::file_name::{Action, FileName, file_name, split_page};
use crate::import::aliyun::pages::{Answer, Item, items};
use crate::import::faults::Faults;
use crate::import::wire;
use ram_policy::source::{Node, Value};

/// A parsed file
struct Parsed<'a> {
    file: &'a str,
    name: FileName<'a>,
    node: Node,
}

/// All files of a dump
pub(crate) struct Dump<'a> {
    files: BTreeMap<Action, Vec<Parsed<'a>>>,
    /// Files that are no answers of calls that are read
    pub(crate) passed_over: Vec<&'a str>,
}

impl<'a> Dump<'a> {
    /// Parses the files
    pub(crate) fn read(input: &'a [InputFile], faults: &mut Faults) -> Self {
        let mut dump = Self {
            files: BTreeMap::new(),
            passed_over: Vec::new(),
        };
        for file in input {
            let Some(name) = file_name(&file.path) else {
                dump.passed_over.push(&file.path);
                continue;
            };
            let Some(node) = faults.handle(&file.path, wire::parse(&file.bytes)) else {
                continue;
            };
            dump.files.entry(name.action).or_default().push(Parsed {
                file: &file.path,
                name,
                node,
            });
        }
        dump
    }

    /// Whether any file of a call is there
    pub(crate) fn has(&self, action: Action) -> bool {
        self.files.contains_key(&action)
    }

    fn of(&self, action: Action) -> &[Parsed<'a>] {
        self.files.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The items of a list that is asked for once; a fault if it is missing
    pub(crate) fn list(&self, action: Action, command: &str, faults: &mut Faults) -> Vec<Item<'_>> {
        if !self.has(action) {
            let file = format!("{}.json", action.name());
            faults.whole(&file, format!("is missing: aliyun {command}"));
        }
        let answers: Vec<Answer<'_>> = self.of(action).iter().map(Parsed::answer).collect();
        items(action, &answers, faults)
    }

    /// The arguments for which a call was made, such as the groups of ListUsersForGroup, each with its answers
    ///
    /// `known` are the names that there are. A file `a.2.json` is of the name `a.2` if there is one, and otherwise the second
    /// page of `a`.
    pub(crate) fn by_argument(
        &self,
        action: Action,
        known: &BTreeSet<&str>,
    ) -> BTreeMap<&str, Vec<Answer<'_>>> {
        let mut found: BTreeMap<&str, Vec<Answer<'_>>> = BTreeMap::new();
        for parsed in self.of(action) {
            let argument = parsed.name.argument.unwrap_or_default();
            let (argument, page) = match known.contains(argument) {
                true => (argument, 1),
                false => split_page(argument),
            };
            let answer = Answer {
                page,
                ..parsed.answer()
            };
            found.entry(argument).or_default().push(answer);
        }
        found
    }

    /// The answers of a call that asks for one thing, each an object: one in a file, or several as a list
    pub(crate) fn single(&self, action: Action) -> Vec<(Option<&str>, Item<'_>)> {
        let files = self.of(action).iter();
        let answers = files.flat_map(|parsed| {
            let nodes = match &parsed.node.value {
                Value::List(nodes) => nodes.as_slice(),
                _ => std::slice::from_ref(&parsed.node),
            };
            let item = |node| Item {
                file: parsed.file,
                node,
            };
            nodes.iter().map(move |node| (parsed.name.argument, item(node)))
        });
        answers.collect()
    }
}

impl<'a> Parsed<'a> {
    fn answer(&self) -> Answer<'_> {
        Answer {
            file: self.file,
            page: self.name.page,
            node: &self.node,
        }
    }
}
