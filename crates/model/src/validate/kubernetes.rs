//! The checks of the API server that matter for routing.

use crate::core::service::Service;
use crate::core::workload::WorkloadSpec;
use crate::diagnostic::Code;
use crate::validate::check::Check;
use crate::validate::text;

pub(super) fn service(c: &mut Check<'_>, service: &Service) {
    let spec = &service.spec;
    c.field("spec", |c| {
        if spec.ports.is_empty() && !spec.is_headless() && !spec.is_external_name() {
            c.report(Code::MissingField, "the Service has no port", "add `ports`");
        }
        if spec.is_external_name() && spec.external_name.as_ref().is_none_or(String::is_empty) {
            c.report(
                Code::MissingField,
                "`externalName` is missing",
                "add `externalName`",
            );
        }
        let several = spec.ports.len() > 1;
        c.each("ports", &spec.ports, |c, port| {
            match port.name.as_deref().filter(|name| !name.is_empty()) {
                Some(name) => c.field("name", |c| {
                    c.expect(Code::InvalidText, text::dns_label("name of a port", name));
                }),
                None if several => {
                    let message = "of several ports each needs a name";
                    c.report(Code::MissingField, message, "add `name`");
                }
                None => {}
            }
            if port.port == 0 && several {
                c.report_at(
                    "port",
                    Code::MissingField,
                    "`port` is missing",
                    "add `port`",
                );
            }
        });
        let names = spec.ports.iter().filter(|port| port.name.is_some());
        if several && names.count() == spec.ports.len() {
            let names = spec
                .ports
                .iter()
                .map(|port| port.name.clone().unwrap_or_default());
            c.unique("ports", "the port name", names);
        }
        let numbers = spec.ports.iter().map(|port| {
            format!(
                "{}/{}",
                port.port,
                port.protocol.as_deref().unwrap_or("TCP")
            )
        });
        c.unique("ports", "the port", numbers);
        c.entries("selector", &spec.selector, |c, key, value| {
            c.expect(Code::InvalidText, text::label(key, value));
        });
    });
}

pub(super) fn workload(c: &mut Check<'_>, spec: &WorkloadSpec) {
    let labels = &spec.template.metadata.labels;
    c.field("spec", |c| {
        c.field("template", |c| {
            c.field("metadata", |c| {
                c.entries("labels", labels, |c, key, value| {
                    c.expect(Code::InvalidText, text::label(key, value));
                });
            });
        });
        c.some("selector", spec.selector.as_ref(), |c, selector| {
            c.entries("matchLabels", &selector.match_labels, |c, key, value| {
                if labels.get(key) != Some(value) {
                    let message = format!("the pods do not have the label `{key}: {value}`");
                    let help = "add it to `template.metadata.labels`, or correct the selector";
                    c.report(Code::Contradiction, message, help);
                }
            });
        });
    });
}
