//! What several kinds have in common: destinations and their weights, names of gateways, the
//! namespaces that see an object.

use crate::core::meta::ObjectMeta;
use crate::diagnostic::Code;
use crate::networking::destination::Destination;
use crate::validate::check::Check;
use crate::validate::text;

/// Names of gateways: `namespace/name`, `name`, or `mesh`.
pub(super) fn gateway_names(c: &mut Check<'_>, names: &[String]) {
    c.each("gateways", names, |c, name| {
        if let Some((namespace, name)) = name.split_once('/') {
            c.expect(Code::InvalidText, text::dns_label("namespace", namespace));
            c.expect(
                Code::InvalidText,
                text::dns_label("name of a Gateway", name),
            );
            return;
        }
        let mut parts = name.split('.');
        if let (Some(first), Some(second)) = (parts.next(), parts.next()) {
            let message = format!("`{name}` is the old form of a gateway's name");
            c.report(
                Code::Suspicious,
                message,
                &format!("write `{second}/{first}`"),
            );
        }
        c.expect(Code::InvalidText, text::fqdn(name));
    });
}

/// Several weights must not sum to zero.
pub(super) fn weights(c: &mut Check<'_>, weights: impl Iterator<Item = Option<i32>>) {
    let weights: Vec<i64> = weights
        .map(|weight| weight.unwrap_or_default().into())
        .collect();
    let sum: i64 = weights.iter().sum();
    if weights.len() > 1 && sum == 0 {
        let message = format!("the weights of {} destinations sum to 0", weights.len());
        c.report_at(
            "route",
            Code::ZeroWeights,
            message,
            "give the destinations weights",
        );
    }
    if sum > i64::from(u32::MAX) {
        let message = format!("the weights sum to {sum}, more than 4294967295");
        c.report_at("route", Code::OutOfRange, message, "");
    }
}

pub(super) fn destination(c: &mut Check<'_>, name: &str, to: &Destination) {
    c.field(name, |c| {
        c.field("host", |c| {
            if to.host == "*" {
                c.report(Code::InvalidHost, "`*` is no destination", "name one host");
            } else {
                c.expect(Code::InvalidHost, text::wildcard_domain(&to.host));
            }
        });
        c.some(
            "subset",
            to.subset.as_ref().filter(|name| !name.is_empty()),
            |c, subset| {
                c.expect(
                    Code::InvalidText,
                    text::dns_label("name of a subset", subset),
                );
            },
        );
        if to.port.as_ref().is_some_and(|port| port.number.is_none()) {
            c.report_at(
                "port",
                Code::MissingField,
                "`number` of `port` is missing",
                "add `number`",
            );
        }
    });
}

/// What an `exportTo` belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportOf {
    ServiceEntry,
    /// A DestinationRule with a workload selector, which its own namespace alone may see.
    Selector,
    Other,
}

/// The namespaces that see an object.
pub(super) fn export_to(c: &mut Check<'_>, meta: &ObjectMeta, list: &[String], of: ExportOf) {
    let own = |entry: &String| {
        if entry == "." {
            meta.namespace.clone()
        } else {
            entry.clone()
        }
    };
    c.each("exportTo", list, |c, entry| match entry.as_str() {
        "*" | "." => {}
        "~" if of == ExportOf::ServiceEntry => {}
        _ => c.expect(Code::InvalidText, text::dns_label("namespace", entry)),
    });
    c.unique("exportTo", "the namespace", list.iter().map(own));
    for alone in ["*", "~"] {
        if list.len() > 1 && list.iter().any(|entry| entry == alone) {
            let message = format!("`{alone}` beside other namespaces");
            c.report_at(
                "exportTo",
                Code::Contradiction,
                message,
                "keep only one of them",
            );
        }
    }
    let beyond = list.iter().any(|entry| own(entry) != meta.namespace);
    if of == ExportOf::Selector && beyond {
        let message = "a rule with a workload selector is seen in its own namespace only";
        c.report_at(
            "exportTo",
            Code::Contradiction,
            message,
            "write `exportTo: [\".\"]`",
        );
    }
}
