//! Objects as people name them: `KIND NAME…`, `KIND/NAME…`.

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use sealane_model::suggest::nearest;

/// Words that mean a workload, whatever object makes its pods.
pub(crate) const WORKLOAD: [&str; 3] = ["workload", "workloads", "wl"];

/// The kind of a word.
pub(crate) fn kind(word: &str) -> Result<Kind> {
    match Kind::named(word) {
        Some(kind) => Ok(kind),
        None => bail!(unknown_kind(word)),
    }
}

/// The objects of `KIND NAME NAME…` and `KIND/NAME KIND/NAME…`: a word for the kind, and a name.
/// A kind alone gives no name.
pub(crate) fn split(command: &str, words: &[String]) -> Result<Vec<(String, String)>> {
    match words {
        [] => Ok(Vec::new()),
        [kind, names @ ..] if !kind.contains('/') => {
            if let Some(mixed) = names.iter().find(|name| name.contains('/')) {
                bail!(
                    "{kind} {mixed}: two ways at once\n  \
                     want {command} {kind} NAME, or {command} {kind}/NAME"
                );
            }
            Ok(names
                .iter()
                .map(|name| (kind.clone(), name.clone()))
                .collect())
        }
        all => all
            .iter()
            .map(|word| match word.split_once('/') {
                Some((kind, name)) if !name.is_empty() => Ok((kind.to_owned(), name.to_owned())),
                _ => bail!("{word}: which one?\n  want KIND/NAME, such as vs/reviews"),
            })
            .collect(),
    }
}

/// The same, with kinds that there are, and a name each.
pub(crate) fn objects(command: &str, words: &[String]) -> Result<Vec<(Kind, String)>> {
    let found = split(command, words)?;
    if let ([word, ..], true) = (words, found.is_empty()) {
        kind(word)?;
        bail!("{command} {word}: which one?\n  want {command} {word} NAME");
    }
    let found = found.into_iter();
    found.map(|(word, name)| Ok((kind(&word)?, name))).collect()
}

/// The error for a word that names no kind, with the nearest one.
pub(crate) fn unknown_kind(word: &str) -> String {
    let names = Kind::all().flat_map(|kind| {
        let info = kind.info();
        [info.plural, info.singular]
            .into_iter()
            .chain(info.short_names.iter().copied())
    });
    let near = nearest(word, names.chain(["workloads", "all"]));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!(
        "there is no kind {word:?}{hint}\n  kinds: vs dr gw se we sidecars svc pods deploy sts ds rs endpointslices ns nodes workloads"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str]) -> Option<Vec<(Kind, String)>> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        objects("delete", &words).ok()
    }

    #[test]
    fn objects_are_named_in_two_ways() {
        let both = vec![(Kind::Pod, "a".to_owned()), (Kind::Pod, "b".to_owned())];
        assert_eq!(check(&["po", "a", "b"]), Some(both.clone()));
        assert_eq!(check(&["po/a", "pod/b"]), Some(both));
        for wrong in [
            &["pods"][..],
            &["pods", "pod/a"],
            &["thing", "a"],
            &["po/a", "b"],
            &["po/"],
        ] {
            assert_eq!(check(wrong), None, "{wrong:?}");
        }
        assert_eq!(check(&[]), Some(Vec::new()));
    }
}
