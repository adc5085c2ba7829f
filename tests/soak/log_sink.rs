//! Where a replica's log lines go: a reader that may stop reading, or a disk that may be full.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Lines that are kept for a failed run
const KEPT: usize = 200;

/// A reader of log lines, as a node's log collector is one
#[derive(Clone, Default)]
pub(crate) struct LogReader {
    paused: Arc<AtomicBool>,
    lines: Arc<AtomicU64>,
    last: Arc<Mutex<Vec<String>>>,
}

impl LogReader {
    /// A pipe with a reader, and the end for the program
    pub(crate) fn start() -> (Self, Stdio) {
        let (from, to) = pipe().expect("pipe");
        let reader = Self::default();
        let shared = reader.clone();
        thread::spawn(move || shared.read(from));
        (reader, to.into())
    }

    /// Stops reading, or goes on
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// How many lines were read
    pub(crate) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// The newest lines that are no decisions
    pub(crate) fn tail(&self) -> Vec<String> {
        self.last.lock().expect("lines").clone()
    }

    fn read(&self, from: PipeReader) {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            self.lines.fetch_add(1, Ordering::Relaxed);
            if !line.contains("ramgate::decision") {
                let mut last = self.last.lock().expect("lines");
                if last.len() == KEPT {
                    last.remove(0);
                }
                last.push(line);
            }
            while self.paused.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// What is left of a mebibyte
const LEFT: u64 = 128 * 1024;

/// A disk that is nearly full, as a file on it; it goes with the last one who has the file open
pub(crate) struct SmallDisk {
    file: File,
    can_be_emptied: bool,
}

impl SmallDisk {
    /// A file system of its own where the tests may mount one, else the device that is always full
    pub(crate) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("mount point");
        let mount = |command: &str, arguments: &[&str]| {
            let mut command = Command::new(command);
            command.args(arguments).arg(folder).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let is_mounted = mount("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
        let log = if is_mounted {
            let filler = vec![0; (1 << 20) - LEFT as usize];
            std::fs::write(folder.join("filler"), filler).expect("filler");
            folder.join("log")
        } else {
            "/dev/full".into()
        };
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("log file");
        // Out of sight at once, so that a run that is killed leaves nothing mounted.
        assert!(!is_mounted || mount("umount", &["--lazy"]), "it stays mounted");
        Self {
            file,
            can_be_emptied: is_mounted,
        }
    }

    /// The end for the program
    pub(crate) fn open(&self) -> Stdio {
        self.file.try_clone().expect("log file").into()
    }

    /// Whether there is no room left
    pub(crate) fn is_full(&self) -> bool {
        // A page may be left that no whole line fits into.
        !self.can_be_emptied || self.length() >= LEFT - 4096
    }

    /// Makes room, as a rotation of the log does; `false` where there is nothing to remove
    pub(crate) fn empty(&self) -> bool {
        self.can_be_emptied && self.file.set_len(0).is_ok()
    }

    /// How much was written
    pub(crate) fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |file| file.len())
    }
}
