//! What the events of a file system say: whether anything changed, and whether somebody is in the
//! middle of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Event, EventKind};

use super::places::Places;

/// Files that may be in the middle of being written; beyond that nobody waits for them.
const WRITING: usize = 10_000;

/// The books about what happens to files.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// What is watched.
    pub(super) places: Places,
    /// Files that were written to and are not closed. Only Linux tells of closing.
    writing: BTreeSet<PathBuf>,
    /// Files that are gone, perhaps only until they are written anew.
    gone: BTreeSet<PathBuf>,
    /// The file that was made last, if nothing else happened since.
    made: Option<PathBuf>,
    /// Whether folders came or went, so that others have to be watched.
    moved: bool,
}

impl Activity {
    /// Notes an event; whether it is a reason to read the files again.
    pub(super) fn hear(&mut self, event: &Event) -> bool {
        if event.paths.is_empty() {
            // The system has lost count.
            self.moved = true;
            return true;
        }
        let matters: Vec<_> = event
            .paths
            .iter()
            .filter(|it| self.places.matter(it))
            .collect();
        let made = self.made.take();
        // Each path is looked at, also after the first that is news.
        let news = matters
            .into_iter()
            .map(|path| self.note(event.kind, path, made.as_deref()));
        news.fold(false, |any, news| any | news)
    }

    fn note(&mut self, kind: EventKind, path: &Path, made: Option<&Path>) -> bool {
        let is_file = self.places.is_file(path);
        match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                self.writing.remove(path);
                is_file
            }
            EventKind::Access(AccessKind::Open(_)) => {
                // Whoever makes a file and opens it will write to it. A link is only made.
                if is_file && made == Some(path) {
                    self.write(path);
                }
                false
            }
            EventKind::Access(_) => false,
            EventKind::Create(CreateKind::File) => {
                self.gone.remove(path);
                self.made = Some(path.to_path_buf());
                // It may be a link to a folder.
                self.moved |= !is_file || path.is_symlink();
                true
            }
            EventKind::Modify(ModifyKind::Data(_)) => {
                if is_file {
                    self.write(path);
                }
                is_file
            }
            EventKind::Modify(ModifyKind::Metadata(_)) => is_file,
            EventKind::Remove(RemoveKind::File) => {
                self.leave(path, is_file);
                true
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                self.leave(path, is_file);
                self.moved |= !is_file;
                true
            }
            // Names change of files and of folders, and not every system says which.
            _ => {
                self.writing.remove(path);
                self.gone.remove(path);
                self.moved = true;
                true
            }
        }
    }

    /// Whether a file is in the middle of being written.
    pub(super) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    /// Whether a file is gone that may come back: many a save takes the old file away first.
    pub(super) fn is_missing(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Waits no longer for files, neither to be closed nor to come back.
    pub(super) fn give_up(&mut self) {
        self.writing.clear();
        self.gone.clear();
    }

    /// Whether folders came or went since this was last asked.
    pub(super) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    fn leave(&mut self, path: &Path, is_file: bool) {
        self.writing.remove(path);
        if is_file && self.gone.len() < WRITING {
            self.gone.insert(path.to_path_buf());
        }
    }

    fn write(&mut self, path: &Path) {
        self.gone.remove(path);
        if cfg!(target_os = "linux") && self.writing.len() < WRITING {
            self.writing.insert(path.to_path_buf());
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::event::DataChange;

    use super::*;

    const OPEN: EventKind = EventKind::Access(AccessKind::Open(AccessMode::Any));
    const CLOSE: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const WRITE: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const MAKE: EventKind = EventKind::Create(CreateKind::File);
    const REMOVE: EventKind = EventKind::Remove(RemoveKind::File);
    const RENAME_TO: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));

    /// What is news, and whether a file is being written, after each event on one file.
    fn check(name: &str, events: &[(EventKind, bool, bool)]) {
        let mut activity = Activity {
            places: Places::of(&[PathBuf::from("mesh.yaml")]),
            ..Activity::default()
        };
        for (step, (kind, news, writing)) in events.iter().enumerate() {
            let event = Event::new(*kind).add_path(PathBuf::from(name));
            assert_eq!(activity.hear(&event), *news, "{name}: step {step}");
            let waits = *writing && cfg!(target_os = "linux");
            assert_eq!(activity.is_writing(), waits, "{name}: step {step}");
        }
    }

    #[test]
    fn a_file_that_is_emptied_is_awaited_until_it_is_closed() {
        check(
            "./mesh.yaml",
            &[
                (WRITE, true, true),
                (OPEN, false, true),
                (WRITE, true, true),
                (CLOSE, true, false),
            ],
        );
    }

    #[test]
    fn a_file_that_is_made_is_awaited_from_its_opening() {
        check(
            "./mesh.yaml",
            &[
                (REMOVE, true, false),
                (MAKE, true, false),
                (OPEN, false, true),
                (CLOSE, true, false),
            ],
        );
    }

    #[test]
    fn nobody_waits_for_a_link_nor_for_what_is_only_read() {
        check(
            "./mesh.yaml",
            &[
                (MAKE, true, false),
                (RENAME_TO, true, false),
                (OPEN, false, false),
            ],
        );
    }

    #[test]
    fn a_file_that_is_gone_is_missed_until_it_is_back() {
        let away = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        for (leaving, coming) in [(REMOVE, MAKE), (away, RENAME_TO), (away, WRITE)] {
            let mut activity = Activity {
                places: Places::of(&[PathBuf::from("mesh.yaml")]),
                ..Activity::default()
            };
            for (kind, missing) in [(leaving, true), (coming, false)] {
                let event = Event::new(kind).add_path(PathBuf::from("./mesh.yaml"));
                assert!(activity.hear(&event));
                assert_eq!(activity.is_missing(), missing, "{kind:?}");
            }
            let event = Event::new(leaving).add_path(PathBuf::from("./mesh.yaml"));
            activity.hear(&event);
            activity.give_up();
            assert!(!activity.is_missing());
        }
    }

    #[test]
    fn what_goes_on_beside_is_no_news() {
        check(
            "./build.log",
            &[
                (MAKE, false, false),
                (WRITE, false, false),
                (REMOVE, false, false),
            ],
        );
    }

    #[test]
    fn folders_that_come_or_go_are_looked_for_once() {
        let mut activity = Activity::default();
        let event = Event::new(EventKind::Create(CreateKind::Folder));
        assert!(activity.hear(&event.add_path(PathBuf::from("k8s/new"))));
        assert!(activity.take_moved());
        assert!(!activity.take_moved());
    }
}
