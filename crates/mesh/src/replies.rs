//! Failed requests of the last moments, kept so that `sealane curl` can say why.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sealane_proxy::telemetry::access_log::AccessLog;
use sealane_proxy::telemetry::record::AccessRecord;

use crate::blame::Blame;
use crate::mesh::Mesh;
use crate::tally::Tally;

/// Records that are kept.
const KEPT: usize = 256;

/// Keeps records of failed requests, and passes all on to an access log.
pub struct Replies {
    /// Guards the list; held to add or to look, never over an await.
    failed: Mutex<VecDeque<Arc<AccessRecord>>>,
    log: Arc<dyn AccessLog>,
    tally: Tally,
}

impl Replies {
    /// Nothing kept yet; every record goes on to `log`.
    pub fn new(log: Arc<dyn AccessLog>) -> Self {
        Self {
            failed: Mutex::default(),
            log,
            tally: Tally::default(),
        }
    }

    /// Who answered how many requests.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The first proxy's record of the request with this id.
    pub fn find(&self, id: &str) -> Option<Arc<AccessRecord>> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |record: &&Arc<AccessRecord>| {
            let known = record.request_id.as_ref();
            known.is_some_and(|known| known.as_bytes() == id.as_bytes())
        };
        failed.iter().rev().find(is_meant).map(Arc::clone)
    }

    /// What there is to say about a record, a fact a line.
    pub fn explain(&self, mesh: &Mesh, record: &AccessRecord) -> Vec<String> {
        let flags = record.flags.to_string();
        let mut lines = vec![format!("{flags} {}", record.details)];
        if let Some(cluster) = record.wanted_cluster.as_ref().or(record.cluster.as_ref()) {
            lines.push(format!("  cluster      {cluster}"));
        }
        let origin = record.origin.as_ref().map(ToString::to_string);
        let rule = origin.and_then(|origin| mesh.rule(&record.proxy, &origin));
        if let Some(rule) = rule {
            lines.push(format!("  route        {rule}"));
        }
        if let Some(host) = record.upstream_host {
            lines.push(format!("  endpoint     {host}"));
        }
        let (current, world) = (mesh.control().current(), mesh.world());
        let blame = Blame {
            current: &current,
            world: &world,
        };
        lines.extend(blame.facts(record));
        lines
    }
}

impl AccessLog for Replies {
    fn wanted(&self) -> bool {
        true
    }

    fn write(&self, record: AccessRecord) {
        self.tally.count(&record);
        if record.status >= 400 {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            if failed.len() == KEPT {
                failed.pop_front();
            }
            failed.push_back(Arc::new(record.clone()));
        }
        if self.log.wanted() {
            self.log.write(record);
        }
    }
}
