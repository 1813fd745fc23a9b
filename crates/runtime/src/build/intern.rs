//! Sharing of what did not change.

use std::sync::Arc;

/// `old` where it is equal to `new`, so that it keeps its identity.
pub(super) fn intern<T: PartialEq>(new: T, old: Option<&Arc<T>>) -> Arc<T> {
    match old {
        Some(old) if **old == new => Arc::clone(old),
        _ => Arc::new(new),
    }
}
