//! `ramgate explore` as a process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running page, which ends with this value
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts it and waits for its address
    pub(crate) fn start(config: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(["explore", "--config-dir"])
            .arg(config)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let url = line.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "`{url}` is no address");
        Self { process, url }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        let rest = self.url.strip_prefix("http://").unwrap();
        rest.split_once('/').unwrap().0
    }

    /// `/TOKEN/`
    pub(crate) fn path(&self) -> &str {
        &self.url["http://".len() + self.address().len()..]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
