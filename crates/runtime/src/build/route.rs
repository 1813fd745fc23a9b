//! Routes.

use std::sync::Arc;

use bytes::Bytes;
use sealane_xds::core::data_source::Specifier;
use sealane_xds::route::{self, DirectResponseAction};

use crate::build::action::forward;
use crate::build::at::{At, fields};
use crate::build::draw::Draw;
use crate::build::filters;
use crate::build::header::{Lists, header_ops};
use crate::build::matching::route_match;
use crate::build::metadata::{origin, random_weights};
use crate::build::redirect::redirect;
use crate::build::scalar::{flag, status};
use crate::origin::Origin;
use crate::route::{Action, DirectResponse, Route};

/// Where a route stands.
pub(super) struct Place {
    /// A name for it, unique in the proxy: `TABLE/VIRTUAL HOST/INDEX`.
    pub(super) key: String,
    /// The largest body of a direct response, in bytes.
    pub(super) body_limit: u32,
}

#[expect(deprecated, reason = "the old fields are ignored by name")]
pub(super) fn route(at: &At<'_>, message: &route::Route, place: &Place) -> Option<Route> {
    fields! { at, message, route::Route {
        read: [
            name, r#match, metadata, decorator, typed_per_filter_config, request_headers_to_add,
            request_headers_to_remove, response_headers_to_add, response_headers_to_remove, action,
        ],
        // Tracing, statistics, and limits on what is buffered for retries, which are ours to set.
        ignored: [tracing, stat_prefix, per_request_buffer_limit_bytes, request_body_buffer_limit],
        refused: [route_specifiers],
    } }
    let origin = origin(metadata.as_ref());
    let draw = Draw {
        key: origin.as_ref().map_or(&place.key, |Origin(origin)| origin),
        random: random_weights(metadata.as_ref()),
    };
    let matches = route_match(&at.field("match"), r#match.as_ref());
    let headers = header_ops(
        at,
        &Lists {
            request_add: request_headers_to_add,
            request_remove: request_headers_to_remove,
            response_add: response_headers_to_add,
            response_remove: response_headers_to_remove,
        },
    );
    let filters = filters::per_route(
        &at.field("typed_per_filter_config"),
        typed_per_filter_config,
        draw.key,
    );
    let action = route_action(at, action.as_ref(), &draw, place);
    let decorator = decorator
        .as_ref()
        .filter(|decorator| flag(decorator.propagate.as_ref()) != Some(false))
        .map(|decorator| Arc::from(decorator.operation.as_str()));
    let filters = filters?;
    Some(Route {
        name: Arc::from(name.as_str()),
        origin,
        matches: matches?,
        action: action?,
        headers: headers?,
        fault: filters.fault,
        cors: filters.cors,
        decorator,
    })
}

fn route_action(
    at: &At<'_>,
    action: Option<&route::route::Action>,
    draw: &Draw<'_>,
    place: &Place,
) -> Option<Action> {
    match action {
        Some(route::route::Action::Route(action)) => {
            let action = forward(&at.field("route"), action, draw)?;
            Some(Action::Forward(Box::new(action)))
        }
        Some(route::route::Action::Redirect(action)) => {
            let action = redirect(&at.field("redirect"), action)?;
            Some(Action::Redirect(Box::new(action)))
        }
        Some(route::route::Action::DirectResponse(action)) => {
            let at = at.field("direct_response");
            direct_response(&at, action, place.body_limit).map(Action::Direct)
        }
        Some(route::route::Action::FilterAction(_)) => {
            at.field("filter_action").not_understood();
            None
        }
        Some(route::route::Action::NonForwardingAction(_)) => {
            at.field("non_forwarding_action").not_understood();
            None
        }
        None => at.refuse("has no action"),
    }
}

fn direct_response(
    at: &At<'_>,
    message: &DirectResponseAction,
    body_limit: u32,
) -> Option<DirectResponse> {
    at.refuse_set("body_format", &message.body_format);
    let status = status(&at.field("status"), message.status);
    let body_at = at.field("body");
    let body = match message
        .body
        .as_ref()
        .and_then(|body| body.specifier.as_ref())
    {
        None => Bytes::new(),
        Some(Specifier::InlineString(text)) => Bytes::copy_from_slice(text.as_bytes()),
        Some(Specifier::InlineBytes(bytes)) => Bytes::copy_from_slice(bytes),
        Some(Specifier::Filename(_) | Specifier::EnvironmentVariable(_)) => {
            body_at.not_understood();
            return None;
        }
    };
    if u32::try_from(body.len()).is_ok_and(|length| length <= body_limit) {
        Some(DirectResponse {
            status: status?,
            body,
        })
    } else {
        body_at.refuse(format_args!("is longer than {body_limit} bytes"))
    }
}
