//! The secret by which callers are known where others than this machine's can call.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use subtle::ConstantTimeEq as _;

/// Characters of a token, at least.
const SHORTEST: usize = 16;
/// Characters of a token, at most.
const LONGEST: usize = 4096;

/// A secret that a request shows as `Authorization: Bearer TOKEN`.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// The token that a text is, white space around it aside; `None` when it is too short to be a
    /// secret (16 characters), longer than 4,096, or has characters that no
    /// [bearer token](https://www.rfc-editor.org/rfc/rfc6750#section-2.1) has.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (SHORTEST..=LONGEST).contains(&text.len());
        let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        (fits && text.bytes().all(is_ours)).then(|| Self(text.into()))
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a request shows it: as a bearer token, or as the password for a proxy. The latter is
    /// for kubectl, which sends tokens over TLS only. A browser sends neither by itself.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(AUTHORIZATION).and_then(|value| credentials(value, "bearer"));
        if let Some(bearer) = bearer {
            return self.is(bearer.as_bytes());
        }
        let basic = text(PROXY_AUTHORIZATION).and_then(|value| credentials(value, "basic"));
        let pair = basic.and_then(|basic| STANDARD.decode(basic).ok());
        let colon = pair.as_ref().and_then(|pair| {
            let place = pair.iter().position(|byte| *byte == b':')?;
            pair.get(place + 1..)
        });
        colon.is_some_and(|password| self.is(password))
    }

    /// Takes the same time wherever the first difference is.
    fn is(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }
}

/// What follows the name of a scheme.
fn credentials<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = value.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn shown(pairs: &[(http::HeaderName, String)]) -> bool {
        let headers = pairs.iter().cloned();
        let headers = headers.map(|(name, value)| (name, value.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        Token::parse(SECRET).unwrap().is_in(&headers)
    }

    #[test]
    fn only_the_whole_secret_is_it() {
        for (value, wanted) in [
            (format!("Bearer {SECRET}"), true),
            (format!("bearer   {SECRET} "), true),
            (
                format!("Basic {}", STANDARD.encode(format!("x:{SECRET}"))),
                false,
            ),
            (SECRET.to_owned(), false),
            ("Bearer".to_owned(), false),
            ("Bearer ".to_owned(), false),
            (format!("Bearer {SECRET}0"), false),
            ("Bearer 0123456789abcde".to_owned(), false),
            ("Bearer 0123456789ABCDEF".to_owned(), false),
        ] {
            assert_eq!(shown(&[(AUTHORIZATION, value.clone())]), wanted, "{value}");
        }
        assert!(!shown(&[]));
    }

    #[test]
    fn a_proxy_s_password_is_it_too() {
        for (pair, wanted) in [
            (format!("sealane:{SECRET}"), true),
            (format!(":{SECRET}"), true),
            (SECRET.to_owned(), false),
            (format!("{SECRET}:"), false),
        ] {
            let value = format!("Basic {}", STANDARD.encode(&pair));
            assert_eq!(shown(&[(PROXY_AUTHORIZATION, value)]), wanted, "{pair}");
        }
        for value in ["Basic !", "Basic", "Bearer 0123456789abcdef"] {
            assert!(
                !shown(&[(PROXY_AUTHORIZATION, value.to_owned())]),
                "{value}"
            );
        }
        // A wrong token is not made good.
        let basic = format!("Basic {}", STANDARD.encode(format!("x:{SECRET}")));
        let wrong = "Bearer fedcba9876543210".to_owned();
        assert!(!shown(&[
            (AUTHORIZATION, wrong),
            (PROXY_AUTHORIZATION, basic)
        ]));
    }

    #[test]
    fn a_secret_has_a_form_and_is_not_shown() {
        for (text, wanted) in [
            (SECRET, true),
            (" 0123456789abcdef\n", true),
            ("AZaz09-._~+/====", true),
            ("0123456789abcde", false),
            ("0123456789 abcdef", false),
            ("0123456789abcdeö", false),
            ("", false),
        ] {
            assert_eq!(Token::parse(text).is_some(), wanted, "{text:?}");
        }
        assert!(Token::parse(&"a".repeat(4096)).is_some());
        assert!(Token::parse(&"a".repeat(4097)).is_none());
        let shown = format!("{:?}", Token::parse(SECRET).unwrap());
        assert!(!shown.contains("0123"), "{shown}");
    }
}
