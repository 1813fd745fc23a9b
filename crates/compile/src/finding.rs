//! What compiling finds wrong or surprising: always a warning, never a refusal.

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::kind::ObjectKey;
use sealane_model::path::FieldPath;

use crate::origin::Origin;

/// A diagnostic about the meaning of declared objects.
pub(crate) type Finding = Diagnostic;

/// A finding at a field.
pub(crate) fn at(code: Code, origin: &Origin, message: String) -> Finding {
    Diagnostic::new(code, message)
        .for_object(origin.object.clone())
        .at(origin.path.clone())
}

/// A finding about an object as a whole.
pub(crate) fn about(code: Code, object: &ObjectKey, message: String) -> Finding {
    Diagnostic::new(code, message).for_object(object.clone())
}

/// A rule that stands behind one that takes every request.
pub(crate) fn unreachable(rule: &Origin, catch_all: &FieldPath) -> Finding {
    at(
        Code::UnreachableRule,
        rule,
        format!("no request reaches this rule: `{catch_all}` before it takes all that are left"),
    )
}

/// A rule whose faults are injected before its retries and its timeout begin.
pub(crate) fn fault_comes_first(rule: &Origin) -> Finding {
    let mut finding = at(
        Code::SilentlyDropped,
        rule,
        "faults are injected before this rule's retries and timeout begin: these do not act on \
         what is injected"
            .to_owned(),
    );
    finding.path = rule.path.field("fault");
    finding
}

/// A rule that hands over to a VirtualService that is not there or not visible.
pub(crate) fn no_delegate(rule: &Origin, namespace: &str, name: &str) -> Finding {
    let mut finding = at(
        Code::UnknownDelegate,
        rule,
        format!("there is no delegate VirtualService `{namespace}/{name}`: the rule is left out"),
    );
    finding.path = rule.path.field("delegate");
    finding
}

/// A delegate's rule whose conditions contradict those of the rule that hands over.
pub(crate) fn delegate_conflict(leaf: &Origin, root: &Origin) -> Finding {
    at(
        Code::DelegateConflict,
        leaf,
        format!(
            "no request can meet this rule and `{}` of {}: it is left out",
            root.path, root.object
        ),
    )
}
