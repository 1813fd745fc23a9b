//! Two texts, line by line, as `diff -u` shows them.

use std::fmt::Write as _;

/// Lines around a change that are shown.
const CONTEXT: usize = 3;
/// Products of line counts up to which the shortest difference is looked for. Beyond, everything
/// between the equal beginning and the equal end counts as replaced.
const AFFORDABLE: usize = 16_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Both(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The difference between two texts; empty when they are equal.
pub(crate) fn unified(old: &str, new: &str, names: (&str, &str)) -> String {
    if old == new {
        return String::new();
    }
    let lines = compare(
        &old.lines().collect::<Vec<_>>(),
        &new.lines().collect::<Vec<_>>(),
    );
    let mut out = format!("--- {}\n+++ {}\n", names.0, names.1);
    for (from, to) in hunks(&lines) {
        let before = lines.get(..from).unwrap_or_default();
        let hunk = lines.get(from..to).unwrap_or_default();
        let range = |is_in: fn(&Line<'_>) -> bool| {
            let (start, count) = (
                before.iter().filter(|line| is_in(line)).count(),
                hunk.iter().filter(|line| is_in(line)).count(),
            );
            // An empty range is named by the line before it.
            format!("{},{count}", start + usize::from(count > 0))
        };
        let (old, new) = (
            range(|line| !matches!(line, Line::New(_))),
            range(|line| !matches!(line, Line::Old(_))),
        );
        // Writing to a string does not fail.
        let _written = writeln!(out, "@@ -{old} +{new} @@");
        for line in hunk {
            let (sign, text) = match line {
                Line::Both(text) => (' ', text),
                Line::Old(text) => ('-', text),
                Line::New(text) => ('+', text),
            };
            let _written = writeln!(out, "{sign}{text}");
        }
    }
    out
}

/// The ranges of lines that are shown: changes with what is around them, joined where they meet.
fn hunks(lines: &[Line<'_>]) -> Vec<(usize, usize)> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if matches!(line, Line::Both(_)) {
            continue;
        }
        let (from, to) = (
            at.saturating_sub(CONTEXT),
            (at + 1 + CONTEXT).min(lines.len()),
        );
        match hunks.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => hunks.push((from, to)),
        }
    }
    hunks
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let same = |(a, b): &(&&str, &&str)| a == b;
    let start = old.iter().zip(new).take_while(same).count();
    let longest = old.len().min(new.len()) - start;
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(longest)
        .take_while(same)
        .count();
    let middle = |all: &[&'a str]| all.get(start..all.len() - end).unwrap_or_default().to_vec();
    let mut lines: Vec<Line<'a>> = old
        .iter()
        .take(start)
        .map(|line| Line::Both(line))
        .collect();
    lines.extend(differ(&middle(old), &middle(new)));
    lines.extend(
        old.iter()
            .skip(old.len() - end)
            .map(|line| Line::Both(line)),
    );
    lines
}

/// The longest common subsequence, by the table of its lengths.
fn differ<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    if old.len().saturating_mul(new.len()) > AFFORDABLE {
        let removed = old.iter().map(|line| Line::Old(line));
        return removed
            .chain(new.iter().map(|line| Line::New(line)))
            .collect();
    }
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i] == new[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        let both = i < old.len() && j < new.len() && old[i] == new[j];
        let old_next = i < old.len()
            && (j == new.len() || lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]);
        if both {
            lines.push(Line::Both(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if old_next {
            lines.push(Line::Old(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::unified;

    fn check(old: &str, new: &str) -> String {
        unified(old, new, ("live", "file"))
    }

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(check("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_change_is_shown_with_what_is_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(
            check(old, &old.replace('5', "five")),
            "--- live\n+++ file\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
    }

    #[test]
    fn changes_far_apart_are_hunks_of_their_own() {
        let lines: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        let old = lines.join("\n") + "\n";
        let new = old.replace("\n2\n", "\n").replace("\n25\n", "\n25\n25a\n");
        assert_eq!(
            check(&old, &new),
            "--- live\n+++ file\n@@ -1,6 +1,5 @@\n 0\n 1\n-2\n 3\n 4\n 5\n\
             @@ -24,6 +23,7 @@\n 23\n 24\n 25\n+25a\n 26\n 27\n 28\n"
        );
    }

    #[test]
    fn a_new_text_is_all_plus() {
        assert_eq!(
            check("", "a\nb\n"),
            "--- live\n+++ file\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        );
    }
}
