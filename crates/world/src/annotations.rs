//! What is wrong with, or surprising about, the `sealane.dev/` annotations of pods. Pure.

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::kind::Kind;
use sealane_model::path::FieldPath;
use sealane_model::resource::Object;
use sealane_model::suggest::nearest;

use crate::external::{ENDPOINTS, sockets};
use crate::invent::INVENTED;
use crate::pods::{PlannedPod, Role};
use crate::process::{COMMAND, Refused, unset};
use crate::workloads::Runs;

/// What all our annotations begin with.
const PREFIX: &str = "sealane.dev/";
/// The annotations of pods, without the prefix.
const KNOWN: [&str; 13] = [
    "body",
    "command",
    "delay",
    "endpoints",
    "error-rate",
    "invented",
    "proxy",
    "ready",
    "reset",
    "response-headers",
    "status",
    "status-sequence",
    "weights",
];

/// What is to be said of the annotations of the pods that `maker` makes, of which `pod` is one.
/// `wrong` is what its echo could not read.
pub(crate) fn findings(
    maker: &Object,
    pod: &PlannedPod,
    wrong: &[String],
    (runs, refused): (&Runs, Option<Refused>),
) -> Vec<Diagnostic> {
    let mut path = FieldPath::root();
    if pod.made_by.kind != Kind::Pod {
        path = path.field("spec").field("template");
    }
    let path = path.field("metadata").field("annotations");
    let unreadable = |key: Option<&str>, message: String| {
        let diagnostic = Diagnostic::new(Code::PodAnnotation, message);
        let path = key.map_or_else(|| path.clone(), |key| path.field(key));
        maker.diagnose(diagnostic, path)
    };
    let mut found: Vec<Diagnostic> = wrong
        .iter()
        .map(|message| unreadable(None, message.clone()))
        .collect();
    for key in pod.annotations.keys() {
        found.extend(unknown(key).map(|message| unreadable(Some(key), message)));
    }
    if let Some(text) = pod.annotations.get(ENDPOINTS)
        && let Err(problem) = sockets(text)
    {
        let message = format!("annotation {ENDPOINTS}: {problem}");
        found.push(unreadable(Some(ENDPOINTS), message));
    }
    let simulated = |key: &str, why: &str| {
        let message = format!("{} is simulated: {why}", maker.key());
        let diagnostic = Diagnostic::new(Code::PodRunsSimulated, message);
        maker.diagnose(diagnostic, path.field(key))
    };
    if pod.role == Role::Gateway {
        for key in [COMMAND, ENDPOINTS] {
            if pod.annotations.contains_key(key) {
                found.push(simulated(key, "it is a gateway, which has no workload"));
            }
        }
        return found;
    }
    found.extend(refused.map(|refused| simulated(COMMAND, refused.as_str())));
    if *runs == Runs::Echo
        && pod
            .annotations
            .get(ENDPOINTS)
            .is_some_and(|it| sockets(it).is_ok())
    {
        found.push(simulated(ENDPOINTS, "scenarios have no outside world"));
    }
    if matches!(runs, Runs::Process(_)) {
        found.extend(left_out(maker, pod));
    }
    found.extend(misplaced(maker));
    found
}

/// An annotation of ours that does not exist.
fn unknown(key: &str) -> Option<String> {
    let name = key.strip_prefix(PREFIX)?;
    if KNOWN.contains(&name) {
        return None;
    }
    let near = nearest(name, KNOWN);
    let hint = near.map_or_else(String::new, |near| {
        format!("; did you mean {PREFIX}{near}?")
    });
    Some(format!("there is no annotation {key}{hint}"))
}

/// Variables that a process would have in a cluster and does not have here.
fn left_out(maker: &Object, pod: &PlannedPod) -> Option<Diagnostic> {
    let names = unset(pod);
    if names.is_empty() {
        return None;
    }
    let message = format!(
        "the process of {} starts without {}: valueFrom is read for fields of the pod only",
        maker.key(),
        names.join(", ")
    );
    let mut path = FieldPath::root();
    if pod.made_by.kind != Kind::Pod {
        path = path.field("spec").field("template");
    }
    let path = path.field("spec").field("containers");
    Some(maker.diagnose(Diagnostic::new(Code::NotActedOn, message), path))
}

/// Annotations that steer pods, on the object that makes them instead of on its template.
fn misplaced(maker: &Object) -> Option<Diagnostic> {
    if maker.kind() == Kind::Pod {
        return None;
    }
    let ours = maker.meta.annotations.keys().find(|key| {
        let name = key.strip_prefix(PREFIX);
        key.as_str() != INVENTED && name.is_some_and(|name| KNOWN.contains(&name))
    })?;
    let message = format!("annotation {ours} has no effect here: it belongs on the pods");
    let diagnostic = Diagnostic::new(Code::PodAnnotation, message)
        .with_help("move it to spec.template.metadata.annotations");
    let path = FieldPath::root().field("metadata").field("annotations");
    Some(maker.diagnose(diagnostic, path.field(ours)))
}
