//! VirtualServices with whole names, and with their delegates merged in.

use std::collections::BTreeMap;

use sealane_model::kind::ObjectKey;
use sealane_model::networking::destination::Destination;
use sealane_model::networking::http_route::HttpRoute;
use sealane_model::networking::virtual_service::VirtualService;
use sealane_model::path::FieldPath;
use sealane_model::schema::Data;
use serde_json::Value;

use crate::declared::Declared;
use crate::finding::{self, Finding};
use crate::host;
use crate::mesh::{MeshSettings, Weights};
use crate::origin::{self, Origin, RuleName, RuleOrigin};
use crate::rule::{HttpRule, MESH, Rules, TcpRule, TlsRule};
use crate::service::ExportTo;
use crate::snapshot::delegates;

const WEIGHTS: &str = "sealane.dev/weights";

/// A VirtualService with whole names, before delegates are merged.
struct Resolved<'a> {
    declared: &'a Declared<VirtualService>,
    rules: Declared<Rules>,
}

/// The rules of all VirtualServices, the oldest first. Delegates are part of those that name them.
pub(super) fn resolve(
    declared: &[Declared<VirtualService>],
    mesh: &MeshSettings,
    findings: &mut Vec<Finding>,
) -> Vec<Declared<Rules>> {
    let mut all: Vec<Resolved<'_>> = declared
        .iter()
        .map(|declared| Resolved {
            declared,
            rules: whole(declared, mesh),
        })
        .collect();
    all.sort_by(|a, b| a.rules.age().cmp(&b.rules.age()));
    let delegates: BTreeMap<(String, String), &Declared<Rules>> = all
        .iter()
        .filter(|resolved| resolved.declared.spec.hosts.is_empty())
        .map(|resolved| {
            let object = &resolved.rules.object;
            (
                (object.namespace.clone(), object.name.clone()),
                &resolved.rules,
            )
        })
        .collect();
    let roots = all
        .iter()
        .filter(|resolved| !resolved.declared.spec.hosts.is_empty());
    let mut merged = Vec::new();
    for root in roots {
        let mut rules = root.rules.clone();
        rules.spec.http = delegates::merge(&root.rules, &delegates, findings);
        warn_of_unreachable(&rules, findings);
        warn_of_faults(&rules, findings);
        merged.push(rules);
    }
    merged
}

/// Rules after one without a match are never reached.
fn warn_of_unreachable(rules: &Declared<Rules>, findings: &mut Vec<Finding>) {
    let mut http = rules.spec.http.iter();
    let Some(last) = http.find(|rule| rule.route.matches.is_empty()) else {
        return;
    };
    for rule in http {
        findings.push(finding::unreachable(
            &rule.origin.rule,
            &last.origin.rule.path,
        ));
    }
}

/// Retries and timeouts begin behind the filter that injects faults.
fn warn_of_faults(rules: &Declared<Rules>, findings: &mut Vec<Finding>) {
    for rule in &rules.spec.http {
        let route = &rule.route;
        if route.fault.is_some() && (route.retries.is_some() || route.timeout.is_some()) {
            findings.push(finding::fault_comes_first(&rule.origin.rule));
        }
    }
}

fn whole(declared: &Declared<VirtualService>, mesh: &MeshSettings) -> Declared<Rules> {
    let spec = &declared.spec;
    let names = Names {
        namespace: &declared.object.namespace,
        mesh,
    };
    let random = declared.annotations.get(WEIGHTS).map(String::as_str) == Some("random");
    let gateways = match spec.gateways.as_slice() {
        [] => vec![MESH.to_owned()],
        gateways => gateways
            .iter()
            .map(|gateway| names.gateway(gateway))
            .collect(),
    };
    let rules = Rules {
        hosts: spec.hosts.iter().map(|host| names.host(host)).collect(),
        gateways,
        export_to: ExportTo::new(
            &spec.export_to,
            &mesh.default_virtual_service_export_to,
            &declared.object.namespace,
        ),
        http: http_rules(declared, names),
        tls: tls_rules(declared, names),
        tcp: tcp_rules(declared, names),
        random_weights: random || mesh.weights == Weights::Random,
    };
    Declared {
        object: declared.object.clone(),
        created: declared.created.clone(),
        labels: declared.labels.clone(),
        annotations: declared.annotations.clone(),
        spec: rules,
    }
}

#[derive(Clone, Copy)]
struct Names<'a> {
    namespace: &'a str,
    mesh: &'a MeshSettings,
}

impl Names<'_> {
    fn host(self, host: &str) -> String {
        host::whole(host, self.namespace, &self.mesh.domain_suffix)
    }

    fn destination(self, destination: &mut Destination) {
        destination.host = self.host(&destination.host);
    }

    /// `NAMESPACE/NAME`. The form `NAME.NAMESPACE.svc.…` is an old one.
    fn gateway(self, gateway: &str) -> String {
        if gateway == MESH || (gateway.contains('/') && !gateway.starts_with("./")) {
            return gateway.to_owned();
        }
        let name = gateway.strip_prefix("./").unwrap_or(gateway);
        let mut parts = name.split('.');
        match (parts.next(), parts.next()) {
            (Some(name), Some(namespace)) if parts.next().is_some() => {
                format!("{namespace}/{name}")
            }
            _ => format!("{}/{name}", self.namespace),
        }
    }

    fn gateways(self, gateways: &mut [String]) {
        for gateway in gateways {
            *gateway = self.gateway(gateway);
        }
    }

    fn http(self, route: &mut HttpRoute) {
        for entry in &mut route.matches {
            self.gateways(&mut entry.gateways);
        }
        for destination in &mut route.route {
            self.destination(&mut destination.destination);
        }
        for mirror in &mut route.mirrors {
            self.destination(&mut mirror.destination);
        }
        if let Some(mirror) = &mut route.mirror {
            self.destination(mirror);
        }
    }
}

/// The origins of the rules of one section. `matches` gives each rule's name and the IDs of its
/// matches.
fn origins(
    object: &ObjectKey,
    section: &str,
    rules: &[(String, Value, Vec<String>)],
) -> Vec<RuleOrigin> {
    let names: Vec<RuleName<'_>> = rules
        .iter()
        .map(|(name, matches, _)| RuleName { name, matches })
        .collect();
    let ids = origin::rule_ids(object, section, &names);
    let mut all = Vec::new();
    for (index, (id, (_, _, match_ids))) in ids.into_iter().zip(rules).enumerate() {
        let path = FieldPath::root().field(section).index(index);
        let at = |path| Origin {
            object: object.clone(),
            path,
        };
        let matches = match_ids.iter().enumerate();
        let matches = matches
            .map(|(place, id)| (id.clone(), at(path.field("match").index(place))))
            .collect();
        all.push(RuleOrigin {
            id,
            rule: at(path),
            matches,
        });
    }
    all
}

fn json<T: Data>(matches: &[T]) -> Value {
    Value::Array(matches.iter().map(Data::encode).collect())
}

fn http_rules(declared: &Declared<VirtualService>, names: Names<'_>) -> Vec<HttpRule> {
    let rules = declared.spec.http.iter().map(|route| {
        let ids = origin::match_ids(&route.matches, |entry| entry.name.as_deref());
        (
            route.name.clone().unwrap_or_default(),
            json(&route.matches),
            ids,
        )
    });
    let rules: Vec<_> = rules.collect();
    let origins = origins(&declared.object, "http", &rules);
    let routes = declared.spec.http.iter().zip(origins);
    routes
        .map(|(route, origin)| {
            let mut route = route.clone();
            names.http(&mut route);
            HttpRule { route, origin }
        })
        .collect()
}

fn tls_rules(declared: &Declared<VirtualService>, names: Names<'_>) -> Vec<TlsRule> {
    let rules = declared.spec.tls.iter().map(|route| {
        (
            String::new(),
            json(&route.matches),
            origin::match_ids(&route.matches, |_| None),
        )
    });
    let rules: Vec<_> = rules.collect();
    let origins = origins(&declared.object, "tls", &rules);
    let routes = declared.spec.tls.iter().zip(origins);
    routes
        .map(|(route, origin)| {
            let mut route = route.clone();
            for entry in &mut route.matches {
                names.gateways(&mut entry.gateways);
            }
            for destination in &mut route.route {
                names.destination(&mut destination.destination);
            }
            TlsRule { route, origin }
        })
        .collect()
}

fn tcp_rules(declared: &Declared<VirtualService>, names: Names<'_>) -> Vec<TcpRule> {
    let rules = declared.spec.tcp.iter().map(|route| {
        (
            String::new(),
            json(&route.matches),
            origin::match_ids(&route.matches, |_| None),
        )
    });
    let rules: Vec<_> = rules.collect();
    let origins = origins(&declared.object, "tcp", &rules);
    let routes = declared.spec.tcp.iter().zip(origins);
    routes
        .map(|(route, origin)| {
            let mut route = route.clone();
            for entry in &mut route.matches {
                names.gateways(&mut entry.gateways);
            }
            for destination in &mut route.route {
                names.destination(&mut destination.destination);
            }
            TcpRule { route, origin }
        })
        .collect()
}
