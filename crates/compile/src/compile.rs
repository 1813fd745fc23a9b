//! All resources of one proxy.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_xds::Resources;
use sealane_xds::listener::Listener;
use sealane_xds::references;

use crate::cluster::inbound::InboundClusters;
use crate::cluster::{self, ServiceClusters};
use crate::finding;
use crate::gateway::MergedGateways;
use crate::identity::{ProxyIdentity, ProxyKind};
use crate::listener::gateway::GatewayListeners;
use crate::listener::inbound::InboundListeners;
use crate::listener::outbound::OutboundListeners;
use crate::notes::{Notes, Reference};
use crate::origin::{Origin, Origins};
use crate::route::gateway::GatewayRoutes;
use crate::route::sidecar::SidecarRoutes;
use crate::secret::Secrets;
use crate::service::Service;
use crate::shared::{Common, Made, Shared};
use crate::snapshot::Snapshot;
use crate::snapshot::workloads;
use crate::targets::{self, ServiceTarget};
use crate::visibility::Scope;

/// What compiling gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// All resources of the proxy.
    pub resources: Arc<Resources>,
    /// What is wrong or surprising for this proxy, and what is wrong for all of them.
    pub diagnostics: Vec<Diagnostic>,
    /// What the origin IDs in the resources stand for.
    pub origins: Origins,
}

/// The resources of `proxy`. It never fails: what cannot be made is left out, with a diagnostic.
pub fn compile(snapshot: &Snapshot, proxy: &ProxyIdentity) -> Compiled {
    compile_with(&Shared::default(), snapshot, proxy)
}

/// The same, with what other proxies of the snapshot have made already.
pub fn compile_with(shared: &Shared, snapshot: &Snapshot, proxy: &ProxyIdentity) -> Compiled {
    let proxy = &ProxyIdentity {
        labels: workloads::augmented(&proxy.labels, &proxy.locality, &proxy.node, &snapshot.mesh),
        ..proxy.clone()
    };
    let targets = &targets::of_proxy(snapshot, proxy);
    let clusters = |scope: &Scope| Input::new(snapshot, proxy, scope, targets).clusters(false);
    let common = shared.common(snapshot, proxy, clusters);
    let input = Input::new(snapshot, proxy, &common.scope, targets);
    input.finish(match proxy.kind {
        ProxyKind::Sidecar => input.sidecar(shared, &common),
        ProxyKind::Router => input.router(&common),
    })
}

/// What all steps take.
#[derive(Clone, Copy)]
struct Input<'a> {
    snapshot: &'a Snapshot,
    proxy: &'a ProxyIdentity,
    scope: &'a Scope,
    targets: &'a [ServiceTarget],
}

impl<'a> Input<'a> {
    const fn new(
        snapshot: &'a Snapshot,
        proxy: &'a ProxyIdentity,
        scope: &'a Scope,
        targets: &'a [ServiceTarget],
    ) -> Self {
        Self {
            snapshot,
            proxy,
            scope,
            targets,
        }
    }

    fn sidecar(self, shared: &Shared, common: &Common) -> (Resources, Notes) {
        let (mut resources, mut notes) = (Resources::default(), Notes::default());
        let mesh = &self.snapshot.mesh;
        common.clusters.add_to(&mut resources, &mut notes);
        let outbound = OutboundListeners {
            proxy: self.proxy,
            mesh,
            scope: self.scope,
        };
        let listeners = outbound.build(&mut notes);
        let routes = shared.routes(common, route_names(&listeners), |names| self.routes(names));
        routes.add_to(&mut resources, &mut notes);
        let listeners = listeners.into_iter();
        resources.extend(listeners.map(|listener| shared.listener(listener).into()));
        if self.proxy.inbound {
            let (scope, targets) = (self.scope, self.targets);
            let inbound = InboundListeners {
                mesh,
                scope,
                targets,
            };
            resources.extend(inbound.build().into_iter().map(Into::into));
            let inbound = InboundClusters {
                proxy: self.proxy,
                mesh,
                scope,
                targets,
            };
            resources.extend(inbound.build().into_iter().map(Into::into));
        }
        (resources, notes)
    }

    /// The route configurations of a sidecar that have these names.
    fn routes(self, names: &BTreeSet<String>) -> Made {
        let routes = SidecarRoutes {
            proxy: self.proxy,
            mesh: &self.snapshot.mesh,
            scope: self.scope,
        };
        let mut notes = Notes::default();
        let made = names
            .iter()
            .map(|name| routes.configuration(name, &mut notes).into());
        Made {
            resources: made.collect(),
            notes,
        }
    }

    fn router(self, common: &Common) -> (Resources, Notes) {
        let (mut resources, mut notes) = (Resources::default(), Notes::default());
        let merged = MergedGateways::new(self.snapshot, self.proxy, self.targets, &mut notes);
        common.clusters.add_to(&mut resources, &mut notes);
        if merged.passes_mesh_tls() {
            self.clusters(true).add_to(&mut resources, &mut notes);
        }
        let (snapshot, proxy, scope) = (self.snapshot, self.proxy, self.scope);
        let listeners = GatewayListeners {
            snapshot,
            proxy,
            scope,
            merged: &merged,
        }
        .build(&mut notes);
        let routes = GatewayRoutes {
            snapshot,
            proxy,
            scope,
            merged: &merged,
        };
        for name in route_names(&listeners) {
            resources.insert(routes.configuration(&name, &mut notes));
        }
        let secrets = Secrets {
            snapshot,
            proxy,
            merged: &merged,
        };
        let made = secrets.build(&listeners, &mut notes);
        resources.extend(made.into_iter().map(Into::into));
        resources.extend(listeners.into_iter().map(Into::into));
        (resources, notes)
    }

    /// The clusters of all visible services, those by SNI only of services inside the mesh.
    fn clusters(self, by_sni: bool) -> Made {
        let mut made = Made::default();
        let inside = |external: bool| !(by_sni && external);
        for service in self
            .scope
            .services
            .iter()
            .filter(|s| inside(s.mesh_external))
        {
            let rule = self.scope.destination_rule(self.proxy, &service.host);
            let input = ServiceClusters {
                proxy: self.proxy,
                mesh: &self.snapshot.mesh,
                service,
                rule: rule.map(AsRef::as_ref),
                by_sni,
            };
            let (clusters, assignments) = input.build(&mut made.notes);
            made.resources.extend(clusters.into_iter().map(Into::into));
            made.resources
                .extend(assignments.into_iter().map(Into::into));
        }
        made
    }

    /// Everything together.
    fn finish(self, (mut resources, mut notes): (Resources, Notes)) -> Compiled {
        let built_in = cluster::built_in(self.proxy.kind, &self.snapshot.mesh);
        resources.extend(built_in.into_iter().map(Into::into));
        let references = std::mem::take(&mut notes.references);
        for reference in &references {
            if let Some(finding) = self.dangling(reference, &resources) {
                notes.finding(finding);
            }
        }
        let known = self.snapshot.diagnostics().iter().cloned();
        Compiled {
            resources: Arc::new(resources),
            diagnostics: known.chain(notes.findings).collect(),
            origins: notes.origins,
        }
    }

    /// What is wrong with a destination whose cluster does not exist.
    fn dangling(self, reference: &Reference, resources: &Resources) -> Option<Diagnostic> {
        if resources.clusters.contains_key(&reference.cluster) {
            return None;
        }
        let destination = &reference.destination;
        let host = &destination.host;
        let origin = &reference.origin;
        let Some(service) = self.scope.service(host) else {
            let text = format!("no service `{host}` is known here: requests get a 503");
            let mut finding = finding::at(Code::UnknownHost, origin, text);
            finding.path = origin.path.field("host");
            return Some(finding);
        };
        let parsed = sealane_xds::names::ClusterName::parse(&reference.cluster)?;
        if service.port(parsed.port).is_none() {
            // As Istio's, a sidecar's routes of port 80 take in the hosts of services that have no
            // port 80. Nobody who knows the service calls them there.
            if destination.port_number().is_none() && self.proxy.kind == ProxyKind::Sidecar {
                return None;
            }
            let ports: Vec<String> = service.ports.iter().map(|p| p.number.to_string()).collect();
            let text = format!(
                "`{host}` has no port {}: requests get a 503 (its ports: {})",
                parsed.port,
                ports.join(", ")
            );
            let mut finding = finding::at(Code::UnknownPort, origin, text);
            finding.path = origin.path.field("port");
            return Some(finding);
        }
        let subset = destination
            .subset
            .as_deref()
            .filter(|subset| !subset.is_empty())?;
        Some(self.undefined(subset, service, origin))
    }

    /// A subset that no DestinationRule defines, at least none that this proxy finds.
    fn undefined(self, subset: &str, service: &Service, origin: &Origin) -> Diagnostic {
        let (host, caller) = (&service.host, &self.proxy.namespace);
        let defining = self.snapshot.destination_rules.defining(host, subset);
        let text = match defining {
            None => format!(
                "no DestinationRule for `{host}` defines subset `{subset}`: requests get a 503"
            ),
            Some(rule) => format!(
                "callers in namespace `{caller}` do not find {rule}, which defines subset \
                 `{subset}` of `{host}`: they get a 503"
            ),
        };
        let mut finding = finding::at(Code::UnknownSubset, origin, text);
        finding.path = origin.path.field("subset");
        match defining.filter(|rule| rule.namespace != service.namespace) {
            Some(rule) => finding.with_help(format!(
                "move {rule} to namespace `{}`, where the service is: all callers look there",
                service.namespace
            )),
            None => finding,
        }
    }
}

/// The names of the route configurations that listeners ask for.
fn route_names(listeners: &[Listener]) -> BTreeSet<String> {
    listeners.iter().flat_map(references::route_names).collect()
}
