//! `/config_dump`: the resources that a proxy serves by.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use sealane_control::time::rfc3339;
use sealane_model::core::secret::REDACTED;
use sealane_proxy::proxy::Received;
use sealane_xds::core::DataSource;
use sealane_xds::core::data_source::Specifier;
use sealane_xds::hcm::HttpConnectionManager;
use sealane_xds::hcm::http_connection_manager::RouteSpecifier;
use sealane_xds::listener::{Listener, filter};
use sealane_xds::route::RouteConfiguration;
use sealane_xds::tls::secret;
use sealane_xds::{Resource, ResourceKind, any};
use serde::Deserialize;
use serde_json::{Value, json};

use super::mask::masked;
use super::pattern::pattern;
use super::select::{Selected, select};
use super::server_info::node;
use super::{Problem, json as json_of};
use crate::mesh::Mesh;

/// Where Envoy's types are.
const TYPE: &str = "type.googleapis.com/";

/// What is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    proxy: Option<String>,
    include_eds: Option<String>,
    resource: Option<String>,
    mask: Option<String>,
    name_regex: Option<String>,
}

pub(super) async fn config_dump(
    State(mesh): State<Arc<Mesh>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let selected = select(&mesh, asked.proxy.as_deref())?;
    let dump = Dump {
        received: selected.received(&mesh),
    };
    let include_eds = asked.include_eds.is_some();
    let mut configs = match &asked.resource {
        Some(field) => dump.of_field(field)?,
        None => dump.all(&mesh, &selected, include_eds),
    };
    if let Some(pattern) = &asked.name_regex {
        configs = by_name(configs, pattern)?;
    }
    if let Some(mask) = &asked.mask {
        configs = configs.iter().map(|config| masked(config, mask)).collect();
    }
    Ok(json_of(&selected.id, &json!({ "configs": configs })))
}

/// The lists that a dump has, by the names that `?resource=` takes: the message that holds it, and
/// the type of its items.
const FIELDS: [(&str, &str); 6] = [
    (
        "dynamic_active_clusters",
        "ClustersConfigDump.DynamicCluster",
    ),
    (
        "dynamic_endpoint_configs",
        "EndpointsConfigDump.DynamicEndpointConfig",
    ),
    ("dynamic_listeners", "ListenersConfigDump.DynamicListener"),
    (
        "dynamic_route_configs",
        "RoutesConfigDump.DynamicRouteConfig",
    ),
    ("static_route_configs", "RoutesConfigDump.StaticRouteConfig"),
    ("dynamic_active_secrets", "SecretsConfigDump.DynamicSecret"),
];

struct Dump {
    received: Arc<Received>,
}

impl Dump {
    /// Everything, in Envoy's order.
    fn all(&self, mesh: &Mesh, selected: &Selected, include_eds: bool) -> Vec<Value> {
        let version_info = self.version_info();
        let node = node(mesh, selected);
        let mut configs = vec![
            json!({
                "@type": admin_type("BootstrapConfigDump"),
                "bootstrap": {
                    "node": node,
                    "dynamic_resources": {
                        "ads_config": { "api_type": "GRPC", "transport_api_version": "V3" },
                        "cds_config": { "ads": {}, "resource_api_version": "V3" },
                        "lds_config": { "ads": {}, "resource_api_version": "V3" },
                    },
                    "static_resources": {},
                },
                "last_updated": self.updated(),
            }),
            json!({
                "@type": admin_type("ClustersConfigDump"),
                "version_info": version_info,
                "dynamic_active_clusters": self.clusters(),
            }),
        ];
        if include_eds {
            configs.push(json!({
                "@type": admin_type("EndpointsConfigDump"),
                "dynamic_endpoint_configs": self.endpoints(),
            }));
        }
        configs.push(json!({
            "@type": admin_type("ListenersConfigDump"),
            "version_info": version_info,
            "dynamic_listeners": self.listeners(),
        }));
        configs.push(json!({
            "@type": admin_type("RoutesConfigDump"),
            "static_route_configs": self.inline_routes(),
            "dynamic_route_configs": self.routes(),
        }));
        let secrets = self.secrets();
        if !secrets.is_empty() {
            configs.push(json!({
                "@type": admin_type("SecretsConfigDump"),
                "dynamic_active_secrets": secrets,
            }));
        }
        configs
    }

    /// The items of one list, each with its type.
    fn of_field(&self, field: &str) -> Result<Vec<Value>, Problem> {
        let items = match field {
            "dynamic_active_clusters" => self.clusters(),
            "dynamic_endpoint_configs" => self.endpoints(),
            "dynamic_listeners" => self.listeners(),
            "dynamic_route_configs" => self.routes(),
            "static_route_configs" => self.inline_routes(),
            "dynamic_active_secrets" => self.secrets(),
            _ => {
                let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
                let known = known.join(", ");
                let text = format!("resource={field} is not in the dump: want one of {known}");
                return Err(Problem::bad_request(text));
            }
        };
        let of = FIELDS.iter().find(|(name, _)| *name == field);
        let of = of.map_or("", |(_, of)| of);
        let typed = items.into_iter().map(|mut item| {
            if let Value::Object(fields) = &mut item {
                fields.insert("@type".to_owned(), json!(admin_type(of)));
            }
            item
        });
        Ok(typed.collect())
    }

    fn clusters(&self) -> Vec<Value> {
        self.listed(ResourceKind::Cluster, "cluster")
    }

    fn endpoints(&self) -> Vec<Value> {
        self.listed(ResourceKind::Endpoint, "endpoint_config")
    }

    fn routes(&self) -> Vec<Value> {
        self.listed(ResourceKind::Route, "route_config")
    }

    fn listeners(&self) -> Vec<Value> {
        let listeners = self.received.resources.of_kind(ResourceKind::Listener);
        let dumped = listeners.iter().map(|listener| {
            json!({
                "name": listener.name(),
                "active_state": {
                    "version_info": self.version_info(),
                    "listener": typed(listener),
                    "last_updated": self.updated(),
                },
            })
        });
        dumped.collect()
    }

    /// Secrets without what they hold that nobody is shown.
    fn secrets(&self) -> Vec<Value> {
        let secrets = self.received.resources.secrets.values();
        let dumped = secrets.map(|secret| {
            let mut secret = secret.as_ref().clone();
            if let Some(secret::Type::TlsCertificate(certificate)) = &mut secret.r#type {
                certificate.private_key = Some(DataSource {
                    specifier: Some(Specifier::InlineBytes(REDACTED.into())),
                    ..DataSource::default()
                });
            }
            json!({
                "name": secret.name,
                "version_info": self.version_info(),
                "secret": typed(&secret.into()),
                "last_updated": self.updated(),
            })
        });
        dumped.collect()
    }

    /// The route configurations that stand in a listener.
    fn inline_routes(&self) -> Vec<Value> {
        let listeners = self.received.resources.listeners.values();
        let tables = listeners.flat_map(|listener| inline_tables(listener));
        let dumped = tables.map(|table| {
            json!({
                "route_config": typed_as(&table, ResourceKind::Route),
                "last_updated": self.updated(),
            })
        });
        dumped.collect()
    }

    fn listed(&self, kind: ResourceKind, field: &str) -> Vec<Value> {
        let resources = self.received.resources.of_kind(kind);
        let dumped = resources.iter().map(|resource| {
            json!({
                "version_info": self.version_info(),
                field: typed(resource),
                "last_updated": self.updated(),
            })
        });
        dumped.collect()
    }

    fn version_info(&self) -> String {
        self.received.generation.to_string()
    }

    fn updated(&self) -> String {
        rfc3339(self.received.at)
    }
}

fn admin_type(name: &str) -> String {
    format!("{TYPE}envoy.admin.v3.{name}")
}

/// A resource as it stands in an `Any`.
fn typed(resource: &Resource) -> Value {
    with_type(resource.to_json(), resource.kind())
}

fn typed_as(table: &RouteConfiguration, kind: ResourceKind) -> Value {
    with_type(Resource::from(table.clone()).to_json(), kind)
}

fn with_type(mut json: Value, kind: ResourceKind) -> Value {
    if let Value::Object(fields) = &mut json {
        fields.insert("@type".to_owned(), json!(kind.type_url()));
    }
    json
}

fn inline_tables(listener: &Listener) -> Vec<RouteConfiguration> {
    let chains = listener
        .filter_chains
        .iter()
        .chain(&listener.default_filter_chain);
    let filters = chains.flat_map(|chain| &chain.filters);
    let tables = filters.filter_map(|found| {
        let Some(filter::ConfigType::TypedConfig(settings)) = &found.config_type else {
            return None;
        };
        let manager = any::unpack::<HttpConnectionManager>(settings).ok()?;
        match manager.route_specifier? {
            RouteSpecifier::RouteConfig(table) => Some(table),
            RouteSpecifier::Rds(_) | RouteSpecifier::ScopedRoutes(_) => None,
        }
    });
    tables.collect()
}

/// The items whose own name, or that of the resource in them, fits; the lists of a whole dump are
/// thinned out likewise.
fn by_name(configs: Vec<Value>, text: &str) -> Result<Vec<Value>, Problem> {
    let whole = pattern("name_regex", &format!("^(?:{text})$"))?;
    let fits = |item: &Value| name_of(item).is_some_and(|name| whole.is_match(name));
    let thinned = configs.into_iter().filter_map(|mut config| {
        if name_of(&config).is_some() {
            return fits(&config).then_some(config);
        }
        for (field, _) in FIELDS {
            if let Some(Value::Array(items)) = config.get_mut(field) {
                items.retain(fits);
            }
        }
        Some(config)
    });
    Ok(thinned.collect())
}

fn name_of(item: &Value) -> Option<&str> {
    let own = item.get("name");
    let within = || {
        let resource = item
            .get("cluster")
            .or_else(|| item.get("route_config"))
            .or_else(|| item.get("endpoint_config"))?;
        resource
            .get("name")
            .or_else(|| resource.get("cluster_name"))
    };
    own.or_else(within)?.as_str()
}
