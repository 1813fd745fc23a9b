//! Redirects and direct answers.

use sealane_model::networking::http_route::{
    DirectResponseBody, HttpDirectResponse, HttpRedirect, RedirectPort, RedirectPortSelection,
};
use sealane_xds::core::DataSource;
use sealane_xds::core::data_source::Specifier;
use sealane_xds::route::redirect_action::{
    PathRewriteSpecifier, RedirectResponseCode, SchemeRewriteSpecifier,
};
use sealane_xds::route::{DirectResponseAction, RedirectAction};

/// A redirect; `None` for a code that Envoy does not have. `port` is the listener's, and `is_tls`
/// says whether it ends TLS.
pub(crate) fn redirect(declared: &HttpRedirect, port: u16, is_tls: bool) -> Option<RedirectAction> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let prefix = text(&declared.prefix_rewrite);
    let path = if prefix.is_empty() {
        PathRewriteSpecifier::PathRedirect(text(&declared.uri))
    } else {
        PathRewriteSpecifier::PrefixRewrite(prefix)
    };
    let scheme = text(&declared.scheme);
    let code = match declared.redirect_code.unwrap_or_default() {
        0 | 301 => RedirectResponseCode::MovedPermanently,
        302 => RedirectResponseCode::Found,
        303 => RedirectResponseCode::SeeOther,
        307 => RedirectResponseCode::TemporaryRedirect,
        308 => RedirectResponseCode::PermanentRedirect,
        _ => return None,
    };
    Some(RedirectAction {
        host_redirect: text(&declared.authority),
        port_redirect: redirect_port(declared, port, is_tls),
        response_code: code as i32,
        path_rewrite_specifier: Some(path),
        scheme_rewrite_specifier: (!scheme.is_empty())
            .then_some(SchemeRewriteSpecifier::SchemeRedirect(scheme)),
        ..RedirectAction::default()
    })
}

/// The port of the new location; 0 where the scheme says it already.
fn redirect_port(declared: &HttpRedirect, port: u16, is_tls: bool) -> u32 {
    let wanted = match &declared.port {
        Some(RedirectPort::Port(port)) => *port,
        Some(RedirectPort::Derive(RedirectPortSelection::FromRequestPort)) => u32::from(port),
        Some(RedirectPort::Derive(RedirectPortSelection::FromProtocolDefault)) | None => 0,
    };
    let scheme = match declared.scheme.as_deref() {
        Some(scheme) if !scheme.is_empty() => scheme,
        Some(_) | None if is_tls => "https",
        Some(_) | None => "http",
    };
    match (wanted, scheme) {
        (80, "http") | (443, "https") => 0,
        _ => wanted,
    }
}

/// An answer that needs no upstream.
pub(crate) fn direct_response(declared: &HttpDirectResponse) -> DirectResponseAction {
    let body = match &declared.body {
        Some(DirectResponseBody::String(text)) => Some(Specifier::InlineString(text.clone())),
        Some(DirectResponseBody::Bytes(bytes)) => Some(Specifier::InlineBytes(bytes.0.clone())),
        Some(DirectResponseBody::Empty) | None => None,
    };
    DirectResponseAction {
        status: declared.status,
        body: body.map(|body| DataSource {
            specifier: Some(body),
            ..DataSource::default()
        }),
        ..DirectResponseAction::default()
    }
}
