//! The token of a mesh whose admin API others can reach: read, or made up.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealane_control::api::token::Token;

use crate::failure::Failure;

/// Random bytes of a token.
const BYTES: usize = 24;

/// What callers of the admin API must show.
#[derive(Debug)]
pub(crate) enum Secret {
    /// Nothing: only this machine can call.
    None,
    /// What a file says.
    Given(Token),
    /// What nobody knows yet.
    New(Token),
}

impl Secret {
    /// The secret of an admin API at `bind`.
    pub(crate) fn of(bind: IpAddr, file: Option<&Path>) -> Result<Self> {
        match file {
            Some(file) => Ok(Self::Given(read(file)?)),
            None if bind.to_canonical().is_loopback() => Ok(Self::None),
            None => Ok(Self::New(make_up()?)),
        }
    }

    /// The token, where there is one.
    pub(crate) const fn token(&self) -> Option<&Token> {
        match self {
            Self::None => None,
            Self::Given(token) | Self::New(token) => Some(token),
        }
    }
}

fn read(file: &Path) -> Result<Token> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::bad_input(format!(
            "error: the token file {name} cannot be read: {error}\n  \
             without --admin-token-file a token is made up where one is wanted"
        ))
    })?;
    Token::parse(&text).ok_or_else(|| {
        let text = format!(
            "error: what is in {name} is no token\n  \
             want 16 to 4,096 letters, digits and -._~+/= on one line\n  \
             try head -c 24 /dev/urandom | base64 > {name}"
        );
        Failure::bad_input(text).into()
    })
}

fn make_up() -> Result<Token> {
    let mut bytes = [0; BYTES];
    let filled = getrandom::fill(&mut bytes);
    filled.context("the system has no randomness for a token; try --admin-token-file")?;
    let token = Token::parse(&URL_SAFE_NO_PAD.encode(bytes));
    token.ok_or_else(|| anyhow!("32 characters of base64 are a token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_up_beyond_loopback_only() {
        for (bind, wanted) in [
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("0.0.0.0", true),
            ("::", true),
            ("192.168.0.7", true),
        ] {
            let secret = Secret::of(bind.parse().unwrap(), None).unwrap();
            assert_eq!(matches!(secret, Secret::New(_)), wanted, "{bind}");
            assert_eq!(secret.token().is_some(), wanted, "{bind}");
        }
        let any = "0.0.0.0".parse().unwrap();
        let (one, other) = (Secret::of(any, None), Secret::of(any, None));
        let (one, other) = (one.unwrap(), other.unwrap());
        let (one, other) = (one.token().unwrap(), other.token().unwrap());
        assert_eq!(one.reveal().len(), 32);
        assert_ne!(one.reveal(), other.reveal());
    }

    #[test]
    fn a_file_has_the_last_word() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        for bind in ["127.0.0.1", "0.0.0.0"] {
            let bind = bind.parse().unwrap();
            assert!(Secret::of(bind, Some(&file)).is_err());
            fs::write(&file, "short\n").unwrap();
            let error = Secret::of(bind, Some(&file)).unwrap_err();
            assert!(error.to_string().contains("is no token"), "{error}");
            fs::write(&file, "0123456789abcdef\n").unwrap();
            let secret = Secret::of(bind, Some(&file)).unwrap();
            assert!(
                matches!(&secret, Secret::Given(token) if token.reveal() == "0123456789abcdef")
            );
            fs::remove_file(&file).unwrap();
        }
    }
}
