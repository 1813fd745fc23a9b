//! Notices when files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::timeout;

/// A change is taken for complete when nothing more happened for this long …
const QUIET: Duration = Duration::from_millis(40);
/// … or, while things go on happening, after this long.
const LONGEST: Duration = Duration::from_millis(160);

/// Tells of changes below some paths. It stops when it is dropped.
#[derive(Debug)]
pub struct Watch {
    changes: Arc<Notify>,
    /// Keeps the system's watch alive.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches files and folders. Of a file the folder around it is watched, because editors
    /// replace files instead of writing to them.
    ///
    /// # Errors
    /// When the system cannot watch (a limit is reached, or a path does not exist).
    pub fn start(paths: &[PathBuf]) -> Result<Self, notify::Error> {
        let changes = Arc::new(Notify::new());
        let told = Arc::clone(&changes);
        let mut watcher =
            notify::recommended_watcher(move |event: Result<notify::Event, notify::Error>| {
                // A lost event is as good as a change: whoever listens looks at all files.
                let matters =
                    event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_)));
                if matters {
                    told.notify_one();
                }
            })?;
        for path in paths {
            let (place, mode) = if path.is_dir() {
                (path.as_path(), RecursiveMode::Recursive)
            } else {
                (folder_of(path), RecursiveMode::NonRecursive)
            };
            watcher.watch(place, mode)?;
        }
        Ok(Self {
            changes,
            _watcher: watcher,
        })
    }

    /// Waits for a change to be complete: one save, or one checkout of many files. Cancel safe.
    pub async fn changed(&self) {
        self.changes.notified().await;
        let settled = async { while timeout(QUIET, self.changes.notified()).await.is_ok() {} };
        if timeout(LONGEST, settled).await.is_err() {
            // Things go on happening; the rest is another change.
            self.changes.notify_one();
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
