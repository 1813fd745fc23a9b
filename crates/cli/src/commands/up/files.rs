//! How many files the process may open: every connection of the mesh is one, or several.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sealane_seam::Descriptors;

use crate::print;

/// Raises the soft limit to the hard one, and counts connections within it. The usual soft limit
/// of 1,024 is meant for programs that use `select`.
pub(super) fn raise() -> Arc<Descriptors> {
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
    match limit.map(usize::try_from) {
        Some(Ok(files)) => Descriptors::of_process(files),
        Some(Err(_)) | None => Descriptors::unlimited(),
    }
}
