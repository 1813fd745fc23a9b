//! Virtual hosts of a sidecar: who gets which domain.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealane_model::diagnostic::Code;
use sealane_model::kind::ObjectKey;
use sealane_xds::route::{Route, VirtualHost};

use crate::finding;
use crate::names;
use crate::notes::Notes;
use crate::origin;
use crate::route::domains::{self, Asker, Domains};
use crate::service::Service;

/// Routes and the hosts that they are for: of one VirtualService, or of one service without.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) port: u16,
    /// Hosts of the VirtualService that are no services.
    pub(super) hosts: Vec<String>,
    pub(super) services: Vec<Arc<Service>>,
    pub(super) routes: Vec<Route>,
    /// The VirtualService; none for a service's default.
    pub(super) rules: Option<ObjectKey>,
}

/// A virtual host, and the port of its group.
pub(super) struct Built {
    pub(super) port: u16,
    pub(super) host: VirtualHost,
}

/// The virtual hosts of all groups. A domain belongs to the first that has it; one that is left
/// with none is dropped.
pub(super) fn build(groups: &[Group], asker: Asker<'_>, notes: &mut Notes) -> Vec<Built> {
    let known = known_hosts(groups);
    let mut taken = Taken::default();
    let mut built = Vec::new();
    for group in groups.iter().filter(|group| !group.routes.is_empty()) {
        let asker = Asker {
            port: asker.port.map(|_| group.port),
            ..asker
        };
        let hosts = group.hosts.iter().map(|host| {
            let host = host.to_ascii_lowercase();
            let domains = domains::of_host(&host);
            (host, domains)
        });
        let services = group
            .services
            .iter()
            .map(|service| (service.host.clone(), domains::of_service(service, asker)));
        for (host, domains) in hosts.chain(services) {
            let wanted = domains.all.clone();
            let name = names::virtual_host(&host, group.port);
            let Some(domains) = taken.take(&name, domains, &known) else {
                lost(groups, group, &host, notes);
                continue;
            };
            if !wanted.is_empty() && domains.first() != wanted.first() {
                lost(groups, group, &host, notes);
            }
            built.push(Built {
                port: group.port,
                host: VirtualHost {
                    name,
                    domains,
                    routes: group.routes.clone(),
                    include_request_attempt_count: true,
                    ..VirtualHost::default()
                },
            });
        }
    }
    built
}

fn known_hosts(groups: &[Group]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for group in groups {
        for service in &group.services {
            known.insert(service.host.clone());
            known.insert(names::virtual_host(&service.host, group.port));
        }
    }
    known
}

/// Notes that the rules of a group do not act on a host, and which ones do.
fn lost(groups: &[Group], group: &Group, host: &str, notes: &mut Notes) {
    let Some(rules) = &group.rules else { return };
    if !notes.lost_domain(origin::object_id(rules), host) {
        return;
    }
    let mut others = groups.iter().filter(|other| other.port == group.port);
    let older = others.find_map(|other| {
        let owner = other.rules.as_ref().filter(|owner| *owner != rules)?;
        let services = other.services.iter().map(|service| &service.host);
        let mut hosts = other.hosts.iter().chain(services);
        hosts
            .any(|own| own.eq_ignore_ascii_case(host))
            .then_some(owner)
    });
    let older = older.map_or_else(|| "another VirtualService".to_owned(), ToString::to_string);
    let text = format!("{older} is older and has `{host}` already: these rules do not act on it");
    notes.finding(finding::about(Code::DuplicateHost, rules, text));
}

#[derive(Default)]
struct Taken {
    names: BTreeSet<String>,
    domains: BTreeSet<String>,
}

impl Taken {
    /// The domains that are still free; `None` when there is none, or the virtual host is there
    /// already. A short form that is the whole name of another service stays that service's.
    fn take(
        &mut self,
        name: &str,
        domains: Domains,
        known: &BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if !self.names.insert(name.to_owned()) {
            return None;
        }
        let mut free = Vec::new();
        for domain in domains.all {
            let lower = domain.to_ascii_lowercase();
            let anothers = domains.short.contains(&domain) && known.contains(&domain);
            if !anothers && !self.domains.contains(&lower) {
                self.domains.insert(lower);
                free.push(domain);
            }
        }
        (!free.is_empty()).then_some(free)
    }
}
