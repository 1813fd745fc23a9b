//! Many saves under steady traffic: no request fails, none is decided by two generations.
//!
//! In the suite five seconds and fifty saves. `cargo xtask stress change` plays the long form, whose
//! size comes in `SEALANE_STRESS` as `SECONDS:SAVES`, and reads the figures that are printed.

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
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

/// Parts of a save with a longer pause between them need not be one change.
const TOGETHER: Duration = Duration::from_millis(30);

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
struct Folder<'a> {
    place: &'a Place,
    /// When it was last touched, and the longest pause before that since the save began.
    touched: Cell<Instant>,
    pause: Cell<Duration>,
}

impl<'a> Folder<'a> {
    fn new(place: &'a Place) -> Self {
        Self {
            place,
            touched: Cell::new(Instant::now()),
            pause: Cell::default(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path("manifests").join(name)
    }

    /// Something was done to a file.
    fn touch(&self) {
        let now = Instant::now();
        let pause = now - self.touched.replace(now);
        self.pause.set(self.pause.get().max(pause));
    }

    /// Writes beside the file, then renames.
    fn rename(&self, name: &str, text: &str) {
        self.place.save(name, text);
        self.touch();
    }

    /// Empties the file, then writes it.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.touch();
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

    /// Saves in a way that the dice choose; whether its parts came together. On a busy machine this
    /// test may be held up between two files, and then they are two changes.
    fn save(&self, dice: &mut Dice, state: &mut State) -> bool {
        state.tag += 1;
        self.touched.set(Instant::now());
        self.pause.take();
        match dice.below(6) {
            0 => {
                state.first = 10 + dice.below(80);
                self.rename("rule.yaml", &state.rule());
            }
            1 => self.rename_subsets(dice, state),
            2 => {
                let which = usize::try_from(dice.below(2)).unwrap();
                state.pods[which] = 1 + (state.pods[which] + dice.below(2)) % 3;
                self.rename("pods.yaml", &state.workloads());
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
        self.pause.get() < TOGETHER
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
    /// With the time when the request was made.
    failures: Vec<(Instant, String)>,
}

/// A save that this test could not make in one go: what fails meanwhile proves nothing.
struct Torn {
    from: Instant,
    to: Instant,
    generations: RangeInclusive<u64>,
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
        let at = Instant::now();
        let asked = catch_unwind(AssertUnwindSafe(|| {
            let wire = kept.get_or_insert_with(|| Wire::to(gateway));
            judge(wire)
        }));
        seen.requests += 1;
        match asked {
            Ok(None) => {}
            Ok(Some(failure)) => seen.failures.push((at, failure)),
            Err(_) => {
                kept = None;
                seen.failures.push((at, "the connection broke".to_owned()));
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
    let told = out.lines().rev();
    told.map(number).find(|number| *number > 0).unwrap_or(1)
}

/// The generation that a line tells to be live; 0 for other lines.
fn number(line: &str) -> u64 {
    let rest = line.strip_prefix("✓ generation ").unwrap_or_default();
    let number = rest.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

/// Whether the rule of that tag is served.
fn is_live(gateway: SocketAddr, tag: u32) -> Option<()> {
    let answer = Wire::to(gateway).get("/", &[("host", SHOP)]);
    (answer.header("x-rule") == Some(&*tag.to_string())).then_some(())
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

/// How long saves took to be live.
fn figures(mut latencies: Vec<Duration>) -> String {
    latencies.sort();
    let of = |percent| percentile(&latencies, percent);
    let (half, most, nearly) = (of(50), of(95), of(99));
    format!(
        "p50 {half:?}  p95 {most:?}  p99 {nearly:?}  max {:?}",
        of(100)
    )
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
    let (gateway, folder) = (up.gateway(), Folder::new(up.place()));
    let load = Load::start(gateway);
    let (mut dice, mut latencies, mut torn) = (Dice(4), Vec::new(), Vec::new());
    let pace = size.time / size.saves;
    let mut next = Instant::now();
    let mut warm = 0;
    for save in 0..size.saves {
        if save == size.saves / 5 {
            warm = resident(&up);
        }
        let (before, from) = (generation(&up), Instant::now());
        let together = folder.save(&mut dice, &mut state);
        let saved = Instant::now();
        until("the save is live", || {
            (generation(&up) > before).then_some(())
        });
        if together {
            latencies.push(saved.elapsed());
        } else {
            until("all of the save is live", || is_live(gateway, state.tag));
            let generations = before + 1..=generation(&up);
            let to = Instant::now();
            torn.push(Torn {
                from,
                to,
                generations,
            });
        }
        next += pace;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let (end, generations) = (resident(&up), generation(&up));
    let seen = load.stop();
    println!("requests     {}", seen.requests);
    let proves = |at: Instant| !torn.iter().any(|torn| torn.from <= at && at <= torn.to);
    let failures: Vec<_> = seen.failures.iter().filter(|(at, _)| proves(*at)).collect();
    println!("failures     {}", failures.len());
    println!("torn saves   {}", torn.len());
    println!("saves        {}, generations {generations}", size.saves);
    println!("live after   {}", figures(latencies));
    println!("resident     {warm} KiB after a fifth of the saves, {end} KiB at the end");
    assert!(failures.is_empty(), "of {}: {failures:?}", seen.requests);
    let out = up.out();
    let costly: Vec<_> = out
        .lines()
        .filter(|line| number(line) > 1 && !line.ends_with(" · 0 requests lost"))
        .filter(|line| {
            !torn
                .iter()
                .any(|torn| torn.generations.contains(&number(line)))
        })
        .collect();
    assert!(costly.is_empty(), "{costly:?}");
    assert!(!out.contains("not applied"), "{out}");
}
