//! Which proxy is meant.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use sealane_compile::{ProxyIdentity, ProxyKind, compile};
use sealane_proxy::proxy::{Proxy, Received};
use sealane_world::world::World;

use super::Problem;
use crate::mesh::Mesh;

/// Names that a complaint lists, at most.
const LISTED: usize = 20;

/// A proxy of the mesh.
pub(super) struct Selected {
    /// `NAMESPACE/POD`.
    pub(super) id: String,
    /// Who it is.
    pub(super) identity: ProxyIdentity,
    /// The proxy; `None` before anybody needed it.
    pub(super) proxy: Option<Arc<Proxy>>,
}

/// The proxy that `name` means: `NAME.NAMESPACE`, `NAMESPACE/NAME` or `NAME`, of a pod or of a
/// workload. Without a name, the ingress gateway.
pub(super) fn select(mesh: &Mesh, name: Option<&str>) -> Result<Selected, Problem> {
    let current = mesh.control().current();
    let identities = &current.identities;
    let id = match name {
        Some(name) => named(identities, &mesh.world(), name),
        None => gateway(identities),
    };
    let roster = mesh.seats().staff().roster();
    let found = id.and_then(|id| {
        Some(Selected {
            identity: identities.get(&id)?.clone(),
            proxy: roster.find(&id),
            id,
        })
    });
    found.ok_or_else(|| unknown(identities, name))
}

fn gateway(identities: &BTreeMap<String, ProxyIdentity>) -> Option<String> {
    let gateways = identities
        .iter()
        .filter(|(_, it)| it.kind == ProxyKind::Router);
    let ingress = |it: &ProxyIdentity| {
        it.labels
            .get("istio")
            .is_some_and(|it| it == "ingressgateway")
    };
    let best = gateways.min_by_key(|(id, identity)| (!ingress(identity), id.as_str()));
    best.map(|(id, _)| id.clone())
}

fn named(
    identities: &BTreeMap<String, ProxyIdentity>,
    world: &World,
    name: &str,
) -> Option<String> {
    let (namespace, name) = match name.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => match name.rsplit_once('.') {
            Some((name, namespace)) => (Some(namespace), name),
            None => (None, name),
        },
    };
    let fits = |of: &str| namespace.is_none_or(|wanted| wanted == of);
    let mut pods = identities.iter();
    let pod = pods.find(|(_, it)| it.name == name && fits(&it.namespace));
    if let Some((id, _)) = pod {
        return Some(id.clone());
    }
    let mut pods = world.pods.iter();
    let pod = pods.find(|pod| pod.workload() == name && fits(pod.namespace()))?;
    Some(format!("{}/{}", pod.namespace(), pod.name()))
}

fn unknown(identities: &BTreeMap<String, ProxyIdentity>, name: Option<&str>) -> Problem {
    let mut text = match name {
        Some(name) => format!("there is no proxy {name}\n  want ?proxy=NAME.NAMESPACE, one of:"),
        None => "there is no gateway\n  choose with ?proxy=NAME.NAMESPACE, one of:".to_owned(),
    };
    let known = identities.values().take(LISTED);
    text.extend(known.map(|it| format!("\n    {}.{}", it.name, it.namespace)));
    let more = identities.len().saturating_sub(LISTED);
    text.extend((more > 0).then(|| format!("\n    and {more} more")));
    Problem::new(StatusCode::NOT_FOUND, text)
}

impl Selected {
    /// The proxy, which must run.
    pub(super) fn running(&self) -> Result<&Arc<Proxy>, Problem> {
        self.proxy.as_ref().ok_or_else(|| {
            let text = format!(
                "proxy {} does not run yet\n  it starts with the first connection from or to its \
                 workload",
                self.id
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, text)
        })
    }

    /// What it serves by; of a proxy that does not run yet, what it will be given.
    pub(super) fn received(&self, mesh: &Mesh) -> Arc<Received> {
        let received = self.proxy.as_ref().and_then(|proxy| proxy.received());
        received.unwrap_or_else(|| {
            let current = mesh.control().current();
            let compiled = compile(&current.snapshot, &self.identity);
            Arc::new(Received {
                resources: compiled.resources,
                generation: current.generation,
                at: mesh.control().now(),
            })
        })
    }
}
