//! How many files the process may open: every connection of the mesh is one, or several.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sealane_seam::Descriptors;

use crate::print;

/// The limit of open files, raised.
pub(super) struct Files {
    /// The connections of the process within it.
    pub(super) descriptors: Arc<Descriptors>,
    /// The limit that the user has set, where it is another.
    pub(super) before: Option<u64>,
}

/// Raises the soft limit to the hard one, and counts connections within it. The usual soft limit
/// of 1,024 is meant for programs that use `select`.
pub(super) fn raise() -> Files {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        Err(error) => {
            let limit = before.current.unwrap_or_default();
            print::note(format_args!(
                "warning: cannot raise the limit of open files above {limit}: {error}"
            ));
            before.current
        }
    };
    let descriptors = match limit.map(usize::try_from) {
        Some(Ok(files)) => Descriptors::of_process(files),
        Some(Err(_)) | None => Descriptors::unlimited(),
    };
    Files {
        descriptors,
        before: before.current.filter(|_| before.current != limit),
    }
}
