//! RE2's notation in that of the `regex` crate.
//!
//! The two agree but for a few points: RE2's `\d \w \s \b` know ASCII only; `{` without a count,
//! `[`, `&&` and `~~` in a class, `\<` and `\>` are literals; `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::Chars;

/// `source` for the `regex` crate. What neither understands is left for it to refuse.
pub(crate) fn translate(source: &str) -> String {
    let mut translator = Translator {
        rest: source.chars().peekable(),
        out: String::with_capacity(source.len() + 16),
        in_class: false,
    };
    while let Some(char) = translator.rest.next() {
        translator.step(char);
    }
    translator.out
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    in_class: bool,
}

impl Translator<'_> {
    fn step(&mut self, char: char) {
        match (char, self.in_class) {
            ('\\', _) => self.escape(),
            ('[', false) => self.open_class(),
            ('[', true) => self.bracket_in_class(),
            (']', true) => {
                self.in_class = false;
                self.out.push(']');
            }
            ('&' | '~', true) => self.literal(char),
            ('{', false) if !self.is_count() => self.out.push_str("\\{"),
            _ => self.out.push(char),
        }
    }

    fn literal(&mut self, char: char) {
        if char.is_ascii_punctuation() {
            self.out.push('\\');
        }
        self.out.push(char);
    }

    /// After `[`: a caret, and a `]` that is a member because it comes first.
    fn open_class(&mut self) {
        self.in_class = true;
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str("\\]");
        }
    }

    /// `[` within a class: of a named class, else a member.
    fn bracket_in_class(&mut self) {
        if self.rest.peek() != Some(&':') {
            self.out.push_str("\\[");
            return;
        }
        self.out.push('[');
        for char in self.rest.by_ref() {
            self.out.push(char);
            if char == ']' {
                break;
            }
        }
    }

    /// Whether `{3}`, `{3,}` or `{3,5}` follows, of which `{` has been read.
    fn is_count(&self) -> bool {
        let mut ahead = self.rest.clone();
        let mut digits = 0;
        while ahead.next_if(char::is_ascii_digit).is_some() {
            digits += 1;
        }
        if digits == 0 {
            return false;
        }
        if ahead.next_if_eq(&',').is_some() {
            while ahead.next_if(char::is_ascii_digit).is_some() {}
        }
        ahead.next() == Some('}')
    }

    fn escape(&mut self) {
        let Some(char) = self.rest.next() else {
            self.out.push('\\');
            return;
        };
        let ascii = match (char, self.in_class) {
            ('d', _) => "[0-9]",
            ('D', _) => "[^0-9]",
            ('w', _) => "[0-9A-Za-z_]",
            ('W', _) => "[^0-9A-Za-z_]",
            ('s', _) => r"[\t\n\f\r\ ]",
            ('S', _) => r"[^\t\n\f\r\ ]",
            ('b', false) => r"(?-u:\b)",
            // RE2 looks at bytes here too, so that it may stand within a character; the engine
            // wants whole characters in text, and values are mostly ASCII.
            ('B', false) => r"\B",
            ('<' | '>' | '_', _) => {
                self.out.push(char);
                return;
            }
            ('Q', _) => return self.quoted(),
            ('x' | 'p' | 'P', _) => return self.braced(char),
            _ => {
                self.out.push('\\');
                self.out.push(char);
                return;
            }
        };
        self.out.push_str(ascii);
    }

    /// After `\x`, `\p` or `\P`: what stands in braces is a number or a name, `\x{fc}`, `\p{Greek}`.
    fn braced(&mut self, char: char) {
        self.out.push('\\');
        self.out.push(char);
        if self.rest.peek() != Some(&'{') {
            return;
        }
        for char in self.rest.by_ref() {
            self.out.push(char);
            if char == '}' {
                return;
            }
        }
    }

    /// After `\Q`: literals up to `\E`.
    fn quoted(&mut self) {
        while let Some(char) = self.rest.next() {
            if char == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(char);
        }
    }
}
