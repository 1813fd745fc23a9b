//! One HTTP rule as routes: one for each of its matches that can hold.

use std::collections::HashMap;

use sealane_model::networking::http_match::HttpMatchRequest;
use sealane_xds::any;
use sealane_xds::core::Metadata;
use sealane_xds::protobuf::Any;
use sealane_xds::route::route::Action;
use sealane_xds::route::route_action::ClusterSpecifier;
use sealane_xds::route::route_match::PathSpecifier;
use sealane_xds::route::{Decorator, Route, RouteAction, RouteMatch};

use sealane_model::diagnostic::Code;
use sealane_model::kind::ObjectKey;
use sealane_xds::names::ClusterName;

use crate::declared::Declared;
use crate::finding;
use crate::mesh::MeshSettings;
use crate::message::{self, ISTIO, SEALANE};
use crate::notes::Notes;
use crate::origin;
use crate::route::action::{self, ActionInput};
use crate::route::{cors, fault, hash, headers, matches, redirect, retry, timeout};
use crate::rule::{HttpRule, Rules};
use crate::service::Service;

/// Name of the filter that injects faults.
const FAULT: &str = "envoy.filters.http.fault";
/// Name of the filter that answers preflights.
const CORS: &str = "envoy.filters.http.cors";

/// The routes of a VirtualService at one place, in order, up to the first that takes every
/// request. `is_tls` says whether the listener ends TLS.
pub(super) fn rules(
    declared: &Declared<Rules>,
    input: ActionInput<'_>,
    is_tls: bool,
    notes: &mut Notes,
) -> Vec<Route> {
    let mut routes = Vec::new();
    for rule in &declared.spec.http {
        let one = OneRule {
            declared,
            rule,
            input,
            is_tls,
        };
        if rule.route.matches.is_empty() {
            routes.extend(one.route(None, notes));
            break;
        }
        for index in 0..rule.route.matches.len() {
            let Some(route) = one.route(Some(index), notes) else {
                continue;
            };
            let last = route.route_match().is_some_and(matches::is_catch_all);
            routes.push(route);
            if last {
                return routes;
            }
        }
    }
    routes
}

/// The conditions of a route.
pub(super) trait HasMatch {
    /// Its conditions, when it has some.
    fn route_match(&self) -> Option<&RouteMatch>;
}

impl HasMatch for Route {
    fn route_match(&self) -> Option<&RouteMatch> {
        self.r#match.as_ref()
    }
}

struct OneRule<'a> {
    declared: &'a Declared<Rules>,
    rule: &'a HttpRule,
    input: ActionInput<'a>,
    is_tls: bool,
}

impl OneRule<'_> {
    /// The route of one match (or of the rule, when it has none); `None` when the match cannot
    /// hold here.
    fn route(&self, index: Option<usize>, notes: &mut Notes) -> Option<Route> {
        let entry = index.and_then(|index| self.rule.route.matches.get(index));
        if entry.is_some_and(|entry| !matches::applies(entry, self.input.place)) {
            return None;
        }
        notes.rule(&self.rule.origin);
        if let Some(index) = index {
            notes.rule_match(&self.rule.origin, index);
        }
        let mut route = Route {
            name: self.name(entry),
            stat_prefix: entry
                .and_then(|entry| entry.stat_prefix.clone())
                .unwrap_or_default(),
            r#match: Some(matches::route_match(entry)),
            metadata: Some(self.metadata(index)),
            typed_per_filter_config: self.per_filter(),
            ..Route::default()
        };
        self.act(&mut route, notes)?;
        route.decorator = Some(Decorator {
            operation: self.operation(&route),
            propagate: None,
        });
        Some(route)
    }

    fn name(&self, entry: Option<&HttpMatchRequest>) -> String {
        let rule = self.rule.route.name.as_deref().unwrap_or_default();
        match entry.and_then(|entry| entry.name.as_deref()) {
            Some(name) if !name.is_empty() => format!("{rule}.{name}"),
            Some(_) | None => rule.to_owned(),
        }
    }

    fn metadata(&self, index: Option<usize>) -> Metadata {
        let mut metadata = config_metadata(&self.declared.object);
        let origin = &self.rule.origin;
        let mut put = |key: &str, value: &str| {
            message::put_metadata(&mut metadata, SEALANE, key, message::text_value(value));
        };
        put("origin", &origin.id);
        if let Some((id, _)) = index.and_then(|index| origin.matches.get(index)) {
            put("match", id);
        }
        if self.declared.spec.random_weights {
            put("weights", "random");
        }
        metadata
    }

    fn per_filter(&self) -> HashMap<String, Any> {
        let mut all = HashMap::new();
        if let Some(declared) = &self.rule.route.fault {
            all.insert(FAULT.to_owned(), any::pack(&fault::fault(declared)));
        }
        if let Some(declared) = &self.rule.route.cors_policy {
            all.insert(CORS.to_owned(), any::pack(&cors::policy(declared)));
        }
        all
    }

    /// Redirects, answers or forwards, in this order of precedence. `None` when what is asked for
    /// cannot be done.
    fn act(&self, route: &mut Route, notes: &mut Notes) -> Option<()> {
        let operations = headers::operations(self.rule.route.headers.as_ref());
        route.request_headers_to_add = operations.request_add;
        route.request_headers_to_remove = operations.request_remove;
        route.response_headers_to_add = operations.response_add;
        route.response_headers_to_remove = operations.response_remove;
        if let Some(declared) = &self.rule.route.redirect {
            let port = self.input.place.port;
            let Some(redirect) = redirect::redirect(declared, port, self.is_tls) else {
                notes.finding(self.no_redirect(declared.redirect_code.unwrap_or_default()));
                return None;
            };
            route.action = Some(Action::Redirect(redirect));
        } else if let Some(declared) = &self.rule.route.direct_response {
            route.action = Some(Action::DirectResponse(redirect::direct_response(declared)));
        } else {
            let (action, own) =
                action::forward(self.rule, &operations.authority, self.input, notes);
            route.request_headers_to_add.extend(own.request_add);
            route.request_headers_to_remove.extend(own.request_remove);
            route.response_headers_to_add.extend(own.response_add);
            route.response_headers_to_remove.extend(own.response_remove);
            route.action = Some(Action::Route(action));
        }
        Some(())
    }

    fn no_redirect(&self, code: u32) -> finding::Finding {
        let text = format!(
            "redirects with code {code} cannot be made (only 301, 302, 303, 307, 308): \
             the rule is left out"
        );
        let mut finding = finding::at(Code::SilentlyDropped, &self.rule.origin.rule, text);
        finding.path = finding.path.field("redirect").field("redirectCode");
        finding
    }

    /// What traces call the route: its only destination, else the VirtualService; and its path.
    fn operation(&self, route: &Route) -> String {
        let path = match route
            .route_match()
            .and_then(|found| found.path_specifier.as_ref())
        {
            Some(PathSpecifier::Prefix(prefix)) => format!("{prefix}*"),
            Some(PathSpecifier::Path(path)) => path.clone(),
            Some(PathSpecifier::SafeRegex(regex)) => regex.regex.clone(),
            Some(
                PathSpecifier::PathSeparatedPrefix(_)
                | PathSpecifier::ConnectMatcher(_)
                | PathSpecifier::PathMatchPolicy(_),
            )
            | None => "/*".to_owned(),
        };
        let cluster = match &route.action {
            Some(Action::Route(RouteAction {
                cluster_specifier: Some(ClusterSpecifier::Cluster(cluster)),
                ..
            })) => ClusterName::parse(cluster),
            _ => None,
        };
        match cluster {
            Some(cluster) => format!("{}:{}{path}", cluster.host, cluster.port),
            None => format!(
                "{}:{}{path}",
                self.declared.object.name, self.input.place.port
            ),
        }
    }
}

/// Istio's note of the object that a resource was made from.
pub(super) fn config_metadata(object: &ObjectKey) -> Metadata {
    let mut metadata = Metadata::default();
    let path = origin::api_path(object);
    message::put_metadata(&mut metadata, ISTIO, "config", message::text_value(&path));
    metadata
}

/// The route of a service's port that no rule is about.
pub(super) fn default_route(
    service: &Service,
    port: u16,
    input: ActionInput<'_>,
    notes: &mut Notes,
) -> Route {
    let rule = input
        .scope
        .destination_rule(input.place.proxy, &service.host);
    let hash = rule.and_then(|rule| crate::policy::hash_for_service(&rule.spec, port));
    let operation = format!("{}:{port}/*", service.host);
    let cluster = crate::names::cluster(&service.host, "", port);
    let mut route = plain_route(&cluster, operation, input.mesh);
    if let Some(Action::Route(action)) = &mut route.action {
        action.hash_policy.extend(hash::policy(hash));
    }
    let id = notes.service(&service.object);
    let mut metadata = Metadata::default();
    message::put_metadata(&mut metadata, SEALANE, "origin", message::text_value(&id));
    route.metadata = Some(metadata);
    route
}

/// Everything to one cluster, without a time limit and with the mesh's retries.
fn plain_route(cluster: &str, operation: String, mesh: &MeshSettings) -> Route {
    let mut action = RouteAction {
        cluster_specifier: Some(ClusterSpecifier::Cluster(cluster.to_owned())),
        retry_policy: retry::policy(mesh.default_http_retry_policy.as_ref(), false),
        ..RouteAction::default()
    };
    timeout::set(&mut action, None);
    Route {
        name: "default".to_owned(),
        r#match: Some(matches::everything()),
        decorator: Some(Decorator {
            operation,
            propagate: None,
        }),
        action: Some(Action::Route(action)),
        ..Route::default()
    }
}
