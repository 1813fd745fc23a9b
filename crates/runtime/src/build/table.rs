//! Route configurations and virtual hosts.

use std::sync::Arc;

use sealane_xds::route::virtual_host::TlsRequirementType;
use sealane_xds::route::{self, RouteConfiguration};

use crate::build::at::{At, fields};
use crate::build::header::{Lists, header_ops};
use crate::build::matching::all;
use crate::build::route::{Place, route};
use crate::build::scalar::number;
use crate::matcher::host::DomainIndex;
use crate::table::{RouteTable, Routes, VirtualHost};

/// The largest body of a direct response where the table does not say, in bytes.
const DIRECT_BODY_LIMIT: u32 = 4096;

/// A route configuration.
pub(super) fn build(at: &At<'_>, message: &RouteConfiguration) -> Option<RouteTable> {
    fields! { at, message, RouteConfiguration {
        read: [
            name, virtual_hosts, response_headers_to_add, response_headers_to_remove,
            request_headers_to_add, request_headers_to_remove, most_specific_header_mutations_wins,
            max_direct_response_body_size_bytes, ignore_port_in_host_matching,
        ],
        // Clusters may come later; a missing one answers 503 when it is called.
        ignored: [validate_clusters, metadata],
        refused: [
            vhds, internal_only_headers, cluster_specifier_plugins, request_mirror_policies,
            vhost_header, ignore_path_parameters_in_path_matching, typed_per_filter_config,
            route_specifiers,
        ],
    } }
    let headers = header_ops(
        at,
        &Lists {
            request_add: request_headers_to_add,
            request_remove: request_headers_to_remove,
            response_add: response_headers_to_add,
            response_remove: response_headers_to_remove,
        },
    );
    let body_limit = number(max_direct_response_body_size_bytes.as_ref());
    let table = TableFacts {
        name,
        body_limit: body_limit.unwrap_or(DIRECT_BODY_LIMIT),
    };
    let hosts_at = at.field("virtual_hosts");
    let hosts = all(&hosts_at, virtual_hosts, |at, host| {
        virtual_host(at, host, &table)
    });
    let domains = domains(&hosts_at, virtual_hosts);
    Some(RouteTable {
        name: Arc::from(name.as_str()),
        virtual_hosts: hosts?.into_iter().map(Arc::new).collect(),
        domains: domains?,
        ignore_port: *ignore_port_in_host_matching,
        headers: headers?,
        specific_headers_last: *most_specific_header_mutations_wins,
    })
}

/// What virtual hosts and routes need to know of their table.
struct TableFacts<'a> {
    name: &'a str,
    body_limit: u32,
}

#[expect(deprecated, reason = "the old fields are refused or ignored by name")]
fn virtual_host(
    at: &At<'_>,
    message: &route::VirtualHost,
    table: &TableFacts<'_>,
) -> Option<VirtualHost> {
    fields! { at, message, route::VirtualHost {
        read: [
            name, domains, routes, require_tls, request_headers_to_add, request_headers_to_remove,
            response_headers_to_add, response_headers_to_remove, include_request_attempt_count,
        ],
        // Statistics, and limits on what is buffered for retries, which are ours to set.
        ignored: [
            virtual_clusters, per_request_buffer_limit_bytes, request_body_buffer_limit, metadata,
        ],
        refused: [
            matcher, rate_limits, cors, typed_per_filter_config, include_attempt_count_in_response,
            retry_policy, retry_policy_typed_config, hedge_policy, include_is_timeout_retry_header,
            request_mirror_policies, route_specifiers,
        ],
    } }
    let headers = header_ops(
        at,
        &Lists {
            request_add: request_headers_to_add,
            request_remove: request_headers_to_remove,
            response_add: response_headers_to_add,
            response_remove: response_headers_to_remove,
        },
    );
    let require_tls = match TlsRequirementType::try_from(*require_tls) {
        Ok(TlsRequirementType::None) => Some(false),
        Ok(TlsRequirementType::All) => Some(true),
        Ok(TlsRequirementType::ExternalOnly) | Err(_) => {
            at.field("require_tls").not_understood();
            None
        }
    };
    let routes_at = at.field("routes");
    let built: Vec<_> = routes
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let place = Place {
                key: format!("{}/{name}/{index}", table.name),
                body_limit: table.body_limit,
            };
            route(&routes_at.index(index), message, &place)
        })
        .collect();
    let routes: Option<Routes> = built.into_iter().map(|route| route.map(Arc::new)).collect();
    Some(VirtualHost {
        name: Arc::from(name.as_str()),
        domains: domains
            .iter()
            .map(|domain| Arc::from(domain.as_str()))
            .collect(),
        routes: routes?,
        require_tls: require_tls?,
        attempt_count: *include_request_attempt_count,
        headers: headers?,
    })
}

/// The index of all domains, each of which may stand once in a table.
fn domains(at: &At<'_>, hosts: &[route::VirtualHost]) -> Option<DomainIndex> {
    let mut index = DomainIndex::default();
    let mut fine = true;
    for (place, host) in hosts.iter().enumerate() {
        let host_at = at.index(place);
        let domains_at = host_at.field("domains");
        if host.domains.is_empty() {
            fine = false;
            domains_at.refuse::<()>("is empty");
        }
        for (position, domain) in host.domains.iter().enumerate() {
            if let Err(first) = index.insert(domain, place) {
                fine = false;
                let holder = hosts.get(first).map_or("", |host| host.name.as_str());
                let problem = format!("`{domain}` belongs to virtual host `{holder}` already");
                domains_at.index(position).refuse::<()>(problem);
            }
        }
    }
    fine.then_some(index)
}
