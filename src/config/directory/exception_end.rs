//! The end of an exception: a time with a zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::shortened;
use ram_policy::source::Fault;

/// Reads the end of an exception
///
/// # Errors
/// A text that is no time with a zone, with the same time as it has to be written
pub(crate) fn read(text: &LocatedText) -> Result<Timestamp, Fault> {
    text.parse().map_err(|_| text.fault(refusal(text)))
}

/// ```text
/// 2026-12-20T10:00:00      has no zone: write 2026-12-20T10:00:00Z for UTC, or …
/// 2026-02-30T18:00:00Z     there is no day 2026-02-30
/// ```
fn refusal(text: &str) -> String {
    let shown = shortened(text);
    let day = text.get(..10).unwrap_or(text);
    if has_form(day, "0000-00-00") && day.parse::<Date>().is_err() {
        return format!("`{shown}` is no time: there is no day {day}");
    }
    let time = text.get(11..19).unwrap_or_default();
    if has_form(time, "00:00:00") && time.parse::<Time>().is_err() {
        return format!("`{shown}` is no time: there is no hour {time} in a day");
    }
    // Behind the seconds stands a zone that cannot be read, if anything
    let start = text.get(..19).unwrap_or(text);
    match start.parse::<DateTime>() {
        // The last day of the calendar is no time in every zone
        Ok(time) if format!("{time}Z").parse::<Timestamp>().is_err() => {
            format!("`{shown}` is too far away: an exception ends within 90 days")
        }
        Ok(time) if start.len() == day.len() => {
            let day = time.date();
            format!(
                "`{shown}` has no time of day: write it with a zone, such as {day}T18:00:00Z or {day}T18:00:00+08:00"
            )
        }
        Ok(time) if start.len() == text.len() => {
            format!("`{shown}` has no zone: write {time}Z for UTC, or {time}+08:00 for China")
        }
        Ok(time) => {
            format!(
                "`{shown}` has no zone that is known here: write {time}Z for UTC, or {time}+08:00 for China"
            )
        }
        Err(_) => format!(
            "`{shown}` is no time with a zone: write YEAR-MONTH-DAYTHH:MM:SS, and Z for UTC or +08:00 for China"
        ),
    }
}

/// Whether a text has digits where a form has zeros, and otherwise the characters of the form
fn has_form(text: &str, form: &str) -> bool {
    let agrees = |(found, wanted): (char, char)| match wanted {
        '0' => found.is_ascii_digit(),
        _ => found == wanted,
    };
    text.len() == form.len() && text.chars().zip(form.chars()).all(agrees)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::{Faults, tests::parsed};

    fn read_text(text: &str) -> Result<Timestamp, String> {
        parsed(&format!("'{text}'"), |node| {
            let text: LocatedText = node.read()?;
            read(&text).map_err(Faults::from)
        })
    }

    #[test]
    fn a_refused_end_says_how_the_same_end_is_written() {
        for (text, expected) in [
            (
                "2026-12-20T10:00:00",
                "1:1: `2026-12-20T10:00:00` has no zone: write 2026-12-20T10:00:00Z for UTC, or \
                 2026-12-20T10:00:00+08:00 for China",
            ),
            (
                "2026-12-20 10:00",
                "1:1: `2026-12-20 10:00` has no zone: write 2026-12-20T10:00:00Z for UTC, or \
                 2026-12-20T10:00:00+08:00 for China",
            ),
            (
                "2026-12-20T10:00:00 CST",
                "1:1: `2026-12-20T10:00:00 CST` has no zone that is known here: write 2026-12-20T10:00:00Z for UTC, or \
                 2026-12-20T10:00:00+08:00 for China",
            ),
            (
                "2026-12-20",
                "1:1: `2026-12-20` has no time of day: write it with a zone, such as 2026-12-20T18:00:00Z or \
                 2026-12-20T18:00:00+08:00",
            ),
            (
                "2026-02-30T18:00:00Z",
                "1:1: `2026-02-30T18:00:00Z` is no time: there is no day 2026-02-30",
            ),
            (
                "2026-13-01",
                "1:1: `2026-13-01` is no time: there is no day 2026-13-01",
            ),
            (
                "2026-12-20T24:00:00Z",
                "1:1: `2026-12-20T24:00:00Z` is no time: there is no hour 24:00:00 in a day",
            ),
            (
                "9999-12-31T23:59:59Z",
                "1:1: `9999-12-31T23:59:59Z` is too far away: an exception ends within 90 days",
            ),
            (
                "20261220",
                "1:1: `20261220` has no time of day: write it with a zone, such as 2026-12-20T18:00:00Z or \
                 2026-12-20T18:00:00+08:00",
            ),
            (
                "tomorrow",
                "1:1: `tomorrow` is no time with a zone: write YEAR-MONTH-DAYTHH:MM:SS, and Z for UTC or +08:00 for China",
            ),
            (
                "",
                "1:1: `` is no time with a zone: write YEAR-MONTH-DAYTHH:MM:SS, and Z for UTC or +08:00 for China",
            ),
        ] {
            assert_eq!(read_text(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_it_says_to_write_is_read() {
        for text in ["2026-12-20T10:00:00Z", "2026-12-20T18:00:00+08:00"] {
            assert_eq!(read_text(text).unwrap().to_string(), "2026-12-20T10:00:00Z");
        }
    }
}
