//! A table of text.

/// The space between two columns
const GAP: &str = "  ";

/// A heading and lines of cells; each column is as wide as its widest cell, and no line ends with spaces
///
/// ```text
/// KIND        NAME
/// Deployment  web
/// Pod         job-1
/// ```
pub(in crate::cli) fn table<const N: usize>(heading: [&str; N], lines: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(String::as_str);
        let all = heading.get(column).copied().into_iter().chain(cells);
        all.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: &[&str]| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = padded.collect::<Vec<_>>().join(GAP);
        format!("{}\n", line.trim_end())
    };
    let body = lines.iter().map(|cells| {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(&cells)
    });
    std::iter::once(line(&heading)).chain(body).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = [["ä", "long cell"], ["longer", "x"]].map(|line| line.map(str::to_owned));
        assert_eq!(
            table(["A", "B"], &lines),
            "A       B\nä       long cell\nlonger  x\n"
        );
    }
}
