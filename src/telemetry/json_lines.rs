//! Lines of the JSON log: as tracing writes them, but the causes of a decision are an array and no string that holds one.

use std::fmt;

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

/// A field's value as it is in the line
enum Logged {
    Text(String),
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
    Json(Box<RawValue>),
}

#[derive(Default)]
struct Fields(Vec<(&'static str, Logged)>);

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
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = line(*metadata.level(), metadata.target(), &fields).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn line(level: Level, target: &str, fields: &Fields) -> Result<String, serde_json::Error> {
    let mut time = String::new();
    // Writing to a string does not fail; without a time the line is still worth having
    let _written = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &time)?;
    map.serialize_entry("level", level.as_str())?;
    for (name, value) in &fields.0 {
        match value {
            Logged::Text(text) => map.serialize_entry(name, text)?,
            Logged::Signed(number) => map.serialize_entry(name, number)?,
            Logged::Unsigned(number) => map.serialize_entry(name, number)?,
            Logged::Bool(value) => map.serialize_entry(name, value)?,
            Logged::Json(json) => map.serialize_entry(name, json)?,
        }
    }
    map.serialize_entry("target", target)?;
    map.end()?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

impl Fields {
    fn add(&mut self, field: &Field, value: Logged) {
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Logged::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Logged::Unsigned(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Logged::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Text with a line break would break the line; JSON of ours has none
        let is_json = field.name() == CAUSES && !value.contains(['\n', '\r']);
        let json = is_json.then(|| RawValue::from_string(value.to_owned()).ok());
        let text = || Logged::Text(value.to_owned());
        self.add(field, json.flatten().map_or_else(text, Logged::Json));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Logged::Text(format!("{value:?}")));
    }
}
