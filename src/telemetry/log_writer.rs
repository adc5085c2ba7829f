//! Writes log lines on a thread of its own, many at once, so that no review waits for a disk or for who reads the log.
//!
//! ```text
//! review -> line -> bytes that wait (bounded) -> thread -> stderr
//!                    full: the line is dropped and counted
//! ```

use std::io;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use prometheus::IntCounter;
use tracing_subscriber::fmt::MakeWriter;

/// The most bytes of lines that wait; beside them as many may be on their way
const MOST_BYTES: usize = 1024 * 1024;

/// How long the thread lets lines gather before it writes them: one wake-up then serves many reviews
const GATHERING: Duration = Duration::from_millis(5);

/// How often a batch is tried again on a descriptor that does not block and is full, a gathering apart
const RETRIES: usize = 20;

/// The longest wait for the last lines at the end, if nobody reads them
const LAST_LINES: Duration = Duration::from_secs(1);

/// Takes log lines without waiting; the thread behind it writes them
#[derive(Clone)]
pub(crate) struct LogWriter(Arc<Queue>);

/// Ends the thread when it is dropped, after the lines that wait are written
#[must_use]
pub(crate) struct LogGuard(Arc<Queue>);

struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    dropped: IntCounter,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Whether the thread has to be woken for a line
    is_asleep: bool,
    is_closed: bool,
    has_ended: bool,
}

impl LogWriter {
    /// Starts the thread; `dropped` counts the lines that are not written
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start<W: Write + Send + 'static>(
        out: W,
        dropped: IntCounter,
    ) -> io::Result<(Self, LogGuard)> {
        let queue = Arc::new(Queue {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            dropped,
        });
        let writing = Arc::clone(&queue);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writing.write_all(out))?;
        Ok((Self(Arc::clone(&queue)), LogGuard(queue)))
    }
}

/// One line at a time, as tracing writes it
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        self.0.changed.notify_all();
        let unfinished = |waiting: &mut Waiting| !waiting.has_ended;
        // Whatever comes of it, the process ends now
        drop(self.0.changed.wait_timeout_while(waiting, LAST_LINES, unfinished));
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.has_ended || waiting.lines.len().saturating_add(line.len()) > MOST_BYTES {
            drop(waiting);
            self.dropped.inc();
            return;
        }
        waiting.lines.extend_from_slice(line);
        if std::mem::take(&mut waiting.is_asleep) {
            drop(waiting);
            self.changed.notify_all();
        }
    }

    /// Writes until the end
    fn write_all(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        let mut is_cut = false;
        let mut reported = 0;
        while self.next(&mut batch) {
            let written = write(&mut out, &batch, is_cut);
            let (done, rest) = batch.split_at_checked(written).unwrap_or((&batch, &[]));
            is_cut = done.last().map_or(is_cut, |last| *last != b'\n');
            let lost = rest.iter().filter(|byte| **byte == b'\n').count();
            self.dropped.inc_by(u64::try_from(lost).unwrap_or(u64::MAX));
            batch.clear();
            let dropped = self.dropped.get();
            if lost == 0 && dropped > reported {
                let lines = dropped.saturating_sub(reported);
                reported = dropped;
                tracing::warn!(
                    lines,
                    "log lines were dropped: nobody read them in time, or the disk is full"
                );
            }
        }
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    /// Takes the lines that wait into the empty batch, as soon as there are any; `false` at the end
    fn next(&self, batch: &mut Vec<u8>) -> bool {
        let mut waiting = self.lock();
        if waiting.lines.is_empty() && !waiting.is_closed {
            waiting.is_asleep = true;
            let nothing = |waiting: &mut Waiting| waiting.lines.is_empty() && !waiting.is_closed;
            let woken = self.changed.wait_while(waiting, nothing);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
            if !waiting.is_closed {
                drop(waiting);
                thread::sleep(GATHERING);
                waiting = self.lock();
            }
        }
        std::mem::swap(&mut waiting.lines, batch);
        !batch.is_empty()
    }
}

/// Writes as much of a batch as goes, after a line break if the last line was cut; the bytes of the batch that it wrote
fn write(out: &mut impl Write, batch: &[u8], is_cut: bool) -> usize {
    if is_cut && out.write_all(b"\n").is_err() {
        return 0;
    }
    let mut written = 0_usize;
    let mut retries = RETRIES;
    while let Some(rest) = batch.get(written..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => break,
            Ok(bytes) => written = written.saturating_add(bytes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && retries > 0 => {
                retries = retries.saturating_sub(1);
                thread::sleep(GATHERING);
            }
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, reason = "tests")]

    use std::sync::mpsc;
    use std::sync::mpsc::{Receiver, Sender};

    use super::*;

    fn counter() -> IntCounter {
        IntCounter::new("dropped", "lines").unwrap()
    }

    /// Takes so many bytes, then fails as a full disk does, until the test frees it
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Disk {
        fn free(&self, bytes: usize) {
            self.0.lock().unwrap().1 += bytes;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (kept, free) = &mut *self.0.lock().unwrap();
            let fits = bytes.len().min(*free);
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            kept.extend(&bytes[..fits]);
            *free -= fits;
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Blocks until the test lets it go on, like a pipe that nobody reads
    struct Pipe {
        began: Sender<()>,
        go_on: Receiver<()>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.began.send(()).unwrap();
            self.go_on.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_their_order_and_the_last_ones_at_the_end() {
        let disk = Disk::default();
        disk.free(usize::MAX);
        let (mut writer, guard) = LogWriter::start(disk.clone(), counter()).unwrap();
        let lines: String = (0..1000).map(|number| format!("{number}\n")).collect();
        for line in lines.split_inclusive('\n') {
            writer.write_all(line.as_bytes()).unwrap();
        }
        drop(guard);
        assert_eq!(disk.text(), lines);
    }

    #[test]
    fn a_reader_that_stops_holds_up_nobody_and_what_does_not_fit_is_counted() {
        let ((began, begins), (go, go_on)) = (mpsc::channel(), mpsc::channel());
        let dropped = counter();
        let (mut writer, guard) = LogWriter::start(Pipe { began, go_on }, dropped.clone()).unwrap();
        writer.write_all(b"first\n").unwrap();
        begins.recv().unwrap();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..1024 + 7 {
            writer.write_all(&line).unwrap();
        }
        assert_eq!(dropped.get(), 7);
        assert_eq!(guard.0.lock().lines.len(), MOST_BYTES);
        // The end does not wait for ever either
        drop(guard);
        drop(go);
    }

    #[test]
    fn lines_that_a_full_disk_refuses_are_counted_and_none_runs_into_another() {
        let (disk, dropped) = (Disk::default(), counter());
        let queue = Queue {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            dropped: dropped.clone(),
        };
        queue.push(b"one\ntwo\nthree\n");
        queue.lock().is_closed = true;
        disk.free(6);
        queue.write_all(disk.clone());
        assert_eq!((dropped.get(), disk.text().as_str()), (2, "one\ntw"));

        disk.free(100);
        assert_eq!(write(&mut disk.clone(), b"four\n", true), 5);
        assert_eq!(disk.text(), "one\ntw\nfour\n");
        // Nobody writes what comes after the end
        queue.push(b"five\n");
        assert_eq!(dropped.get(), 3);
    }

    #[test]
    fn a_descriptor_that_does_not_block_is_tried_again_for_a_while() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let is_full = self.0 > 0;
                self.0 = self.0.saturating_sub(1);
                if is_full {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(write(&mut Full(RETRIES), b"line\n", false), 5);
        assert_eq!(write(&mut Full(usize::MAX), b"line\n", false), 0);
    }
}
