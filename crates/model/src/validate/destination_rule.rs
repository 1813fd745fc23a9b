//! Checks of a DestinationRule.

use std::collections::BTreeMap;

use crate::core::meta::ObjectMeta;
use crate::diagnostic::Code;
use crate::networking::destination_rule::DestinationRule;
use crate::validate::check::Check;
use crate::validate::parts::{ExportOf, export_to};
use crate::validate::{text, traffic_policy};

pub(super) fn validate(c: &mut Check<'_>, meta: &ObjectMeta, spec: &DestinationRule) {
    match spec.host.as_deref() {
        Some(host) => c.field("host", |c| {
            c.expect(Code::InvalidHost, text::wildcard_domain(host));
        }),
        None => c.report(
            Code::MissingField,
            "`host` of DestinationRule is missing",
            "add `host`",
        ),
    }
    c.some(
        "trafficPolicy",
        spec.traffic_policy.as_ref(),
        |c, policy| {
            traffic_policy::validate(c, meta, policy);
        },
    );
    c.each("subsets", &spec.subsets, |c, subset| {
        c.field("name", |c| {
            c.expect(
                Code::InvalidText,
                text::dns_label("name of a subset", &subset.name),
            );
        });
        c.entries("labels", &subset.labels, |c, key, value| {
            c.expect(Code::InvalidText, text::label(key, value));
        });
        c.some(
            "trafficPolicy",
            subset.traffic_policy.as_ref(),
            |c, policy| {
                traffic_policy::validate(c, meta, policy);
            },
        );
    });
    c.unique(
        "subsets",
        "the subset",
        spec.subsets.iter().map(|subset| subset.name.clone()),
    );
    let of = match spec.workload_selector {
        Some(_) => ExportOf::Selector,
        None => ExportOf::Other,
    };
    export_to(c, meta, &spec.export_to, of);
    c.some(
        "workloadSelector",
        spec.workload_selector.as_ref(),
        |c, selector| {
            self::selector(c, "matchLabels", &selector.match_labels);
        },
    );
}

/// The labels of a workload selector.
pub(super) fn selector(c: &mut Check<'_>, name: &str, labels: &BTreeMap<String, String>) {
    if labels.is_empty() {
        let message = "the selector has no labels, so it selects every workload of the namespace";
        c.report(
            Code::Suspicious,
            message,
            "add labels, or remove the selector",
        );
    }
    c.entries(name, labels, |c, key, value| {
        if key.is_empty() {
            c.report(Code::InvalidText, "the key of a label is empty", "");
        }
        if key.contains('*') || value.contains('*') {
            c.report(Code::InvalidText, "a selector has no wildcards", "");
        }
    });
}
