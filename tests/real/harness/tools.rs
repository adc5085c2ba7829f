//! The real programs, obtained once by `tests/real/tools/obtain.sh`.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

/// The path of one of the programs that the script obtains, such as `kubectl`
pub(crate) fn tool(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| obtain(None)).join(name)
}

/// The root of the repository
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the programs that the script obtains by itself, or under a name such as `controllers`
pub(crate) fn obtain(part: Option<&str>) -> PathBuf {
    let script = repository().join("tests/real/tools/obtain.sh");
    // Its standard error is the terminal: a first build takes minutes and says so.
    let output = Command::new(&script)
        .args(part)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{} does not run: {error}", script.display()));
    assert!(
        output.status.success(),
        "{} failed: its message stands above",
        script.display()
    );
    PathBuf::from(
        String::from_utf8(output.stdout)
            .expect("a path in UTF-8")
            .trim_end(),
    )
}
