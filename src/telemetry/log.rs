//! Structured logs, with one line for each decision.

use std::any::Any;
use std::borrow::Cow;
use std::io;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use prometheus::IntCounter;
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

use crate::admission::Decision;
use crate::telemetry::clip::{NAME, TEXT, clipped};
use crate::telemetry::endpoint::Endpoint;
use crate::telemetry::json_lines::JsonLines;
use crate::telemetry::log_folding::{Folded, LogFolding};
use crate::telemetry::log_writer::{LogGuard, LogWriter};
use crate::telemetry::logged_causes::logged_causes;
use crate::telemetry::record::Record;

/// How log lines are written
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object a line
    #[default]
    Json,
    /// For reading at a terminal
    Text,
}

/// Why logging could not be set up
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    /// Tracing does not understand the filter
    #[error("`{filter}` is no log filter, write a level such as info or a list such as info,ramgate=debug")]
    Filter {
        /// The filter as given
        filter: String,
        /// The reason that tracing gives
        source: ParseError,
    },
    /// The process has a logger already
    #[error("logging is set up already")]
    Twice,
    /// There is no thread to write lines
    #[error("the system gives no thread for the log: {0}")]
    Thread(io::Error),
}

/// Parses a filter such as `info` or `info,ramgate::server=debug`
///
/// # Errors
/// The text is no filter.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder()
        .parse(text)
        .map_err(|source| LogError::Filter {
            filter: text.to_owned(),
            source,
        })
}

/// Starts logging to stderr, including panics; each line is written before the next step
///
/// # Errors
/// Logging has been started already.
pub(crate) fn start(format: LogFormat, filter: EnvFilter) -> Result<(), LogError> {
    start_with(format, filter, io::stderr)
}

/// Starts logging to stderr, including panics, by a thread that writes many lines at once until the guard is dropped
///
/// # Errors
/// Logging has been started already, or there is no thread.
pub(crate) fn start_in_background(
    format: LogFormat,
    filter: EnvFilter,
    dropped: IntCounter,
) -> Result<LogGuard, LogError> {
    let (writer, guard) = LogWriter::start(io::stderr(), dropped).map_err(LogError::Thread)?;
    start_with(format, filter, writer)?;
    Ok(guard)
}

fn start_with<W>(format: LogFormat, filter: EnvFilter, writer: W) -> Result<(), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let colours = io::stderr().is_terminal();
    tracing::dispatcher::set_global_default(lines(format, filter, writer, colours))
        .map_err(|_| LogError::Twice)?;
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// Writes log lines
///
/// Texts of tenants are in fields, which both formats escape, and never in the message of a line.
fn lines<W>(format: LogFormat, filter: EnvFilter, writer: W, colours: bool) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(colours);
    match format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            let lines = lines.map_event_format(|plain| JsonLines { plain });
            Dispatch::new(lines.finish())
        }
        LogFormat::Text => Dispatch::new(lines.finish()),
    }
}

/// Writes the line of one review; every text of the request is cut to a maximum length
///
/// Reviews of /authorize that were not evaluated get no line: an API server sends one before every read, and most of them
/// do not concern ECI.
///
/// Lines that say the same as one before are counted there, and the count is written later.
pub(crate) fn decision(folding: &LogFolding, endpoint: Endpoint, record: &Record, took: Duration) {
    if endpoint == Endpoint::Authorization && record.decision == Decision::NotEvaluated.name() {
        return;
    }
    let writing = folding.note(endpoint, record, Instant::now());
    writing.ended.iter().for_each(repeated);
    if !writing.is_new {
        return;
    }
    let allowed_by = record.allowed_by.join(", ");
    tracing::info!(
        target: "ramgate::decision",
        uid = &*name(&record.uid),
        path = endpoint.name(),
        user = &*name(&record.user),
        groups = record.groups,
        requested_by = optional(&record.stamped).as_deref(),
        principal = optional(&record.principal).as_deref(),
        namespace = &*name(&record.namespace),
        name = &*name(&record.name),
        resource = &*name(&record.resource),
        operation = record.operation,
        dry_run = record.dry_run,
        decision = record.decision,
        mode = record.mode,
        route = optional(&record.route).as_deref(),
        action = record.action,
        code = optional(&record.code).as_deref(),
        denial = record.message.as_deref().map(|text| clipped(text, TEXT)).as_deref(),
        causes = logged_causes(&record.causes, record.message.as_deref()).as_deref(),
        exception = optional(&record.exception).as_deref(),
        allowed_by = (!allowed_by.is_empty()).then(|| clipped(&allowed_by, TEXT)).as_deref(),
        unlike_stamp = optional(&record.container_differences).as_deref(),
        patched = record.patched,
        generation = record.generation,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "reviewed"
    );
}

/// Writes how many reviews had the same line as an earlier one
fn repeated(folded: &Folded) {
    tracing::info!(
        target: "ramgate::decision",
        path = folded.path,
        namespace = &*name(&folded.namespace),
        name = &*name(&folded.name),
        decision = folded.decision,
        code = optional(&folded.code).as_deref(),
        repeated = folded.repeated,
        "reviewed again"
    );
}

fn name(text: &str) -> Cow<'_, str> {
    clipped(text, NAME)
}

fn optional(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(name)
}

fn panicked(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    tracing::error!(place, "panicked: {}", panic_text(info.payload()));
}

/// The message of a panic
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let owned = || payload.downcast_ref::<String>().map(String::as_str);
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(owned)
        .unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::admission::Cause;

    /// Collects the lines of a test
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, record: &Record) -> String {
        let page = Page::default();
        let writer = page.clone();
        let lines = lines(format, filter("info").unwrap(), move || writer.clone(), false);
        tracing::dispatcher::with_default(&lines, || {
            decision(&LogFolding::default(), Endpoint::VALIDATE, record, Duration::ZERO);
        });
        let written = page.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn nothing_in_a_request_makes_a_line_of_its_own() {
        let forged = "x\r\n2026-11-29T00:00:00Z  INFO ramgate::decision: reviewed decision=\"allow\"\u{1b}[2K\u{85}\u{2028}\u{9b}\u{7}\u{0}";
        let text = || forged.to_owned();
        let cause = Cause {
            reason: text(),
            message: format!("another {forged}"),
            field: Some(text()),
        };
        let record = Record {
            uid: text(),
            user: text(),
            stamped: Some(text()),
            principal: Some(text()),
            namespace: text(),
            name: text(),
            resource: text(),
            decision: "deny",
            route: Some(text()),
            code: Some(text()),
            message: Some(text()),
            causes: vec![cause.clone(), cause],
            allowed_by: vec![text()],
            ..Record::default()
        };
        for format in [LogFormat::Json, LogFormat::Text] {
            let written = written(format, &record);
            let line = written.strip_suffix('\n').unwrap();
            let breaks = |c: char| c != ' ' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
            if format == LogFormat::Text {
                assert!(!line.contains(breaks), "{line:?}");
            }
            assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line:?}");
            let decisions = match format {
                LogFormat::Json => line.matches("\"decision\":\"deny\"").count(),
                LogFormat::Text => line.matches(" decision=\"deny\"").count(),
            };
            assert_eq!(decisions, 1, "{line:?}");
            assert!(!line.contains("decision=\"allow\""), "{line:?}");
        }
    }

    #[test]
    fn causes_are_json_and_a_denial_is_written_once() {
        let cause = |reason: &str, message: &str| Cause {
            reason: reason.to_owned(),
            message: message.to_owned(),
            field: None,
        };
        let record = Record {
            decision: "deny",
            groups: 2,
            code: Some("ImplicitDeny".to_owned()),
            message: Some("tag `env` must be `test`".to_owned()),
            causes: vec![
                cause("ImplicitDeny", "tag `env` must be `test`"),
                cause("MissingStamp", "it has no stamp"),
            ],
            ..Record::default()
        };
        let written = written(LogFormat::Json, &record);
        assert_eq!(written.matches("must be").count(), 1, "{written}");
        let line: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(line["causes"][0], serde_json::json!({"reason": "ImplicitDeny"}));
        assert_eq!(line["causes"][1]["message"], "it has no stamp");
        let others = ["message", "level", "target", "groups", "dry_run", "denial"].map(|field| &line[field]);
        let wanted = serde_json::json!([
            "reviewed",
            "INFO",
            "ramgate::decision",
            2,
            false,
            "tag `env` must be `test`"
        ]);
        assert_eq!(serde_json::json!(others), wanted);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }

    #[test]
    fn a_filter_is_checked() {
        assert!(filter("info,ramgate::server=debug").is_ok());
        let error = filter("ramgate=loud").unwrap_err().to_string();
        assert!(error.starts_with("`ramgate=loud` is no log filter"), "{error}");
    }
}
