//! Format strings as Envoy reads them.

use super::*;

fn render(source: &str) -> String {
    Format::parse(source)
        .unwrap()
        .render("-", |name, arguments| match (name, arguments) {
            ("REQ", Some(":PATH")) => Some("/reviews".to_owned()),
            ("PROTOCOL", None) => Some("HTTP/1.1".to_owned()),
            ("START_TIME", Some(format)) => Some(format!("<{format}>")),
            _ => None,
        })
}

#[test]
fn operators_and_text_alternate() {
    assert_eq!(render(""), "");
    assert_eq!(render("plain"), "plain");
    assert_eq!(render("%PROTOCOL% %REQ(:PATH)%"), "HTTP/1.1 /reviews");
    assert_eq!(render("[%REQ(nope)%]"), "[-]");
    assert_eq!(render("%REQ(:PATH):4%!"), "/rev!");
    assert_eq!(render("100%%"), "100%");
    assert_eq!(render("%START_TIME(%Y-%m)%"), "<%Y-%m>");
}

#[test]
fn what_is_no_operator_is_refused() {
    for (source, error) in [
        ("50%", FormatError::Stray { at: 2 }),
        ("%REQ(x", FormatError::Stray { at: 0 }),
        ("a %REQ(x):y%", FormatError::Stray { at: 2 }),
        ("%lower%", FormatError::Stray { at: 0 }),
        ("%NOPE%", FormatError::Unknown("NOPE".to_owned())),
        ("%PROTOCOL(x)%", FormatError::Unknown("PROTOCOL".to_owned())),
        ("%REQ%", FormatError::NoArguments("REQ".to_owned())),
    ] {
        assert_eq!(Format::parse(source), Err(error), "{source}");
    }
}

#[test]
fn istios_default_access_log_format_is_understood() {
    let format = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
        %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% \
        %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" \
        %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \
        \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \
        \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% \
        %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% \
        %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";
    assert!(Format::parse(format).is_ok());
}
