//! What people see: tables, colours, errors in three lines.

/// Rows under headers, columns as wide as their widest cell, three blanks between, none at the end.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headers
        .iter()
        .map(|header| header.chars().count())
        .collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let headers = headers.iter().map(|header| (*header).to_owned()).collect();
    for row in std::iter::once(&headers).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let padded = format!("{cell:<width$}   ");
            line.push_str(&padded);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A bar for a share between 0 and 1; at full length it has `length` blocks.
pub(crate) fn bar(share: f64, length: u32) -> String {
    let blocks =
        (0..length).take_while(|block| f64::from(*block) + 0.5 <= share * f64::from(length));
    blocks.map(|_| '█').collect()
}

/// How long ago, as kubectl writes it: `45s`, `3m`, `5h`, `12d`.
pub(crate) fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [
            vec!["a".to_owned(), "x".to_owned()],
            vec!["long".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&["NAME", "AGE"], &rows),
            "NAME   AGE\na      x\nlong\n"
        );
    }
}
