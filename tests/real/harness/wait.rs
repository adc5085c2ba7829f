//! Waiting for what becomes true by itself.

use std::fmt::Display;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

/// How long anything may take that needs no more than this machine: long enough for a busy one
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Tries until it works and gives what it gave; panics with the last failure after [`PATIENCE`]
pub(crate) fn eventually<T, E: Display>(what: &str, attempt: impl FnMut() -> Result<T, E>) -> T {
    within(PATIENCE, what, attempt)
}

/// Tries until it works, for at most `limit`
pub(crate) fn within<T, E: Display>(
    limit: Duration,
    what: &str,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> T {
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(error) => {
                assert!(
                    start.elapsed() < limit,
                    "waited {limit:?} in vain: {what}: {error}"
                );
            }
        }
        sleep(Duration::from_millis(50));
    }
}
