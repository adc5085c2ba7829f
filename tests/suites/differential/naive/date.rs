//! Instants: a date, a time and `Z` or an offset, counted in seconds one year and one month at a time.

/// Seconds since the first day of the year 1600 (the leap years begin anew there), UTC; none if the text is no such instant
pub fn seconds(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let (year, month, day) = three(date, '-', [4, 2, 2])?;
    let time = rest.get(..8)?;
    let (hour, minute, second) = three(time, ':', [2, 2, 2])?;
    let offset = offset(rest.get(8..)?)?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !in_range {
        return None;
    }
    let mut days = day - 1;
    for past in 1600..year {
        days += if is_leap(past) { 366 } else { 365 };
    }
    for past in 1..month {
        days += days_of(year, past);
    }
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn three(text: &str, between: char, widths: [usize; 3]) -> Option<(i64, i64, i64)> {
    let parts: Vec<&str> = text.split(between).collect();
    let [first, second, third] = parts.try_into().ok()?;
    Some((
        number(first, widths[0])?,
        number(second, widths[1])?,
        number(third, widths[2])?,
    ))
}

fn number(text: &str, width: usize) -> Option<i64> {
    let good = text.len() == width && text.chars().all(|each| each.is_ascii_digit());
    good.then(|| text.parse().unwrap())
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}
