//! Header operations.

use std::sync::Arc;

use ::http::HeaderName;
use sealane_xds::core::HeaderValueOption;
use sealane_xds::core::header_value_option::HeaderAppendAction;

use crate::build::at::At;
use crate::build::matching::all;
use crate::build::scalar::flag;
use crate::format::Format;
use crate::header::{HeaderEdits, HeaderOps, HeaderWrite, WriteMode};

/// The four lists with which a message edits headers.
pub(super) struct Lists<'a> {
    pub(super) request_add: &'a [HeaderValueOption],
    pub(super) request_remove: &'a [String],
    pub(super) response_add: &'a [HeaderValueOption],
    pub(super) response_remove: &'a [String],
}

/// Header operations of one level; `None` if one is refused.
pub(super) fn header_ops(at: &At<'_>, lists: &Lists<'_>) -> Option<HeaderOps> {
    let request_write = all(
        &at.field("request_headers_to_add"),
        lists.request_add,
        write,
    );
    let request_remove = all(
        &at.field("request_headers_to_remove"),
        lists.request_remove,
        |at, name| edited_name(at, name),
    );
    let response_write = all(
        &at.field("response_headers_to_add"),
        lists.response_add,
        write,
    );
    let response_remove = all(
        &at.field("response_headers_to_remove"),
        lists.response_remove,
        |at, name| edited_name(at, name),
    );
    Some(HeaderOps {
        request: HeaderEdits {
            remove: request_remove?,
            write: request_write?,
        },
        response: HeaderEdits {
            remove: response_remove?,
            write: response_write?,
        },
    })
}

/// A name that may be edited: pseudo-headers and `host` are changed by rewrites alone.
fn edited_name(at: &At<'_>, name: &str) -> Option<HeaderName> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(::http::header::HOST) => at.refuse("`host` cannot be edited as a header"),
        Ok(name) => Some(name),
        Err(_) if name.starts_with(':') => at.refuse("pseudo-headers cannot be edited"),
        Err(_) => at.refuse("not a header name"),
    }
}

#[expect(deprecated, reason = "other control planes still write `append`")]
fn write(at: &At<'_>, option: &HeaderValueOption) -> Option<HeaderWrite> {
    let Some(header) = option.header.as_ref() else {
        return at.field("header").refuse("is missing");
    };
    let header_at = at.field("header");
    let name = edited_name(&header_at.field("key"), &header.key);
    if !header.raw_value.is_empty() {
        header_at.field("raw_value").not_understood();
    }
    let value = match Format::parse(&header.value) {
        Ok(format) => Some(Arc::new(format)),
        Err(error) => header_at.field("value").refuse(error),
    };
    let mode = match (
        flag(option.append.as_ref()),
        HeaderAppendAction::try_from(option.append_action),
    ) {
        (Some(false), Ok(HeaderAppendAction::AppendIfExistsOrAdd))
        | (None, Ok(HeaderAppendAction::OverwriteIfExistsOrAdd)) => WriteMode::Overwrite,
        (_, Ok(HeaderAppendAction::AppendIfExistsOrAdd)) => WriteMode::Append,
        (None, Ok(HeaderAppendAction::AddIfAbsent)) => WriteMode::AddIfAbsent,
        (None, Ok(HeaderAppendAction::OverwriteIfExists)) => WriteMode::OverwriteIfExists,
        (_, Err(_)) => return at.field("append_action").refuse("not an append action"),
        (Some(_), Ok(_)) => return at.refuse("both `append` and `append_action` are set"),
    };
    Some(HeaderWrite {
        name: name?,
        value: value?,
        mode,
        keep_empty: option.keep_empty_value,
    })
}
