//! Saves that are broken: each changes nothing, is told at its place with all that is wrong, and is
//! forgotten when it is corrected.
//!
//! `testdata/broken` holds them, and `expected.txt` what is told of each: the file, a code, a place,
//! and some of the words; a line for each error. A new file is told by this test with its lines.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::manifests::{SHOP, shop, subsets, weights};
use crate::run::{Place, Up};
use crate::wire::at_edge;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/broken");
/// What is saved over: three objects, so that a broken file has something to take away.
const FILE: &str = "rule.yaml";

/// The errors of a refusal, as `CODE LINE:COLUMN MESSAGE`.
fn errors(told: &str) -> Vec<String> {
    let mut errors: Vec<String> = Vec::new();
    for line in told.lines() {
        if let Some(error) = line.strip_prefix("error[") {
            let (code, message) = error.split_once("]: ").unwrap_or((error, ""));
            errors.push(format!("{code} -:- {message}"));
        } else if let Some((_, place)) = line.split_once("--> ")
            && let Some(error) = errors.last_mut()
            && let Some((_, place)) = place.split_once(&format!("{FILE}:"))
        {
            *error = error.replacen("-:-", place.trim(), 1);
        }
    }
    errors
}

/// What is expected of a file: code, place and words.
fn expected(file: &str) -> Vec<String> {
    let table = fs::read_to_string(Path::new(FOLDER).join("expected.txt")).unwrap_or_default();
    let rows = table.lines().filter_map(|row| row.split_once(' '));
    rows.filter(|(name, _)| *name == file)
        .map(|(_, error)| error.trim().to_owned())
        .collect()
}

/// Whether an error is the expected one: its code and place, and words of its message.
fn is_as(seen: &str, wanted: &str) -> bool {
    let split = |text: &str| {
        let mut parts = text.splitn(3, ' ').map(str::to_owned);
        [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default)
    };
    let ([code, place, message], [wanted_code, wanted_place, words]) = (split(seen), split(wanted));
    code == wanted_code && place == wanted_place && message.contains(&words)
}

fn good() -> String {
    weights(50, 50) + &subsets("default", "shop")
}

/// A mesh whose rule is in a file of its own.
fn mesh() -> Up {
    let place = Place::new(&shop().replace(&subsets("default", "shop"), ""));
    place.save(FILE, &good());
    Up::at(place, &[])
}

/// Saves bytes, as an editor does that writes in place; what the terminal tells until the file is
/// corrected.
fn refused(up: &Up, bytes: &[u8]) -> String {
    let before = up.out().len();
    fs::write(up.place().path("manifests").join(FILE), bytes).unwrap();
    up.tells_after(before, "not applied; generation 1 goes on");
    up.place().save(FILE, &good());
    up.tells_after(before, "the files say again what generation 1 has")
}

#[test]
fn every_broken_save_changes_nothing_and_is_told_at_its_place() {
    let up = mesh();
    let mut names: Vec<_> = fs::read_dir(FOLDER)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "expected.txt")
        .collect();
    names.sort();
    assert!(names.len() >= 40, "{}", names.len());
    let mut wrong = String::new();
    for name in &names {
        let told = refused(&up, &fs::read(Path::new(FOLDER).join(name)).unwrap());
        let (seen, wanted) = (errors(&told), expected(name));
        let is_right = seen.len() == wanted.len()
            && !seen.is_empty()
            && seen
                .iter()
                .zip(&wanted)
                .all(|(seen, wanted)| is_as(seen, wanted));
        if !is_right {
            for error in &seen {
                writeln!(wrong, "{name} {error}").unwrap();
            }
            if seen.is_empty() {
                writeln!(wrong, "{name} told no error:\n{told}").unwrap();
            }
        }
        assert_eq!(at_edge(up.gateway(), SHOP, "/").status, 200, "{name}");
    }
    assert!(
        wrong.is_empty(),
        "these were told and not expected:\n{wrong}"
    );
    up.place().save(FILE, &weights(10, 90));
    up.tells("✓ generation 2 · live");
}

#[test]
fn a_byte_order_mark_at_the_beginning_is_no_mistake() {
    let up = mesh();
    let file = up.place().path("manifests").join(FILE);
    fs::write(
        file,
        format!("\u{feff}{}{}", weights(10, 90), subsets("default", "shop")),
    )
    .unwrap();
    up.tells("✓ generation 2 · live");
}

#[test]
fn with_strict_any_error_ends_the_start_with_65_and_all_errors_are_told() {
    let place = Place::new(&(shop() + &weights(90, 10)));
    place.save("a.yaml", &weights(1, 2).replace("route:", "rout:"));
    place.save("b.yaml", "kind: [");
    let flags = ["--admin-port", "0", "--gateway-port", "80=auto", "--strict"];
    let said = place.run(&[&["up", "manifests"], &flags[..]].concat());
    assert_eq!((said.code, &*said.out), (65, ""), "{said:?}");
    for text in ["unknown field `rout`", "b.yaml:1:", "nothing was started"] {
        assert!(said.err.contains(text), "{text}: {said:?}");
    }
}
