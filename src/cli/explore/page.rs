//! The files of the page, inside the binary.

/// A file of the page
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    /// The path below the token
    pub(super) path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal $media_type:ident $source:literal,)*) => {
        /// All files
        const FILES: &[File] = &[$(File {
            path: $path,
            media_type: $media_type,
            text: include_str!(concat!("page/", $source)),
        },)*];
    };
}

files! {
    "" HTML "index.html",
    "icon.svg" SVG "icon.svg",
    "base.css" CSS "base.css",
    "layout.css" CSS "layout.css",
    "table.css" CSS "table.css",
    "trace.css" CSS "trace.css",
    "main.js" SCRIPT "main.js",
    "api.js" SCRIPT "api.js",
    "dom.js" SCRIPT "dom.js",
    "tabs.js" SCRIPT "tabs.js",
    "status.js" SCRIPT "status.js",
    "suggestions.js" SCRIPT "suggestions.js",
    "paging.js" SCRIPT "paging.js",
    "matrix.js" SCRIPT "matrix.js",
    "grid.js" SCRIPT "grid.js",
    "trace.js" SCRIPT "trace.js",
    "verdict.js" SCRIPT "verdict.js",
    "object.js" SCRIPT "object.js",
    "differences.js" SCRIPT "differences.js",
    "words.js" SCRIPT "words.js",
}

/// The file of a path below the token
pub(super) fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/explore/page");
        let names = std::fs::read_dir(folder).unwrap();
        let names: BTreeSet<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let served = FILES.iter().map(|file| match file.path {
            "" => "index.html".to_owned(),
            path => path.to_owned(),
        });
        assert_eq!(names, served.collect());
    }

    /// The policy of the page refuses these at run time; here they are refused before
    #[test]
    fn no_text_becomes_markup_or_code() {
        for file in FILES {
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "DOMParser",
                "createContextualFragment",
                "setHTMLUnsafe",
                "javascript:",
                " style=",
                " onclick=",
                "<style",
                "localStorage",
                "http://",
                "https://",
            ] {
                let text = file.text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(word), "{}: {word}", file.path);
            }
            let lines = file.text.lines().count();
            assert!(lines <= 400, "{} has {lines} lines", file.path);
        }
        let html = file("").unwrap().text;
        assert_eq!(html.matches("<script").count(), 1);
        assert!(html.contains(r#"<script type="module" src="main.js"></script>"#));
    }
}
