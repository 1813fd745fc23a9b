//! What happens, as JSON for programs: `sealane up -o json` prints one object a line.

use std::net::SocketAddr;

use sealane_control::source::files::Summary;
use sealane_control::{Cause, Findings, Record, Refusal};
use sealane_model::diagnostic::Diagnostic;
use sealane_proxy::telemetry::event::LocalReplyEvent;
use sealane_world::world::World;
use serde_json::{Value, json};

/// The mesh runs.
pub(super) fn started(
    record: &Record,
    summary: &Summary,
    (world, admin): (&World, SocketAddr),
) -> Value {
    let invented = world.invented.iter().map(|host| {
        json!({
            "namespace": host.namespace,
            "service": host.name,
            "ports": host.ports,
            "workloads": host.workloads.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        })
    });
    json!({
        "event": "started",
        "generation": record.generation,
        "tookMs": ms(record),
        "objects": summary.objects,
        "files": summary.files,
        "invented": invented.collect::<Vec<_>>(),
        "admin": format!("http://{admin}"),
        "findings": findings(&record.findings),
    })
}

/// A generation was published.
pub(super) fn generation(record: &Record) -> Value {
    json!({
        "event": "generation",
        "generation": record.generation,
        "tookMs": ms(record),
        "live": record.live,
        "proxies": record.proxies,
        "lost": record.lost,
        "changes": record.changes,
        "findings": findings(&record.findings),
    })
}

/// A change was refused.
pub(super) fn refused(refusal: &Refusal) -> Value {
    let files: Vec<&str> = match &refusal.cause {
        Cause::Files(files) => files.iter().map(|file| &**file).collect(),
        Cause::Start | Cause::Api | Cause::Workloads => Vec::new(),
    };
    json!({
        "event": "refused",
        "generation": refusal.generation,
        "reason": refusal.reason,
        "files": files,
        "findings": findings(&refusal.findings),
    })
}

/// Callers are turned away.
pub(super) fn crowded(refused: u64, limit: usize) -> Value {
    json!({"event": "crowded", "refused": refused, "limit": limit})
}

/// A proxy answered itself.
pub(super) fn reply(event: &LocalReplyEvent) -> Value {
    json!({
        "event": "reply",
        "status": event.status,
        "flags": event.flags.to_string(),
        "details": event.details,
        "proxy": &*event.proxy,
        "method": event.method.as_str(),
        "authority": event.authority,
        "path": event.path,
        "cluster": event.cluster.as_deref(),
    })
}

/// The mesh has ended.
pub(super) fn stopped() -> Value {
    json!({ "event": "stopped" })
}

fn ms(record: &Record) -> u64 {
    u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX)
}

fn findings(findings: &Findings) -> Vec<Value> {
    let one = |it: &Diagnostic| {
        let span = it.labels.first().map(|label| label.span);
        json!({
            "code": it.code.to_string(),
            "severity": if it.is_error() { "error" } else { "warning" },
            "message": it.message,
            "object": it.object.as_ref().map(ToString::to_string),
            "file": it.file.as_deref(),
            "line": span.map(|span| span.line),
            "column": span.map(|span| span.column),
        })
    };
    findings.diagnostics.iter().map(one).collect()
}
