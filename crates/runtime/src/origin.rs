//! Where a route came from.

use std::fmt;
use std::sync::Arc;

/// The stable identity of the declared rule behind a route: `VirtualService/default/reviews#r1`.
///
/// It travels in the route's metadata (filter `sealane`, key `origin`) and says nothing about
/// positions in files, so that a moved line changes no resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(pub Arc<str>);

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
