//! Values of the date operators: ISO 8601 with seconds and a time zone, compared as points in time.

use std::fmt;

use jiff::Timestamp;

/// A point in time, with the text it was written as
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Date {
    at: Timestamp,
    text: Box<str>,
}

impl Date {
    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date_time, zone) = match text.strip_suffix('Z') {
            Some(rest) => (rest, None),
            None => text
                .len()
                .checked_sub("+hh:mm".len())
                .and_then(|at| text.split_at_checked(at))
                .map(|(rest, zone)| (rest, Some(zone)))?,
        };
        let (seconds, fraction) = date_time
            .split_once('.')
            .map_or((date_time, None), |(a, b)| (a, Some(b)));
        let shape = fits(seconds, "dddd-dd-ddTdd:dd:dd")
            && fraction.is_none_or(|digits| {
                (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
            && zone.is_none_or(|zone| fits(zone, "+dd:dd") || fits(zone, "-dd:dd"));
        if !shape {
            return None;
        }
        Some(Self {
            at: text.parse().ok()?,
            text: text.into(),
        })
    }

    /// Compares two points in time, whatever zones they are written in
    pub(super) fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether each `d` of the shape is a digit and each other character is itself
fn fits(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(found, wanted)| match wanted {
                b'd' => found.is_ascii_digit(),
                _ => found == wanted,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_compare_across_zones() {
        let date = |text: &str| Date::parse(text).unwrap();
        assert!(
            date("2019-08-12T17:00:00+08:00")
                .cmp(&date("2019-08-12T09:00:00Z"))
                .is_eq()
        );
        assert!(
            date("2019-08-12T09:00:00Z")
                .cmp(&date("2019-08-12T09:00:00.5Z"))
                .is_lt()
        );
        assert!(
            date("2019-08-12T09:00:00-01:00")
                .cmp(&date("2019-08-12T09:00:00Z"))
                .is_gt()
        );
        assert_eq!(
            date("2019-08-12T09:00:00-01:00").to_string(),
            "2019-08-12T09:00:00-01:00"
        );
    }

    #[test]
    fn what_lacks_a_zone_or_a_second_is_no_date() {
        for bad in [
            "",
            "Z",
            "2019-08-12",
            "2019-08-12T09:00Z",
            "2019-08-12T09:00:00",
            "2019-08-12 09:00:00Z",
            "2019-13-12T09:00:00Z",
            "2019-02-30T09:00:00Z",
            "1565600400",
            "2019-08-12T09:00:00.Z",
            "2019-08-12T09:00:00+0800",
            "2019-08-12T09:00:00z",
            "2019-08-12T25:00:00Z",
            "éé2019-08-12T09:00:00Z",
        ] {
            assert!(Date::parse(bad).is_none(), "{bad}");
        }
    }
}
