//! What becomes of a path.

use std::borrow::Cow;

use sealane_runtime::route::{PathRewrite, Route};

/// `path`, without its query, after `rewrite`. `route` is the route that matched it.
pub(crate) fn path<'a>(rewrite: &PathRewrite, route: &Route, path: &'a str) -> Cow<'a, str> {
    match rewrite {
        PathRewrite::None => Cow::Borrowed(path),
        PathRewrite::Prefix(prefix) => {
            let rest = path.get(route.matches.path.replaced(path)..);
            Cow::Owned(format!("{prefix}{}", rest.unwrap_or_default()))
        }
        PathRewrite::Regex(_substitution) => Cow::Borrowed(path),
    }
}
