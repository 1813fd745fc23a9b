//! Many saves under steady traffic: no request fails, none is decided by two generations.
//!
//! In the suite five seconds and fifty saves. `cargo xtask stress change` plays the long form, whose
//! size comes in `SEALANE_STRESS` as `SECONDS:SAVES`, and reads the figures that are printed.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::manifests::{SHOP, deployment, gateway, service, virtual_service};
use crate::run::{Place, Up, until};
use crate::wire::Wire;

/// Threads that call.
const CALLERS: u32 = 10;
/// Requests a second of all of them.
const RATE: u32 = 500;
/// Files of a checkout.
const CHECKOUT: usize = 30;
/// A save that takes its time: longer than the quiet that ends a change.
const SLOW: Duration = Duration::from_millis(80);

/// How large the storm is.
#[derive(Clone, Copy)]
struct Size {
    time: Duration,
    saves: u32,
}

impl Size {
    fn of_environment() -> Self {
        let size = std::env::var("SEALANE_STRESS").unwrap_or_else(|_| "5:50".to_owned());
        let (seconds, saves) = size.split_once(':').unwrap();
        Self {
            time: Duration::from_secs(seconds.parse().unwrap()),
            saves: saves.parse().unwrap(),
        }
    }
}

/// Numbers that look like chance and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        (self.0 >> 33) % bound
    }
}

/// What the manifests say.
struct State {
    /// Grows with every save of the rule; the subsets are called by it.
    tag: u32,
    /// The tag that the subsets are called by.
    subsets: u32,
    first: u64,
    pods: [u64; 2],
}

impl State {
    /// Subset `a` is version 1 under even tags, version 2 under odd ones.
    fn versions(subsets: u32) -> [&'static str; 2] {
        if subsets.is_multiple_of(2) {
            ["v1", "v2"]
        } else {
            ["v2", "v1"]
        }
    }

    fn rule(&self) -> String {
        let (tag, subsets, first) = (self.tag, self.subsets, self.first);
        let destination = |letter: char, weight: u64| {
            format!(
                "    - destination: {{host: shop, subset: {letter}{subsets}}}
      weight: {weight}
      headers: {{response: {{set: {{x-subset: {letter}{subsets}}}}}}}
"
            )
        };
        let spec = format!(
            "  hosts: [{SHOP}]
  gateways: [edge]
  http:
  - headers: {{response: {{set: {{x-rule: \"{tag}\"}}}}}}
    route:
{}{}",
            destination('a', first),
            destination('b', 100 - first)
        );
        virtual_service("default", "shop", &spec)
    }

    fn destinations(&self) -> String {
        let subsets = self.subsets;
        let [a, b] = Self::versions(subsets);
        format!(
            "apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: shop}}
spec:
  host: shop
  subsets:
  - {{name: a{subsets}, labels: {{version: {a}}}}}
  - {{name: b{subsets}, labels: {{version: {b}}}}}
"
        )
    }

    fn workloads(&self) -> String {
        let of = |version, pods: u64| {
            deployment("default", ("shop", version), u32::try_from(pods).unwrap())
        };
        of("v1", self.pods[0]) + &of("v2", self.pods[1])
    }

    /// Another rule, one of many files.
    fn other(&self, number: usize) -> String {
        let tag = self.tag;
        let spec = format!(
            "  hosts: [other-{number}.example.com]
  gateways: [edge]
  http:
  - headers: {{response: {{set: {{x-rule: \"{tag}\"}}}}}}
    route: [{{destination: {{host: shop}}}}]"
        );
        virtual_service("default", &format!("other-{number}"), &spec)
    }
}

/// A folder that is saved to in all the ways that editors and git know.
struct Folder<'a>(&'a Place);

impl Folder<'_> {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path("manifests").join(name)
    }

    /// Empties the file, then writes it.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The same with a long pause when half of it is written.
    fn write_slowly(&self, name: &str, text: &str) {
        let mut file = fs::File::create(self.path(name)).unwrap();
        thread::sleep(SLOW);
        let (half, rest) = text.split_at(text.len() / 2);
        file.write_all(half.as_bytes()).unwrap();
        thread::sleep(SLOW);
        file.write_all(rest.as_bytes()).unwrap();
    }

    /// Takes the file away and makes it again, as git does.
    fn check_out(&self, name: &str, text: &str) {
        fs::remove_file(self.path(name)).ok();
        self.write(name, text);
    }

    /// Saves in a way that the dice choose.
    fn save(&self, dice: &mut Dice, state: &mut State) {
        state.tag += 1;
        match dice.below(6) {
            0 => {
                state.first = 10 + dice.below(80);
                self.0.save("rule.yaml", &state.rule());
            }
            1 => self.rename_subsets(dice, state),
            2 => {
                let which = usize::try_from(dice.below(2)).unwrap();
                state.pods[which] = 1 + (state.pods[which] + dice.below(2)) % 3;
                self.0.save("pods.yaml", &state.workloads());
                self.write("rule.yaml", &state.rule());
            }
            3 => self.write_slowly("rule.yaml", &state.rule()),
            4 => {
                for number in 0..CHECKOUT {
                    self.check_out(&format!("other-{number}.yaml"), &state.other(number));
                }
                self.check_out("rule.yaml", &state.rule());
            }
            _ => self.check_out("rule.yaml", &state.rule()),
        }
    }

    fn rename_subsets(&self, dice: &mut Dice, state: &mut State) {
        state.subsets += 1;
        let files = [
            ("rule.yaml", state.rule()),
            ("subsets.yaml", state.destinations()),
        ];
        let first = usize::try_from(dice.below(2)).unwrap();
        for (name, text) in [&files[first], &files[1 - first]] {
            self.write(name, text);
        }
    }
}

/// What callers saw.
#[derive(Default)]
struct Seen {
    requests: usize,
    failures: Vec<String>,
}

/// Callers at a steady rate.
struct Load {
    enough: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Seen>>,
}

impl Load {
    fn start(gateway: SocketAddr) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let callers = (0..CALLERS).map(|_| {
            let enough = Arc::clone(&enough);
            thread::spawn(move || call(gateway, &enough))
        });
        Self {
            callers: callers.collect(),
            enough,
        }
    }

    fn stop(self) -> Seen {
        self.enough.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for caller in self.callers {
            let seen = caller.join().unwrap();
            all.requests += seen.requests;
            all.failures.extend(seen.failures);
        }
        all
    }
}

/// Every eighth request takes a new connection.
fn call(gateway: SocketAddr, enough: &AtomicBool) -> Seen {
    let pace = Duration::from_secs(CALLERS.into()) / RATE;
    let mut seen = Seen::default();
    let mut kept = None;
    let mut next = Instant::now();
    while !enough.load(Ordering::Relaxed) {
        if seen.requests.is_multiple_of(8) {
            kept = None;
        }
        let asked = catch_unwind(AssertUnwindSafe(|| {
            let wire = kept.get_or_insert_with(|| Wire::to(gateway));
            judge(wire)
        }));
        seen.requests += 1;
        match asked {
            Ok(None) => {}
            Ok(Some(failure)) => seen.failures.push(failure),
            Err(_) => {
                kept = None;
                seen.failures.push("the connection broke".to_owned());
            }
        }
        next += pace;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    seen
}

/// What is wrong with the next answer: it failed, or it comes of two generations.
fn judge(wire: &mut Wire) -> Option<String> {
    let answer = wire.get("/", &[("host", SHOP)]);
    if answer.status != 200 {
        return Some(format!("{}: {}", answer.status, answer.body));
    }
    let subset = answer.header("x-subset").unwrap_or_default();
    let (letter, number) = subset.split_at(1);
    let versions = State::versions(number.parse().unwrap());
    let wanted = versions[usize::from(letter == "b")];
    let seen = answer.echo("version");
    (seen != wanted).then(|| format!("subset {subset} is {wanted}, and {seen} answered"))
}

/// The newest generation that the terminal tells to be live.
fn generation(up: &Up) -> u64 {
    let out = up.out();
    let told = out
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("✓ generation "));
    told.and_then(|rest| rest.split(' ').next()?.parse().ok())
        .unwrap_or(1)
}

/// Resident memory in KiB.
fn resident(up: &Up) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", up.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Figures, smallest first; the one below which so many percent are.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

#[test]
fn a_storm_of_saves_loses_no_request_and_mixes_no_generations() {
    let size = Size::of_environment();
    let mut state = State {
        tag: 0,
        subsets: 0,
        first: 50,
        pods: [1, 1],
    };
    let place = Place::new(&(service("default", "shop") + &gateway(SHOP)));
    place.save("pods.yaml", &state.workloads());
    place.save("subsets.yaml", &state.destinations());
    place.save("rule.yaml", &state.rule());
    let up = Up::at(place, &[]);
    let load = Load::start(up.gateway());
    let (mut dice, mut latencies) = (Dice(4), Vec::new());
    let pace = size.time / size.saves;
    let mut next = Instant::now();
    let mut warm = 0;
    for save in 0..size.saves {
        if save == size.saves / 5 {
            warm = resident(&up);
        }
        let before = generation(&up);
        Folder(up.place()).save(&mut dice, &mut state);
        let saved = Instant::now();
        until("the save is live", || {
            (generation(&up) > before).then_some(())
        });
        latencies.push(saved.elapsed());
        next += pace;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let (end, generations) = (resident(&up), generation(&up));
    let seen = load.stop();
    latencies.sort();
    println!("requests     {}", seen.requests);
    println!("failures     {}", seen.failures.len());
    println!("saves        {}, generations {generations}", size.saves);
    println!(
        "live after   p50 {:?}  p95 {:?}  p99 {:?}  max {:?}",
        percentile(&latencies, 50),
        percentile(&latencies, 95),
        percentile(&latencies, 99),
        percentile(&latencies, 100)
    );
    println!("resident     {warm} KiB after a fifth of the saves, {end} KiB at the end");
    assert!(
        seen.failures.is_empty(),
        "of {}: {:?}",
        seen.requests,
        seen.failures
    );
    // One save may be two changes at worst, where its parts come too late one after the other.
    let out = up.out();
    let lost = out.lines().filter(|line| line.starts_with("✓ generation "));
    let costly: Vec<_> = lost
        .filter(|line| !line.ends_with(" · 0 requests lost"))
        .collect();
    assert!(costly.is_empty(), "{costly:?}");
    assert!(!out.contains("not applied"), "{out}");
}
