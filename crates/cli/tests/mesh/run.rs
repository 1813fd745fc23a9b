//! Runs the binary: commands that end, and a mesh in the background.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take. It takes milliseconds; a busy machine may need more.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with manifests, in which commands run and by which they find their mesh.
pub(crate) struct Place(TempDir);

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Place {
    /// A folder of its own, with `manifests/mesh.yaml`.
    pub(crate) fn new(yaml: &str) -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::create_dir(place.path("manifests")).unwrap();
        place.save("mesh.yaml", yaml);
        place
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a manifest as editors do: beside, then in place of the old one.
    pub(crate) fn save(&self, name: &str, yaml: &str) {
        let beside = self.path("manifests/.saving");
        fs::write(&beside, yaml).unwrap();
        fs::rename(&beside, self.path("manifests").join(name)).unwrap();
    }

    /// The command line of `sealane`, to be completed.
    fn sealane(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_sealane"))
    }

    /// A command line in the folder.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env("SEALANE_RUNTIME_DIR", self.0.path())
            .env_remove("SEALANE_SERVER")
            .env_remove("SEALANE_TOKEN")
            .env_remove("SEALANE_LOG")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs `sealane ARGS` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.feed(args, "")
    }

    /// The same, with standard input.
    pub(crate) fn feed(&self, args: &[&str], input: &str) -> Said {
        ended(self.sealane().args(args), input)
    }

    /// The same, with variables of the environment.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Said {
        let mut command = self.sealane();
        ended(command.envs(environment.iter().copied()).args(args), "")
    }

    /// The JSON that `sealane ARGS` prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap()
    }
}

/// Runs a command to its end.
fn ended(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read may be gone before the text is written.
    stdin.write_all(input.as_bytes()).ok();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running `sealane up manifests`, killed when it is dropped.
pub(crate) struct Up {
    place: Place,
    process: Child,
    told: Arc<Told>,
}

/// What the mesh has printed, on either output.
#[derive(Default)]
struct Told {
    text: Mutex<String>,
    /// Standard output alone.
    out: Mutex<String>,
    more: Condvar,
}

impl Told {
    fn listen(self: &Arc<Self>, output: impl Read + Send + 'static, is_out: bool) {
        let told = Arc::clone(self);
        // It ends with the process whose output it reads.
        drop(thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let line = line + "\n";
                if is_out {
                    told.out.lock().unwrap().push_str(&line);
                }
                told.text.lock().unwrap().push_str(&line);
                told.more.notify_all();
            }
        }));
    }
}

impl Up {
    /// A mesh of `yaml`, started and served.
    pub(crate) fn of(yaml: &str) -> Self {
        Self::with(yaml, &[])
    }

    /// The same, with further flags.
    pub(crate) fn with(yaml: &str, flags: &[&str]) -> Self {
        Self::at(Place::new(yaml), flags)
    }

    /// A mesh of `yaml` in a process that may open so many files; half of them unless it asks.
    pub(crate) fn with_files(yaml: &str, files: usize) -> Self {
        let place = Place::new(yaml);
        let mut sealane = place.command("sh");
        let limited = format!(
            "ulimit -n {files} && ulimit -S -n {} && exec \"$0\" \"$@\"",
            files / 2
        );
        sealane.args(["-c", &limited, env!("CARGO_BIN_EXE_sealane")]);
        Self::by(sealane, place, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn within(environment: &[(&str, &str)], place: Place, flags: &[&str]) -> Self {
        let mut command = place.sealane();
        command.envs(environment.iter().copied());
        Self::by(command, place, flags)
    }

    /// The mesh of a folder.
    pub(crate) fn at(place: Place, flags: &[&str]) -> Self {
        let command = place.sealane();
        Self::by(command, place, flags)
    }

    /// The same where no more than so many files may be open, unless the process asks for more.
    pub(crate) fn limited(place: Place, files: u32, flags: &[&str]) -> Self {
        let mut command = place.command("sh");
        let script = format!("ulimit -Sn {files}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_sealane")]);
        Self::by(command, place, flags)
    }

    /// A mesh that says other things at its start.
    pub(crate) fn telling(first: &str, place: Place, flags: &[&str]) -> Self {
        let up = Self::begun(place.sealane(), place, flags);
        up.tells(first);
        up
    }

    fn by(command: Command, place: Place, flags: &[&str]) -> Self {
        let up = Self::begun(command, place, flags);
        up.tells("Ctrl-C drains and stops");
        up
    }

    fn begun(mut command: Command, place: Place, flags: &[&str]) -> Self {
        let mut process = command
            .args(["up", "manifests", "--admin-port", "0"])
            .args(["--gateway-port", "80=auto"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = Arc::new(Told::default());
        told.listen(process.stdout.take().unwrap(), true);
        told.listen(process.stderr.take().unwrap(), false);
        Self {
            place,
            process,
            told,
        }
    }

    /// The folder of its manifests.
    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the terminal shows `text`, and gives all that it shows.
    pub(crate) fn tells(&self, text: &str) -> String {
        let shown = self.told.text.lock().unwrap();
        let more = &self.told.more;
        let waited = more.wait_timeout_while(shown, PATIENCE, |shown| !shown.contains(text));
        let shown = waited.unwrap().0.clone();
        assert!(shown.contains(text), "no {text:?} in\n{shown}");
        shown
    }

    /// The same for what standard output shows after its first `from` bytes.
    pub(crate) fn tells_after(&self, from: usize, text: &str) -> String {
        let rest = |out: &str| out.get(from..).unwrap_or_default().to_owned();
        until(text, || {
            Some(rest(&self.out())).filter(|rest| rest.contains(text))
        })
    }

    /// What it has printed on standard output.
    pub(crate) fn out(&self) -> String {
        self.told.out.lock().unwrap().clone()
    }

    /// Where the first Gateway is served.
    pub(crate) fn gateway(&self) -> SocketAddr {
        let shown = self.tells("   Gateway ");
        let line = shown.lines().find(|line| line.contains("   Gateway "));
        let url = line.unwrap().split_whitespace().next().unwrap();
        url.trim_start_matches("http://").parse().unwrap()
    }

    /// Where the admin API is.
    pub(crate) fn admin(&self) -> SocketAddr {
        let shown = self.tells("Ctrl-C drains and stops");
        let (_, rest) = shown.split_once("  admin http://").unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The capture port of a workload, as the map names it.
    pub(crate) fn capture(&self, workload: &str) -> SocketAddr {
        let shown = self.tells("Ctrl-C drains and stops");
        let is_row = |line: &&str| line.split_whitespace().next() == Some(workload);
        let row = shown.lines().find(is_row);
        let row = row.unwrap_or_else(|| panic!("no workload {workload} in\n{shown}"));
        row.split_whitespace().last().unwrap().parse().unwrap()
    }

    /// Runs a command that finds this mesh.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.place.run(args)
    }

    /// Sends the signal that ends it gracefully.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends what Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the mesh ends", || self.process.try_wait().unwrap())
    }
}

impl Drop for Up {
    /// A test that failed leaves no mesh behind.
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(found) = ask() {
            return found;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    panic!("in vain: {what}");
}

/// Waits until a log has a line that `is_meant`.
pub(crate) fn logged(log: &Path, is_meant: impl Fn(&str) -> bool) -> String {
    until("a line in the access log", || {
        let text = fs::read_to_string(log).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().find(|line| is_meant(line)).map(str::to_owned)
    })
}
