//! Programs in the background that never outlive the tests, however those end.

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::wait::within;

/// Longer than a line of the log is on its way
const LINES_COME: Duration = Duration::from_millis(250);

/// A running program that is killed when it is dropped, or when the test process ends in any way
pub(crate) struct Process {
    name: String,
    #[allow(dead_code, reason = "the soak starts it again")]
    command: Command,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the command with its output in `NAME.log` of the folder
    pub(crate) fn start(name: &str, command: Command, folder: &Path) -> Self {
        Self::start_with(name, command, folder, None)
    }

    /// The same with another standard error, if one is given
    pub(crate) fn start_with(name: &str, mut command: Command, folder: &Path, stderr: Option<Stdio>) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("log file");
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("log file"))
            .stderr(stderr.unwrap_or_else(|| file.into()));
        let child = spawn(name, &mut command);
        Self {
            name: name.to_owned(),
            command,
            child,
            log,
        }
    }

    /// Starts the same command once more, after the program has ended
    #[allow(dead_code, reason = "the soak uses it")]
    pub(crate) fn start_again(&mut self) {
        assert!(self.ended().is_some(), "{} still runs", self.name);
        warden(&format!("- {}", self.child.id()));
        self.child = spawn(&self.name, &mut self.command);
    }

    /// The number of the process
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that the program has printed; a line of ramgate comes some milliseconds after the answer
    pub(crate) fn log(&self) -> String {
        std::thread::sleep(LINES_COME);
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of the log under a heading, for a failed test
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = &lines[lines.len().saturating_sub(30)..];
        format!("--- end of the log of {}:\n{}\n", self.name, end.join("\n"))
    }

    /// How the program ended, if it has
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("state of a child")
    }

    /// Sends a signal by its name, such as TERM
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "{} takes no signal",
            self.name
        );
    }

    /// Waits until the program has ended by itself
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("end of {}", self.name);
        within(limit, &what, || {
            self.child
                .try_wait()
                .expect("state of a child")
                .ok_or("it still runs")
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        warden(&format!("- {}", self.child.id()));
    }
}

fn spawn(name: &str, command: &mut Command) -> Child {
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    warden(&format!("+ {}", child.id()));
    child
}

/// A new folder that disappears with the test process; `RAMGATE_TEST_KEEP=1` keeps it for a look at the logs
pub(crate) fn scratch() -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("ramgate-")
        .tempdir()
        .expect("temporary folder")
        .keep();
    if std::env::var_os("RAMGATE_TEST_KEEP").is_some() {
        println!("kept: {}", folder.display());
    } else {
        warden(&format!("folder {}", folder.display()));
    }
    folder
}

/// A number that this test process has not given before, for names
pub(crate) fn unique() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A free port of the loopback address
///
/// Chosen below the range from which the system takes the ports of outgoing connections (32768 and up), so that none
/// of them takes it between now and the start of the program.
pub(crate) fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let start = || AtomicU16::new(u16::try_from(std::process::id() % 997).unwrap_or(0) * 11);
    let next = NEXT.get_or_init(start);
    loop {
        let port = 20_000 + next.fetch_add(1, Ordering::Relaxed) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Tells the warden, a shell at the other end of a pipe, which ends when the test process does: it then kills what
/// still runs and removes the folders. Statics are never dropped, and a killed test drops nothing.
fn warden(message: &str) {
    const SCRIPT: &str = r#"
        trap '' INT TERM HUP
        running=
        while read -r sign what; do
            case $sign in
                +) running="$running $what" ;;
                -) kept=; for one in $running; do [ "$one" = "$what" ] || kept="$kept $one"; done; running=$kept ;;
                folder) set -- "$@" "$what" ;;
            esac
        done
        [ -z "$running" ] || kill -KILL $running
        [ $# = 0 ] || rm -rf "$@"
    "#;
    static PIPE: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let pipe = PIPE.get_or_init(|| {
        let mut shell = Command::new("sh");
        // Its streams must not keep those of the test runner open.
        shell
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Mutex::new(shell.spawn().expect("a shell").stdin.take().expect("a pipe"))
    });
    let mut pipe = pipe.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    writeln!(pipe, "{message}").expect("the warden listens");
}
