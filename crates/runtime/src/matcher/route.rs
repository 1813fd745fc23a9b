//! Which requests a route takes.

use crate::request::RequestHead;

/// The conditions of one route, all of which must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RouteMatch {}

impl RouteMatch {
    /// Whether `head` fulfils all conditions.
    pub fn takes(&self, _head: &RequestHead<'_>) -> bool {
        true
    }
}
