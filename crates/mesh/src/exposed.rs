//! The addresses at which gateways are reached from outside, as a cluster's load balancer writes
//! them into Services: scripts read `.status.loadBalancer.ingress[0].ip`.

use std::net::{IpAddr, Ipv4Addr};

use sealane_compile::{ProxyIdentity, ProxyKind};
use sealane_control::declared::Stored;
use sealane_control::surroundings::{Derived, Surroundings};
use sealane_model::resource::{Body, Object};
use sealane_seam::BoxFuture;
use serde_json::{Value, json};

/// Surroundings whose gateways listen on one address.
pub(crate) struct Exposed<S> {
    within: S,
    address: IpAddr,
}

impl<S> Exposed<S> {
    /// Says in the Services of gateways that they are reached at `bind`.
    pub(crate) fn new(within: S, bind: IpAddr) -> Self {
        let address = if bind.is_unspecified() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            bind
        };
        Self { within, address }
    }
}

impl<S: Surroundings> Surroundings for Exposed<S> {
    fn derive(&mut self, declared: &[&Stored]) -> Derived {
        let derived = self.within.derive(declared);
        exposed(derived, self.address)
    }

    fn before_push(&mut self) -> BoxFuture<'_, Result<Option<Derived>, String>> {
        Box::pin(async {
            let otherwise = self.within.before_push().await?;
            Ok(otherwise.map(|derived| exposed(derived, self.address)))
        })
    }

    fn after_push(&mut self) -> BoxFuture<'_, ()> {
        self.within.after_push()
    }

    fn undo(&mut self) -> BoxFuture<'_, ()> {
        self.within.undo()
    }
}

/// The objects, with the Services of gateways at this address.
fn exposed(mut derived: Derived, address: IpAddr) -> Derived {
    for object in &mut derived.objects {
        if leads_to_gateway(object, &derived.proxies) {
            expose(&mut object.raw, address);
        }
    }
    derived
}

/// Whether it is a Service of type `LoadBalancer` in front of a gateway.
fn leads_to_gateway(object: &Object, proxies: &[ProxyIdentity]) -> bool {
    let Body::Service(service) = &object.body else {
        return false;
    };
    let selector = &service.spec.selector;
    let selects = |proxy: &&ProxyIdentity| {
        let mut wanted = selector.iter();
        proxy.namespace == object.meta.namespace
            && wanted.all(|(key, value)| proxy.labels.get(key) == Some(value))
    };
    let mut gateways = proxies.iter().filter(|it| it.kind == ProxyKind::Router);
    service.spec.service_type.as_deref() == Some("LoadBalancer")
        && !selector.is_empty()
        && gateways.any(|gateway| selects(&gateway))
}

fn expose(raw: &mut Value, address: IpAddr) {
    if let Some(fields) = raw.as_object_mut() {
        let status = json!({ "loadBalancer": { "ingress": [{ "ip": address.to_string() }] } });
        fields.insert("status".to_owned(), status);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use sealane_control::declared::Writer;
    use sealane_control::surroundings::NoSurroundings;
    use sealane_model::parse::{Options, SourceFile, parse_text};

    use super::*;

    fn stored(object: Object) -> Stored {
        Stored {
            object: Arc::new(object),
            created: SystemTime::UNIX_EPOCH,
            generation: 1,
            writer: Writer::Api,
            of_file: None,
        }
    }

    #[test]
    fn only_services_of_gateways_are_reached_from_outside() {
        let service = |name: &str, kind: &str, app: &str| {
            format!(
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
                 spec: {{type: {kind}, selector: {{app: {app}}}, ports: [{{port: 80}}]}}\n"
            )
        };
        let text = service("edge", "LoadBalancer", "edge")
            + &service("inner", "ClusterIP", "edge")
            + &service("other", "LoadBalancer", "web");
        let parsed = parse_text(&SourceFile::new("a.yaml", text), &Options::default());
        let mut gateway = ProxyIdentity::new(ProxyKind::Router, "default", "edge");
        gateway.labels.insert("app".to_owned(), "edge".to_owned());
        let within = NoSurroundings {
            proxies: vec![gateway],
        };
        let mut exposed = Exposed::new(within, IpAddr::from([0, 0, 0, 0]));
        let stored: Vec<Stored> = parsed.objects.into_iter().map(stored).collect();
        let derived = exposed.derive(&stored.iter().collect::<Vec<_>>());
        let statuses = derived.objects.iter().map(|it| it.raw.get("status"));
        let given = json!({"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}});
        assert_eq!(statuses.collect::<Vec<_>>(), [Some(&given), None, None]);
    }
}
