//! The map that `sealane up` shows at its start: edges, workloads, what to try.

use std::fmt;
use std::net::SocketAddr;

use sealane_control::view::{RuleView, ServerView, servers};
use sealane_mesh::Mesh;
use sealane_model::resource::Body;
use sealane_world::implicit::GATEWAY_NAMESPACE;
use sealane_world::names::full_name;
use sealane_world::pods::Role;

use crate::args::Up;
use crate::token::Secret;

/// The map, without a line feed at its end.
pub(crate) fn map(
    mesh: &Mesh,
    edges: &[Edge],
    (admin, secret): (SocketAddr, &Secret),
    args: &Up,
) -> String {
    let servers = servers(&mesh.control().current());
    let mut out = String::new();
    for edge in edges {
        line(&mut out, "");
        out.push_str(&edge.to_string());
    }
    workloads(&mut out, mesh);
    tries(&mut out, mesh, &servers);
    let watched: Vec<_> = args
        .paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let watched = if args.no_watch {
        String::new()
    } else {
        format!(" · watching {}", watched.join(" "))
    };
    // The only time that it is told: commands of this user find it by themselves.
    if let Secret::New(token) = secret {
        let token = token.reveal();
        line(
            &mut out,
            &format!("  admin token, for callers elsewhere: export SEALANE_TOKEN={token}"),
        );
    }
    line(
        &mut out,
        &format!("  admin http://{admin}{watched} · Ctrl-C drains and stops"),
    );
    out.trim_end().to_owned()
}

/// A server of a Gateway, in words.
pub(super) struct Edge {
    /// Where it is, and what it is.
    pub(super) head: String,
    /// Its rules, a line for each.
    rules: String,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.head, self.rules)
    }
}

/// The servers of all Gateways.
pub(super) fn edges(mesh: &Mesh) -> Vec<Edge> {
    let servers = servers(&mesh.control().current());
    servers.iter().map(|server| edge(mesh, server)).collect()
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn edge(mesh: &Mesh, server: &ServerView) -> Edge {
    let address = mesh.server_address(&server.selector, server.port);
    let scheme = if is_https(server) { "https" } else { "http" };
    let place = address.map_or_else(
        || "(not served)".to_owned(),
        |address| format!("{scheme}://{address}"),
    );
    let head = format!(
        "  {place}   Gateway {}/{}, port {} {}",
        server.namespace, server.gateway, server.port, server.protocol
    );
    let rows: Vec<[String; 4]> = server.rules.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (hosts, paths, targets) = (width(0), width(1), width(2));
    let mut rules = String::new();
    for [host, path, target, source] in &rows {
        line(
            &mut rules,
            &format!("    {host:<hosts$}  {path:<paths$}  → {target:<targets$}  {source}"),
        );
    }
    Edge { head, rules }
}

fn row(rule: &RuleView) -> [String; 4] {
    let target = rule.action.clone().unwrap_or_else(|| shares(rule));
    [
        rule.hosts.join(","),
        rule.matches.join(" | "),
        target,
        format!("VirtualService {}/{}", rule.namespace, rule.virtual_service),
    ]
}

/// `movie-backend:8000  v1 80 %  v2 20 %`.
fn shares(rule: &RuleView) -> String {
    let mut text = String::new();
    let mut last = String::new();
    for share in &rule.shares {
        let host = match share.port {
            0 => share.host.clone(),
            port => format!("{}:{port}", share.host),
        };
        if host != last {
            if !last.is_empty() {
                text.push_str("  ");
            }
            text.push_str(&host);
            last = host;
        }
        if !share.subset.is_empty() {
            text.push_str("  ");
            text.push_str(&share.subset);
        }
        if rule.shares.len() > 1 {
            let percent = format!(" {:.0} %", share.percent);
            text.push_str(&percent);
        }
    }
    text
}

fn workloads(out: &mut String, mesh: &Mesh) {
    let world = mesh.world();
    let captures = mesh.captures();
    let all = world.workloads();
    let all: Vec<_> = all.iter().filter(|it| it.role == Role::Workload).collect();
    let rows: Vec<[String; 4]> = all
        .iter()
        .map(|workload| {
            let ready = workload.pods.iter().filter(|pod| pod.is_ready()).count();
            let key = (workload.namespace.to_owned(), workload.name.to_owned());
            let capture = captures.get(&key);
            let name = match workload.namespace {
                "default" => workload.name.to_owned(),
                namespace => format!("{namespace}/{}", workload.name),
            };
            [
                name,
                format!("{ready}/{}", workload.pods.len()),
                workload.kind.as_str().to_owned(),
                capture.map(ToString::to_string).unwrap_or_default(),
            ]
        })
        .collect();
    let widest = rows.iter().map(|[name, ..]| name.chars().count()).max();
    let width = widest.unwrap_or(0).max("workload".len());
    line(out, "");
    line(
        out,
        &format!("  {:<width$}  pods  {:<9}  capture", "workload", "runs"),
    );
    for [name, pods, kind, capture] in &rows {
        line(
            out,
            &format!("  {name:<width$}  {pods:<4}  {kind:<9}  {capture}"),
        );
    }
}

/// Commands that show traffic: through the first edge that is served, else from `client`.
fn tries(out: &mut String, mesh: &Mesh, servers: &[ServerView]) {
    line(out, "");
    let edge = servers.iter().find_map(|server| {
        let address = mesh.server_address(&server.selector, server.port)?;
        let is_http = server.protocol.to_ascii_uppercase().starts_with("HTTP");
        let is_http = is_http && (!is_https(server) || named_host(server).is_some());
        let rule = server.rules.first().filter(|_| is_http)?;
        Some((address, server, rule))
    });
    if let Some((address, server, rule)) = edge {
        let path = rule
            .matches
            .iter()
            .find_map(|text| path_of(text))
            .unwrap_or("/");
        let host = named_host(server);
        if let Some(host) = host.filter(|_| is_https(server)) {
            let (ip, port) = (address.ip(), address.port());
            // The certificate may be anybody's: -k believes it.
            let text =
                format!("  try   curl -k --resolve {host}:{port}:{ip} https://{host}:{port}{path}");
            line(out, &text);
            return;
        }
        let header = host.map_or_else(String::new, |host| format!("-H 'Host: {host}' "));
        line(out, &format!("  try   curl {header}http://{address}{path}"));
        line(
            out,
            &format!("        sealane traffic test -n 100 {header}http://{address}{path}"),
        );
    } else if let Some(url) = some_service(mesh) {
        line(out, &format!("  try   sealane curl {url}"));
        line(out, &format!("        sealane traffic test -n 100 {url}"));
    }
}

fn is_https(server: &ServerView) -> bool {
    server.protocol.eq_ignore_ascii_case("https")
}

/// A whole host that the first rule of a server is about.
fn named_host(server: &ServerView) -> Option<&str> {
    let of_rule = server
        .rules
        .first()
        .into_iter()
        .flat_map(|rule| &rule.hosts);
    let mut hosts = of_rule.chain(&server.hosts);
    let host = hosts.find(|host| !host.contains('*'))?;
    Some(host.rsplit_once('/').map_or(host, |(_, host)| host))
}

/// A path that meets a condition, when the condition is about nothing else.
fn path_of(text: &str) -> Option<&str> {
    let path = text.strip_prefix('=').unwrap_or(text);
    (path.starts_with('/') && !path.contains(' ')).then_some(path)
}

/// The URL of a service that `client` can call: one that rules are about, else any, invented ones
/// included.
fn some_service(mesh: &Mesh) -> Option<String> {
    let world = mesh.world();
    let services = world
        .objects
        .iter()
        .filter_map(|object| match &object.body {
            Body::Service(service) if object.meta.namespace != GATEWAY_NAMESPACE => {
                Some((object, service))
            }
            _ => None,
        });
    let services: Vec<_> = services.collect();
    let ruled = services.iter().find(|(object, _)| {
        let host = full_name(&object.meta.namespace, &object.meta.name);
        world.objects.iter().any(|rule| match &rule.body {
            Body::VirtualService(of) => {
                let mut hosts = of.hosts.iter();
                hosts.any(|it| qualified(it, &rule.meta.namespace) == host)
            }
            _ => false,
        })
    });
    let (object, service) = ruled.or_else(|| services.first())?;
    let port = service.spec.ports.first()?.port;
    let name = match object.meta.namespace.as_str() {
        "default" => object.meta.name.clone(),
        namespace => format!("{}.{namespace}", object.meta.name),
    };
    Some(match port {
        80 => format!("http://{name}/"),
        port => format!("http://{name}:{port}/"),
    })
}

/// The full name of a host as a rule of `namespace` writes it.
fn qualified(host: &str, namespace: &str) -> String {
    if host.contains('.') {
        host.to_owned()
    } else {
        full_name(namespace, host)
    }
}

/// What was invented, a line for each host; empty when nothing was.
pub(super) fn invented(mesh: &Mesh) -> String {
    let world = mesh.world();
    let lines: Vec<String> = world.invented.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        return String::new();
    }
    let between = "\n            ";
    format!(
        "  invented: {}      --no-invent turns this off",
        lines.join(between)
    )
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_path_is_taken_from_conditions_about_paths_alone() {
        assert_eq!(path_of("=/productpage"), Some("/productpage"));
        assert_eq!(path_of("/api/"), Some("/api/"));
        assert_eq!(path_of("~/a.*"), None);
        assert_eq!(path_of("/ end-user=jason"), None);
    }
}
