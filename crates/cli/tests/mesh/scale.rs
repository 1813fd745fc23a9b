//! A large mesh on a small machine: many workloads and services, few descriptors, two at a time.
//!
//! In the suite a fifth of the size that is promised; `cargo xtask stress scale` plays all of it, in
//! `SEALANE_STRESS` as `WORKLOADS:SERVICES`, and reads the figures that are printed.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use crate::manifests::{SHOP, deployment, gateway, service, shop_split, virtual_service};
use crate::run::{Place, Up};
use crate::wire::{at_edge, captured};

/// Descriptors that a process may have.
const FILES: u32 = 1024;

fn size() -> (usize, usize) {
    let size = std::env::var("SEALANE_STRESS").unwrap_or_else(|_| "40:100".to_owned());
    let (workloads, services) = size.split_once(':').unwrap();
    (workloads.parse().unwrap(), services.parse().unwrap())
}

/// So many workloads, each behind a Service; the other Services lead to the same workloads.
fn large(workloads: usize, services: usize) -> String {
    let mut text = gateway(SHOP);
    for number in 0..workloads {
        text += &deployment("default", (&format!("app-{number}"), "v1"), 1);
    }
    for number in 0..services {
        let behind = format!("selector: {{app: app-{}}}", number % workloads);
        let of_its_own = format!("selector: {{app: app-{number}}}");
        text += &service("default", &format!("app-{number}")).replace(&of_its_own, &behind);
    }
    text + &rule(1)
}

fn rule(round: u32) -> String {
    let spec = format!(
        "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - headers: {{response: {{set: {{x-round: \"{round}\"}}}}}}
    route: [{{destination: {{host: app-0}}}}]"
    );
    virtual_service("default", "shop", &spec)
}

/// Resident memory in MiB, and open descriptors.
fn holdings(up: &Up) -> (u64, usize) {
    let process = format!("/proc/{}", up.pid());
    let status = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let files = fs::read_dir(format!("{process}/fd")).map_or(0, Iterator::count);
    (kib.unwrap_or(0) / 1024, files)
}

/// The capture port of each workload, from the map.
fn captures(up: &Up) -> Vec<SocketAddr> {
    let shown = up.tells("Ctrl-C drains and stops");
    let rows = shown
        .lines()
        .filter(|line| line.trim_start().starts_with("app-"));
    rows.filter_map(|row| row.split_whitespace().last()?.parse().ok())
        .collect()
}

#[test]
fn a_large_mesh_starts_and_every_workload_of_it_calls_and_is_called() {
    let (workloads, services) = size();
    let place = Place::new(&large(workloads, services));
    let began = Instant::now();
    let up = Up::limited(place, FILES, &[]);
    let ready = began.elapsed();
    let (memory, files) = holdings(&up);
    println!("{workloads} workloads, {services} services, {FILES} descriptors allowed");
    println!("ready        in {ready:?}, {memory} MiB resident, {files} descriptors");
    let captures = captures(&up);
    assert_eq!(captures.len(), workloads);
    let began = Instant::now();
    for (number, capture) in captures.iter().enumerate() {
        let url = format!("http://app-{}:8000/", (number + 1) % services);
        let answer = captured(*capture, &url, &[]);
        assert_eq!(answer.status, 200, "{number}: {answer:?}");
    }
    let (memory, files) = holdings(&up);
    println!(
        "all called   in {:?}, {memory} MiB resident, {files} descriptors",
        began.elapsed()
    );
    let mut told = String::new();
    for round in 2..5 {
        let began = Instant::now();
        up.place().save(
            "mesh.yaml",
            &large(workloads, services).replace(&rule(1), &rule(round)),
        );
        let shown = up.tells(&format!("✓ generation {round} · live"));
        let line = shown
            .lines()
            .rev()
            .find(|line| line.starts_with("✓ generation"));
        write!(
            told,
            "{:?} ({})  ",
            began.elapsed(),
            line.unwrap_or_default()
        )
        .unwrap();
        let answer = at_edge(up.gateway(), SHOP, "/");
        assert_eq!(answer.header("x-round"), Some(&*round.to_string()));
    }
    let (memory, files) = holdings(&up);
    println!("a change     {told}");
    println!("at the end   {memory} MiB resident, {files} descriptors");
}

#[test]
fn two_meshes_run_side_by_side() {
    let (one, two) = (Up::of(&shop_split(100, 0)), Up::of(&shop_split(0, 100)));
    for (up, version) in [(&one, "v1"), (&two, "v2")] {
        assert_eq!(at_edge(up.gateway(), SHOP, "/").echo("version"), version);
    }
    assert_ne!(one.gateway(), two.gateway());
}

/// Calls on new connections until none can be made; those that were made and not answered with 200.
fn call_until_closed(gateway: SocketAddr) -> (usize, Vec<String>) {
    let (mut answered, mut lost) = (0, Vec::new());
    while let Ok(stream) = std::net::TcpStream::connect(gateway) {
        let asked = std::panic::catch_unwind(|| {
            crate::wire::Wire::over(stream)
                .get("/", &[("host", SHOP)])
                .status
        });
        match asked {
            Ok(200) => answered += 1,
            Ok(status) => lost.push(status.to_string()),
            Err(_) => lost.push("a connection broke".to_owned()),
        }
    }
    (answered, lost)
}

#[test]
fn the_end_under_load_loses_nothing() {
    let mut up = Up::of(&shop_split(50, 50));
    let gateway = up.gateway();
    let callers: Vec<_> = (0..8)
        .map(|_| thread::spawn(move || call_until_closed(gateway)))
        .collect();
    // Some are answered before the end comes.
    assert_eq!(at_edge(gateway, SHOP, "/").status, 200);
    up.interrupt();
    assert!(up.ended().success());
    for caller in callers {
        let (answered, lost) = caller.join().unwrap();
        assert!(lost.is_empty(), "{answered} were answered, then {lost:?}");
    }
}
