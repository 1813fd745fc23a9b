//! Small questions about token trees, and tokens without their tests.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What [`without_tests`] took away.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// The modules that lie in files of their own: `#[cfg(test)] mod NAME;`.
    pub(super) modules: Vec<String>,
    /// How many lines the removed items had.
    pub(super) lines: usize,
}

/// Whether this token is the word `word`.
pub(super) fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// Whether this token is the sign `sign`.
pub(super) fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// The tokens between braces, brackets or parentheses, if this is such a group.
pub(super) fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The tokens inside a group, as a list.
pub(super) fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// The line on which a token begins, from 1.
pub(super) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// The attribute that begins at `at`, if one does.
pub(super) fn attribute(tokens: &[TokenTree], at: usize) -> Option<Vec<TokenTree>> {
    if !is_sign(tokens.get(at), '#') {
        return None;
    }
    group(tokens.get(at + 1), Delimiter::Bracket).map(inside)
}

/// A copy of `tokens` in which no item is left that only a test build has.
pub(super) fn without_tests(tokens: &[TokenTree], removed: &mut Removed) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if attribute(tokens, at).is_some_and(|attribute| is_for_tests(&attribute)) {
            let end = item_end(tokens, at);
            note_removed(tokens.get(at..end).unwrap_or_default(), removed);
            at = end;
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let stream: TokenStream =
                    without_tests(&inside(group), removed).into_iter().collect();
                let mut copy = Group::new(group.delimiter(), stream);
                copy.set_span(group.span());
                TokenTree::Group(copy)
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => token.clone(),
        });
        at += 1;
    }
    kept
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
fn is_for_tests(attribute: &[TokenTree]) -> bool {
    if is_word(attribute.first(), "cfg") {
        let condition = group(attribute.get(1), Delimiter::Parenthesis).map(inside);
        return condition.is_some_and(|condition| {
            let is_all = is_word(condition.first(), "all");
            let all = group(condition.get(1), Delimiter::Parenthesis)
                .filter(|_| is_all)
                .map(inside);
            all.unwrap_or(condition)
                .iter()
                .any(|token| is_word(Some(token), "test"))
        });
    }
    let path = attribute
        .iter()
        .take_while(|token| !matches!(token, TokenTree::Group(_)));
    is_word(path.last(), "test")
}

/// The index behind the item whose attributes begin at `at`: behind its braces or its semicolon.
fn item_end(tokens: &[TokenTree], mut at: usize) -> usize {
    while attribute(tokens, at).is_some() {
        at += 2;
    }
    while let Some(token) = tokens.get(at) {
        at += 1;
        if is_sign(Some(token), ';') {
            break;
        }
        // `use a::{b, c};` and `const A: B = B { … };` go on to their semicolon.
        if group(Some(token), Delimiter::Brace).is_some() {
            return if is_sign(tokens.get(at), ';') {
                at + 1
            } else {
                at
            };
        }
    }
    at
}

fn note_removed(item: &[TokenTree], removed: &mut Removed) {
    if let (Some(first), Some(last)) = (item.first(), item.last()) {
        removed.lines += last.span().end().line + 1 - line(first);
    }
    for window in item.windows(3) {
        if let [mod_word, TokenTree::Ident(name), semicolon] = window
            && is_word(Some(mod_word), "mod")
            && is_sign(Some(semicolon), ';')
        {
            removed.modules.push(name.to_string());
        }
    }
}
