//! The domains of a service's virtual host: all the forms in which a client may write the host.

use crate::host;
use crate::service::{NO_ADDRESS, Registry, Resolution, Service};

/// Domains, and which of them are short forms of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Domains {
    pub(super) all: Vec<String>,
    pub(super) short: Vec<String>,
}

/// Who asks, and whether ports belong to the domains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    /// The namespace of the client's proxy.
    pub(super) namespace: &'a str,
    /// What hosts of Kubernetes Services end with.
    pub(super) domain_suffix: &'a str,
    /// The port that is written behind domains as well; none where ports are not compared.
    pub(super) port: Option<u16>,
}

impl Asker<'_> {
    fn push(self, domains: &mut Vec<String>, domain: &str) {
        let domain = host::bracketed(domain);
        let with_port = self.port.map(|port| format!("{domain}:{port}"));
        domains.push(domain);
        domains.extend(with_port);
    }
}

/// The domains of a host that no service has: never with a port.
pub(super) fn of_host(host: &str) -> Domains {
    Domains {
        all: vec![host::bracketed(host)],
        short: Vec::new(),
    }
}

/// The domains of a service: its host and those of its aliases, each in all its forms, then its
/// addresses. Pods of a headless Service have names below its own.
pub(super) fn of_service(service: &Service, asker: Asker<'_>) -> Domains {
    let mut domains = Domains::default();
    for name in std::iter::once(&service.host).chain(&service.aliases) {
        let mut short = Vec::new();
        for form in host::short_forms(name, asker.namespace, asker.domain_suffix) {
            asker.push(&mut short, &form);
        }
        asker.push(&mut domains.all, name);
        domains.all.extend(short.iter().cloned());
        domains.short.extend(short);
    }
    let headless = service.resolution == Resolution::Passthrough;
    if headless && service.registry == Registry::Kubernetes {
        let below: Vec<String> = domains
            .all
            .iter()
            .map(|domain| format!("*.{domain}"))
            .collect();
        domains.all.extend(below);
    }
    for address in service
        .addresses
        .iter()
        .filter(|address| *address != NO_ADDRESS)
    {
        asker.push(&mut domains.all, address);
    }
    domains
}
