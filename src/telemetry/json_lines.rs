//! Lines of the JSON log: as tracing writes them, but the causes of a decision are an array and no string that holds one.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The field whose text is JSON
const CAUSES: &str = "causes";

/// Formats events as JSON
pub(super) struct JsonLines {
    /// For every event without causes
    pub(super) plain: Format<Json>,
}

/// How long a line of a decision usually is, in bytes
const USUAL: usize = 1024;

/// Writes the fields of an event into a line, one after the other
struct Fields<'l> {
    line: <&'l mut serde_json::Serializer<&'l mut Vec<u8>> as Serializer>::SerializeMap,
    written: Result<(), serde_json::Error>,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        if metadata.fields().field(CAUSES).is_none() {
            return self.plain.format_event(context, writer, event);
        }
        let line = line(*metadata.level(), metadata.target(), event).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn line(level: Level, target: &str, event: &Event<'_>) -> Result<String, serde_json::Error> {
    let mut time = String::new();
    // Writing to a string does not fail; without a time the line is still worth having
    let _written = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut line = Vec::with_capacity(USUAL);
    let mut serializer = serde_json::Serializer::new(&mut line);
    let mut fields = Fields {
        line: serializer.serialize_map(None)?,
        written: Ok(()),
    };
    fields.add("timestamp", &time);
    fields.add("level", level.as_str());
    event.record(&mut fields);
    fields.add("target", target);
    fields.written?;
    fields.line.end()?;
    Ok(String::from_utf8(line).unwrap_or_default())
}

impl Fields<'_> {
    fn add(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        if self.written.is_ok() {
            self.written = self.line.serialize_entry(name, value);
        }
    }
}

impl Visit for Fields<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Text with a line break would break the line; JSON of ours has none
        let may_be_json = field.name() == CAUSES && !value.contains(['\n', '\r']);
        let json = may_be_json.then(|| serde_json::from_str::<&RawValue>(value).ok());
        match json.flatten() {
            Some(json) => self.add(field.name(), json),
            None => self.add(field.name(), value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), &format_args!("{value:?}"));
    }
}
