//! Tables as comma-separated values (RFC 4180) for spreadsheets, in which nothing that people typed is a formula.

/// A cell.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// What people or programs wrote.
    Text(&'a str),
    /// A figure of ours, in units.
    Units(i64),
    /// A figure of ours, in hundredths.
    Hundredths(i64),
}

/// A row of texts, with its line break.
pub fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    row_of(cells.into_iter().map(Cell::Text))
}

/// A row, with its line break.
pub fn row_of<'a>(cells: impl IntoIterator<Item = Cell<'a>>) -> String {
    let written = |cell_of: Cell<'a>| match cell_of {
        Cell::Text(text) => cell(text),
        Cell::Units(units) => units.to_string(),
        Cell::Hundredths(all) => format!("{}{}.{:02}", if all < 0 { "-" } else { "" }, all.unsigned_abs() / 100, all.unsigned_abs() % 100),
    };
    let cells: Vec<String> = cells.into_iter().map(written).collect();
    cells.join(",") + "\r\n"
}

/// A text as a cell. Where a spreadsheet could take it for a formula, an apostrophe makes a text of it.
fn cell(text: &str) -> String {
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠');
    let begins = text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(formula);
    let inert = if begins { format!("'{text}") } else { text.to_owned() };
    let plain = !inert.contains(['"', ',', '\r', '\n', '\t', ';']) && inert.trim().len() == inert.len();
    if plain { inert } else { format!("\"{}\"", inert.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(
            row(["a", "", "b c", "a,b", "say \"x\"", "two\nlines", " x"]),
            "a,,b c,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" x\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for typed in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|calc", "=HYPERLINK(\"https://evil.example\")"] {
            let written = row([typed]);
            assert!(written.trim_start_matches('"').starts_with('\''), "{typed:?}: {written:?}");
        }
        assert_eq!(row_of([Cell::Units(-5), Cell::Hundredths(-5), Cell::Hundredths(29_000), Cell::Text("-5")]), "-5,-0.05,290.00,'-5\r\n");
        assert_eq!(row(["a=1", "1-2", "olivia@acme.example"]), "a=1,1-2,olivia@acme.example\r\n");
    }
}
