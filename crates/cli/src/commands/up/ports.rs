//! A port that somebody else has: who, what wants it, and the flag that moves it.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use sealane_mesh::Mesh;

use crate::args::Up;

/// Why the mesh cannot start, when proxies refused the first generation.
pub(crate) fn explain(mesh: &Mesh, args: &Up) -> String {
    let statuses = mesh.control().statuses();
    let reasons = statuses.iter().filter_map(|(proxy, status)| {
        let rejected = status.rejected.as_ref()?;
        Some((proxy, rejected.reason.as_str()))
    });
    let told: Vec<String> = reasons
        .map(|(proxy, reason)| one(mesh, args, proxy, reason))
        .collect();
    if told.is_empty() {
        return "error: the mesh did not become ready".to_owned();
    }
    told.join("\n")
}

fn one(mesh: &Mesh, args: &Up, proxy: &str, reason: &str) -> String {
    let Some((service_port, wanted)) = mesh.unbound_port(proxy) else {
        return format!("error: {proxy} refuses its configuration: {reason}");
    };
    if let Some(told) = not_ours(wanted) {
        return told;
    }
    let owner = owner(wanted.port()).map_or_else(String::new, |who| format!(" by {who}"));
    let gateways = mesh.gateways_on(service_port).join(", ");
    let paths: Vec<_> = args
        .paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let free = wanted.port().saturating_add(10_000);
    format!(
        "error: port {} of {} is in use{owner}\n  \
         Gateway {gateways} wants port {service_port}, which {proxy} serves on {}\n  \
         try sealane up {} --gateway-port {service_port}={free}      or {service_port}=auto",
        wanted.port(),
        wanted.ip(),
        wanted.port(),
        paths.join(" ")
    )
}

/// Why a socket cannot be had, when that is not because somebody else has it.
fn not_ours(wanted: SocketAddr) -> Option<String> {
    let (ip, port) = (wanted.ip(), wanted.port());
    // Nobody is served by it: it is closed again at once.
    match TcpListener::bind(wanted).err()?.kind() {
        ErrorKind::AddrNotAvailable => Some(format!(
            "error: this machine has no address {ip}\n  --bind {ip} asks gateways to listen there\n  \
             try --bind 127.0.0.1, or --bind 0.0.0.0 for all addresses of this machine"
        )),
        ErrorKind::PermissionDenied => Some(format!(
            "error: port {port} of {ip} may not be had by this user\n  \
             ports below 1024 are root's\n  try --gateway-port with a port above, or auto"
        )),
        _ => None,
    }
}

/// The process that listens on a TCP port of this machine, `nginx (pid 812)`, where the system
/// tells.
pub(crate) fn owner(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| listening_inode(&fs::read_to_string(table).ok()?, port))?;
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    for process in processes {
        let path = process.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if pid.parse::<u32>().is_err() {
            continue;
        }
        let mut files = fs::read_dir(path.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let has = files.any(|file| {
            let target = fs::read_link(file.path());
            target.is_ok_and(|target| target.to_str() == Some(&wanted))
        });
        if has {
            let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", name.trim()));
        }
    }
    None
}

/// The inode of the socket that listens on `port`, in a table of `/proc/net`.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let (_, number) = local.rsplit_once(':')?;
        let found = u16::from_str_radix(number, 16).ok()? == port && *state == LISTENING;
        found.then(|| (*inode).to_owned())
    })
}
