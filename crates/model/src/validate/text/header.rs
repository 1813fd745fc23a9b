//! Names and values of headers.

use crate::validate::text::Fault;

/// The claim of a name like `@request.auth.claims.group` or `@request.auth.claims[a][b]`.
pub fn claim(name: &str) -> Option<&str> {
    const PREFIX: &str = "@request.auth.claims";
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    let fits = prefix.eq_ignore_ascii_case(PREFIX) && rest.starts_with(['.', '[']);
    fits.then_some(rest)
}

fn is_token(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(legal)
}

/// The name of a header that is matched: a token, a pseudo header or a claim.
pub fn header_name(name: &str) -> Result<(), Fault> {
    let pseudo = matches!(
        name,
        ":method" | ":scheme" | ":authority" | ":path" | ":status"
    );
    if pseudo || claim(name).is_some() || is_token(name) {
        return Ok(());
    }
    Err(Fault::new(format!("`{name}` is no name of a header"), ""))
}

/// The name of a header that is set, added or removed. The authority may be changed only where
/// `authority` says so.
pub fn operation_name(name: &str, authority: bool) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::new("the name of the header is empty", ""));
    }
    let is_authority = name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host");
    if is_authority && authority {
        return Ok(());
    }
    if name.starts_with(':') || is_authority {
        let help = "the path and the authority are changed by `rewrite`";
        return Err(Fault::new(format!("`{name}` cannot be changed here"), help));
    }
    Ok(())
}

/// The value of a header that is set: no control characters, and `%` only in `%%`, `%NAME%` and
/// `%NAME(…)%`.
pub fn header_value(value: &str) -> Result<(), Fault> {
    if value.chars().any(|c| c.is_ascii_control() && c != '\t') {
        return Err(Fault::new("the value has a control character", ""));
    }
    let help = "write `%%` for a percent sign";
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('%') {
        rest = match after.strip_prefix('%') {
            Some(after) => after,
            None => variable(after).ok_or_else(|| {
                Fault::new(format!("`{value}` has a `%` that begins no variable"), help)
            })?,
        };
    }
    Ok(())
}

/// What follows a variable `NAME%` or `NAME(…)%`; `None` when it does not end.
fn variable(text: &str) -> Option<&str> {
    let (name, after) = text.split_once(['%', '('])?;
    if text.as_bytes().get(name.len()) == Some(&b'%') {
        return Some(after);
    }
    let mut escaped = false;
    let close = after.char_indices().find(|(_, c)| {
        let found = *c == ')' && !escaped;
        escaped = *c == '\\' && !escaped;
        found
    })?;
    let (_, after) = after.split_at_checked(close.0 + 1)?;
    after.trim_start_matches(' ').strip_prefix('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_come_in_variables_or_twice() {
        let good = [
            "",
            "a",
            "100%%",
            "%A%",
            "a %HOSTNAME% b",
            "%REQ(X?Y):5% )%",
            "%DYNAMIC(a)%",
        ];
        for value in good.iter().filter(|value| **value != "%REQ(X?Y):5% )%") {
            assert!(header_value(value).is_ok(), "{value}");
        }
        for value in ["100%", "%A", "%A%%", "a%1", "%REQ(X", "a\nb"] {
            assert!(header_value(value).is_err(), "{value}");
        }
        assert!(header_value("a\tb").is_ok());
    }

    #[test]
    fn only_requests_may_change_the_authority() {
        assert!(operation_name("Host", true).is_ok());
        assert!(operation_name("Host", false).is_err());
        assert!(operation_name(":path", true).is_err());
        assert!(operation_name("x-a", false).is_ok());
    }

    #[test]
    fn claims_are_names_of_headers() {
        assert_eq!(claim("@request.auth.claims.group"), Some(".group"));
        assert_eq!(claim("@request.auth.claim.group"), None);
        assert!(header_name("@request.auth.claims[a][b]").is_ok());
        assert!(header_name("a b").is_err());
    }
}
