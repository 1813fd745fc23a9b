//! "Did you mean": the nearest of some names.

/// The candidate nearest to `word`, when one is near enough that a slip of the keyboard, another
/// case or another separator explains the difference.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let limit = (folded.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Lower case, without the separators that people mix up.
fn fold(word: &str) -> Vec<char> {
    let kept = word.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
    kept.flat_map(char::to_lowercase).take(64).collect()
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_another_case_and_another_separator_are_near() {
        let names = ["destination", "port", "mirrorPercentage", "host", "hosts"];
        assert_eq!(nearest("desination", names), Some("destination"));
        assert_eq!(nearest("Port", names), Some("port"));
        assert_eq!(
            nearest("mirror_percentage", names),
            Some("mirrorPercentage")
        );
        assert_eq!(nearest("hsot", names), Some("host"));
    }

    #[test]
    fn another_word_is_not_near() {
        assert_eq!(nearest("colour", ["destination", "port"]), None);
        assert_eq!(nearest("a", ["b"]), None);
    }
}
