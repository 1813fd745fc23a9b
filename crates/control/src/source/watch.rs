//! Notices when files change, and when a change is complete.
//!
//! One save is many events: a file is emptied, then written; or written beside, then renamed; a
//! checkout does that for thirty files. [`Watch::changed`] returns when all is quiet and nobody is
//! in the middle of writing.

mod activity;
mod places;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::warn;

use self::activity::Activity;
use self::places::Places;

/// A change is taken for complete when nothing more happened for this long …
const QUIET: Duration = Duration::from_millis(40);
/// … or, where a file is gone, for this long: a save may take it away before it writes it anew, and
/// on a busy machine there is time between the two …
const MISSING: Duration = Duration::from_millis(400);
/// … or, while things go on happening or a file is not closed, after this long.
const LONGEST: Duration = Duration::from_secs(1);

/// Tells of changes below some paths. It stops when it is dropped.
#[derive(Debug)]
pub struct Watch {
    roots: Vec<PathBuf>,
    heard: Arc<Heard>,
    /// Guards the system's watch; held to add folders, never over an await.
    watcher: Mutex<RecommendedWatcher>,
}

/// What the system told, and what follows from it.
#[derive(Debug, Default)]
struct Heard {
    changes: Notify,
    /// Guards the books; held to look at one event, never over an await.
    activity: Mutex<Activity>,
}

impl Heard {
    fn hear(&self, event: Result<notify::Event, notify::Error>) {
        let is_news = self.with(|activity| match event {
            Ok(event) => activity.hear(&event),
            // A lost event is as good as a change: whoever listens looks at all files.
            Err(_) => true,
        });
        if is_news {
            self.changes.notify_one();
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Activity) -> T) -> T {
        let mut activity = self.activity.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut activity)
    }
}

impl Watch {
    /// Watches files and folders. Of a file the folder around it is watched, because editors
    /// replace files instead of writing to them; the same goes for a folder, which a checkout may
    /// take away and bring back.
    ///
    /// # Errors
    /// When the system cannot watch (a limit is reached, or a path does not exist).
    pub fn start(roots: &[PathBuf]) -> Result<Self, notify::Error> {
        let heard = Arc::new(Heard::default());
        let told = Arc::clone(&heard);
        let watcher = notify::recommended_watcher(move |event| told.hear(event))?;
        let watch = Self {
            roots: roots.to_vec(),
            heard,
            watcher: Mutex::new(watcher),
        };
        watch.look_around()?;
        Ok(watch)
    }

    /// Waits for a change to be complete: one save, or one checkout of many files. Cancel safe.
    pub async fn changed(&self) {
        self.heard.changes.notified().await;
        self.complete().await;
    }

    /// Waits for another change that is expected soon; `false` when none comes.
    pub async fn changed_soon(&self) -> bool {
        let begun = timeout(LONGEST, self.heard.changes.notified()).await;
        if begun.is_ok() {
            self.complete().await;
        }
        begun.is_ok()
    }

    async fn complete(&self) {
        if timeout(LONGEST, self.settled()).await.is_err() {
            // Things go on happening; the rest is another change.
            self.heard.with(Activity::give_up);
            self.heard.changes.notify_one();
        }
        if self.heard.with(Activity::take_moved)
            && let Err(error) = self.look_around()
        {
            warn!(%error, "some folders are not watched, and saves there not seen");
        }
    }

    /// Whether somebody is in the middle of a save. Who has just read files may have read half of it.
    pub fn is_unsettled(&self) -> bool {
        self.heard
            .with(|activity| activity.is_writing() || activity.is_missing())
    }

    /// Waits until nothing happens, and every file that was opened for writing is closed.
    async fn settled(&self) {
        loop {
            let quiet = if self.heard.with(|activity| activity.is_missing()) {
                MISSING
            } else {
                QUIET
            };
            let more = timeout(quiet, self.heard.changes.notified()).await;
            if more.is_err() && !self.heard.with(|activity| activity.is_writing()) {
                // Who is missing now is gone.
                self.heard.with(Activity::give_up);
                return;
            }
        }
    }

    /// Watches what there is now. Whoever reads afterwards sees what came before.
    fn look_around(&self) -> Result<(), notify::Error> {
        let places = Places::of(&self.roots);
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed = None;
        for folder in places.folders() {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                failed = Some(error);
            }
        }
        drop(watcher);
        self.heard.with(|activity| activity.places = places);
        failed.map_or(Ok(()), Err)
    }
}
