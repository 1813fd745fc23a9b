//! Pods that stand for something that runs already: `sealane.dev/endpoints`. Pure.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The annotation that names the sockets of a workload: `127.0.0.1:9001,127.0.0.1:9002`.
pub const ENDPOINTS: &str = "sealane.dev/endpoints";
/// Sockets that one annotation names, at most.
const SOCKETS: usize = 1_000;

/// The sockets that an annotation names; the error says what is wrong with it.
pub fn sockets(text: &str) -> Result<Vec<SocketAddr>, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.len() > SOCKETS {
        return Err(format!("more than {SOCKETS} addresses"));
    }
    let mut sockets = Vec::new();
    for part in parts {
        let socket = socket(part).ok_or_else(|| {
            format!("{part:?} is not an address and a port, such as 127.0.0.1:9001")
        })?;
        if sockets.contains(&socket) {
            return Err(format!("{socket} stands there twice"));
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

fn socket(text: &str) -> Option<SocketAddr> {
    let socket: SocketAddr = match text.strip_prefix("localhost:") {
        Some(port) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?),
        None => text.parse().ok()?,
    };
    // One socket has one name: `[::ffff:127.0.0.1]:80` is 127.0.0.1:80.
    let socket = SocketAddr::new(socket.ip().to_canonical(), socket.port());
    let is_reachable = socket.port() != 0 && !socket.ip().is_unspecified();
    is_reachable.then_some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_ports_and_stand_there_once() {
        let two = sockets("127.0.0.1:9001, localhost:9002").unwrap();
        assert_eq!(
            two.iter().map(SocketAddr::port).collect::<Vec<_>>(),
            [9001, 9002]
        );
        assert!(sockets("[::1]:9001").is_ok());
        for wrong in [
            "",
            "127.0.0.1",
            "9001",
            "127.0.0.1:0",
            "0.0.0.0:80",
            "example.com:80",
            "127.0.0.1:9001,",
            "127.0.0.1:9001,127.0.0.1:9001",
        ] {
            assert!(sockets(wrong).is_err(), "{wrong}");
        }
    }
}
