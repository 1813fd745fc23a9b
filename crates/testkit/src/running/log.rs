//! The access log of every proxy of a mesh, kept until a call item takes it.

use std::sync::{Mutex, PoisonError};

use sealane_proxy::telemetry::access_log::AccessLog;
use sealane_proxy::telemetry::record::AccessRecord;

use crate::evidence::LogLine;
use crate::observed::Logged;

/// Records kept, at most; the oldest go first. A call item makes far fewer.
const KEPT: usize = 100_000;

/// Keeps records.
#[derive(Default)]
pub(super) struct Log {
    /// Guards the list; held to push or to take, never over an await.
    records: Mutex<Vec<AccessRecord>>,
}

impl Log {
    /// The lines of a proxy since the last call, in order. Those of other proxies are dropped.
    pub(super) fn take(&self, proxy: &str) -> Vec<LogLine> {
        let records = std::mem::take(&mut *self.lock());
        records
            .iter()
            .filter(|record| *record.proxy == *proxy)
            .map(line)
            .collect()
    }

    /// How many lines a proxy has written since the last take.
    pub(super) fn count(&self, proxy: &str) -> usize {
        self.lock()
            .iter()
            .filter(|record| *record.proxy == *proxy)
            .count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<AccessRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessLog for Log {
    fn wanted(&self) -> bool {
        true
    }

    fn write(&self, record: AccessRecord) {
        let mut records = self.lock();
        if records.len() < KEPT {
            records.push(record);
        }
    }
}

fn line(record: &AccessRecord) -> LogLine {
    let or_dash = |text: Option<&std::sync::Arc<str>>| match text {
        Some(text) if !text.is_empty() => text.to_string(),
        Some(_) | None => "-".to_owned(),
    };
    let logged = Logged {
        flags: record.flags.to_string(),
        cluster: or_dash(record.cluster.as_ref()),
        route: or_dash(record.route.as_ref()),
    };
    LogLine {
        remote: record.downstream_remote,
        logged,
    }
}
