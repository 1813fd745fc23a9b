//! What goes from control to a proxy.

use std::sync::Arc;

use sealane_xds::Resources;

/// One generation of a proxy's resources.
#[derive(Debug, Clone)]
pub(super) struct Push {
    pub(super) generation: u64,
    pub(super) resources: Arc<Resources>,
}
