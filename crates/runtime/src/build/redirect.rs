//! Redirects.

use std::sync::Arc;

use ::http::StatusCode;
use sealane_xds::route::RedirectAction;
use sealane_xds::route::redirect_action::{
    PathRewriteSpecifier, RedirectResponseCode, SchemeRewriteSpecifier,
};

use crate::build::at::At;
use crate::build::string::substitution;
use crate::route::{PathRewrite, Redirect, RedirectPath};

pub(super) fn redirect(at: &At<'_>, message: &RedirectAction) -> Option<Redirect> {
    let status = match RedirectResponseCode::try_from(message.response_code) {
        Ok(RedirectResponseCode::MovedPermanently) => Some(StatusCode::MOVED_PERMANENTLY),
        Ok(RedirectResponseCode::Found) => Some(StatusCode::FOUND),
        Ok(RedirectResponseCode::SeeOther) => Some(StatusCode::SEE_OTHER),
        Ok(RedirectResponseCode::TemporaryRedirect) => Some(StatusCode::TEMPORARY_REDIRECT),
        Ok(RedirectResponseCode::PermanentRedirect) => Some(StatusCode::PERMANENT_REDIRECT),
        Err(_) => at.field("response_code").refuse("not a redirect"),
    };
    let port = match u16::try_from(message.port_redirect) {
        Ok(port) => Some((port != 0).then_some(port)),
        Err(_) => at.field("port_redirect").refuse("not a port"),
    };
    let scheme = match message.scheme_rewrite_specifier.as_ref() {
        Some(SchemeRewriteSpecifier::SchemeRedirect(scheme)) => text(scheme),
        Some(SchemeRewriteSpecifier::HttpsRedirect(true)) => text("https"),
        Some(SchemeRewriteSpecifier::HttpsRedirect(false)) | None => None,
    };
    let path = path(at, message.path_rewrite_specifier.as_ref());
    Some(Redirect {
        status: status?,
        scheme,
        host: text(&message.host_redirect),
        port: port?,
        path: path?,
        strip_query: message.strip_query,
    })
}

fn path(at: &At<'_>, specifier: Option<&PathRewriteSpecifier>) -> Option<RedirectPath> {
    Some(match specifier {
        None => RedirectPath::Keep,
        Some(PathRewriteSpecifier::PathRedirect(path)) => {
            text(path).map_or(RedirectPath::Keep, RedirectPath::Replace)
        }
        Some(PathRewriteSpecifier::PrefixRewrite(prefix)) => {
            let rewrite = text(prefix).map_or(PathRewrite::None, PathRewrite::Prefix);
            RedirectPath::Rewrite(rewrite)
        }
        Some(PathRewriteSpecifier::RegexRewrite(regex)) => {
            let substitution = substitution(&at.field("regex_rewrite"), regex)?;
            RedirectPath::Rewrite(PathRewrite::Regex(substitution))
        }
        Some(PathRewriteSpecifier::PathRewrite(_)) => {
            at.field("path_rewrite").not_understood();
            return None;
        }
    })
}

fn text(text: &str) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| Arc::from(text))
}
