//! The state of one generation.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealane_compile::{MeshSettings, ProxyIdentity, Snapshot};
use sealane_model::diagnostic::Diagnostic;
use sealane_model::kind::ObjectKey;
use sealane_model::parse::Rejected;
use sealane_model::resource::Object;

use crate::declared::Declared;
use crate::history::Texts;
use crate::shown::Shown;

/// The state of one generation: never changed, only replaced.
#[derive(Debug, Clone)]
pub struct Current {
    /// Its number; 0 before the first.
    pub generation: u64,
    /// What was declared.
    pub declared: Declared,
    /// All objects as the API shows them, derived ones too.
    pub shown: Arc<Shown>,
    /// What was compiled from.
    pub snapshot: Arc<Snapshot>,
    /// All proxies that there may be, by id.
    pub identities: BTreeMap<String, ProxyIdentity>,
    /// The texts that declared objects were read from.
    pub texts: Texts,
    /// What files declare with errors, so that it is not among the declared objects.
    pub left_out: Arc<[Rejected]>,
}

impl Current {
    /// Nothing is declared.
    pub(crate) fn empty(mesh: MeshSettings) -> Self {
        Self {
            generation: 0,
            declared: Declared::default(),
            shown: Arc::default(),
            snapshot: Arc::new(Snapshot::new([], mesh, 0)),
            identities: BTreeMap::new(),
            texts: Texts::default(),
            left_out: Arc::default(),
        }
    }

    /// The object of that key as it was declared, with its places.
    pub fn object(&self, key: &ObjectKey) -> Option<&Object> {
        self.declared.find(key).map(|stored| &*stored.object)
    }
}

/// The diagnostic with file and place, where its object is known to have them.
pub(super) fn placed(diagnostic: Diagnostic, current: &Current) -> Diagnostic {
    let key = diagnostic
        .object
        .clone()
        .filter(|_| diagnostic.file.is_none());
    match key.and_then(|key| current.object(&key)) {
        Some(object) => {
            let path = diagnostic.path.clone();
            object.diagnose(diagnostic, path)
        }
        None => diagnostic,
    }
}

/// The texts of both; the newer one where both have a path.
pub(super) fn merged(older: &Texts, newer: &Texts) -> Texts {
    let mut all = (**older).clone();
    all.extend((**newer).clone());
    Arc::new(all)
}

/// The texts that the declared objects point into.
pub(super) fn texts_of(declared: &Declared, older: &Texts, newer: &Texts) -> Texts {
    let mut texts = BTreeMap::new();
    for source in declared.iter().filter_map(|it| it.object.source.as_ref()) {
        let text = newer.get(&source.file).or_else(|| older.get(&source.file));
        if let Some(text) = text {
            texts.insert(Arc::clone(&source.file), Arc::clone(text));
        }
    }
    Arc::new(texts)
}
