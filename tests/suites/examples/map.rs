//! The maps of the code in README and CONTRIBUTING: they name every folder of the tree, and only paths that exist.

use std::collections::BTreeSet;
use std::path::Path;

use crate::page::{Page, quoted};

/// A page, and the section of it that is a map
type Map = (&'static str, &'static str);

const README: Map = ("README.md", "Map of the code");
const CONTRIBUTING: Map = ("CONTRIBUTING.md", "Where a change goes");

/// Folders whose folders are each on both maps
const MAPPED: [&str; 5] = ["crates", "src", "src/admission", "src/analysis", "tests"];

/// The paths in a map: words in backticks with a slash and without a blank
fn named((page, section): Map) -> BTreeSet<String> {
    Page::read(page)
        .section(section)
        .lines()
        .flat_map(quoted)
        .filter(|word| word.contains('/') && !word.contains(' '))
        .map(|path| path.trim_end_matches('/').to_owned())
        .collect()
}

/// The folders directly in a folder, and the Rust files that have no folder of the same name beside them
fn entries(folder: &str) -> (Vec<String>, Vec<String>) {
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| holds_files(path));
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| {
        path.extension().is_some_and(|ending| ending == "rs") && !path.with_extension("").is_dir()
    });
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    (
        folders.iter().map(|path| text(path)).collect(),
        files.map(|path| text(&path)).collect(),
    )
}

/// Whether a path is a file, or a folder with one; git leaves empty folders behind
fn holds_files(path: &Path) -> bool {
    let mut inner = std::fs::read_dir(path).into_iter().flatten();
    path.is_file() || inner.any(|entry| holds_files(&entry.unwrap().path()))
}

/// The folders that the maps must name
fn mapped_folders() -> Vec<String> {
    let folders = MAPPED.iter().flat_map(|folder| {
        let (folders, _) = entries(folder);
        assert!(!folders.is_empty(), "{folder}");
        folders
    });
    folders.collect()
}

#[test]
fn every_folder_and_every_file_of_src_is_on_the_readme_s_map() {
    let named = named(README);
    let (_, files) = entries("src");
    let mut missing = mapped_folders();
    missing.extend(files);
    missing.retain(|path| !named.contains(path));
    assert!(missing.is_empty(), "README.md lacks {missing:?}");
}

/// A change may go to a part of a folder, or to one file in it
#[test]
fn a_change_in_every_folder_has_its_row() {
    let named = named(CONTRIBUTING);
    let mut missing = mapped_folders();
    missing.retain(|folder| !named.iter().any(|path| Path::new(path).starts_with(folder)));
    assert!(missing.is_empty(), "CONTRIBUTING.md lacks {missing:?}");
}

#[test]
fn every_path_on_a_map_exists() {
    for map in [README, CONTRIBUTING] {
        let named = named(map);
        assert!(!named.is_empty(), "{} names no path", map.0);
        let lost: Vec<&String> = named.iter().filter(|path| !Path::new(path).exists()).collect();
        assert!(lost.is_empty(), "{} names {lost:?}, which do not exist", map.0);
    }
}

/// Rows of a file and an item that it defines
#[test]
fn every_item_that_the_readme_points_to_is_in_its_file() {
    let section = Page::read(README.0).section(README.1);
    let (_, table) = section.split_once("### Where is ...?").unwrap();
    let mut items = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let [file, item] = &quoted(row)[..] else { continue };
        let source = std::fs::read_to_string(file).unwrap();
        let is_defined = ["fn", "struct", "enum", "const", "static"].iter().any(|keyword| {
            let definition = format!("{keyword} {item}");
            let mut after = source.split(&definition).skip(1);
            after.any(|rest| !rest.starts_with(|next: char| next == '_' || next.is_alphanumeric()))
        });
        assert!(is_defined, "{file} defines no `{item}`");
        items += 1;
    }
    assert!(items > 0);
}
