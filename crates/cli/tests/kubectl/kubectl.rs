//! Finds kubectls and runs them against a mesh.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

use crate::run::{Place, Said, Up};

/// A namespace, so that there is something to start with.
const NOTHING: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n";

/// One kubectl that is pointed at one mesh.
pub(crate) struct Kubectl {
    binary: PathBuf,
    up: Up,
    server: String,
    /// Where it keeps what it discovered.
    home: TempDir,
}

/// Runs `test` with each kubectl that is here, against a mesh in which nothing is declared.
pub(crate) fn with_each(test: impl Fn(&Kubectl)) {
    with_each_at(|| Place::new(NOTHING), test);
}

/// The same, against a mesh of a folder.
pub(crate) fn with_each_at(place: impl Fn() -> Place, test: impl Fn(&Kubectl)) {
    with_each_up(|| Up::at(place(), &[]), test);
}

/// The same against a mesh that wants this token.
pub(crate) fn with_each_and_token(token: &str, test: impl Fn(&Kubectl)) {
    let start = || {
        let place = Place::new(NOTHING);
        fs::write(place.path("token"), token).unwrap();
        Up::at(place, &["--admin-token-file", "token"])
    };
    with_each_up(start, test);
}

fn with_each_up(start: impl Fn() -> Up, test: impl Fn(&Kubectl)) {
    let found = kubectls();
    if found.is_empty() {
        eprintln!("skipped: no kubectl here; scripts/install-kubectl gets one");
    }
    for binary in found {
        let up = start();
        let shown = up.tells("admin http://");
        let line = shown.split("admin ").nth(1).unwrap();
        let server = line.split_whitespace().next().unwrap().to_owned();
        let kubectl = Kubectl {
            binary,
            up,
            server,
            home: TempDir::new().unwrap(),
        };
        test(&kubectl);
    }
}

/// Those of `SEALANE_KUBECTL` (paths between colons), else the unpacked one and the installed one.
fn kubectls() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("SEALANE_KUBECTL") {
        return env::split_paths(&named).collect();
    }
    let unpacked = repository().join(".kubectl/usr/bin/kubectl");
    let path = env::var_os("PATH").unwrap_or_default();
    let mut installed = env::split_paths(&path).map(|folder| folder.join("kubectl"));
    let installed = installed.find(|binary| binary.is_file());
    let unpacked = Some(unpacked).filter(|binary| binary.is_file());
    unpacked.into_iter().chain(installed).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A manifest of these tests.
pub(crate) fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl/data");
    folder.join(name).to_str().unwrap().to_owned()
}

/// A manifest of the examples.
pub(crate) fn example(name: &str) -> String {
    let path = repository().join("examples").join(name);
    path.to_str().unwrap().to_owned()
}

impl Kubectl {
    /// `kubectl --server …`, to be completed.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.alone();
        command.arg("--server").arg(&self.server).args(args);
        command
    }

    /// `kubectl`, to be completed.
    fn alone(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .current_dir(self.home.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end that finds the mesh by a kubeconfig.
    pub(crate) fn by_config(&self, config: &str, line: &str) -> Said {
        let mut command = self.alone();
        ended(
            command
                .env("KUBECONFIG", config)
                .args(line.split_whitespace()),
        )
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        ended(&mut self.command(args))
    }

    /// The same, with words between spaces.
    pub(crate) fn words(&self, line: &str) -> Said {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// What a command prints that must succeed.
    pub(crate) fn ok(&self, line: &str) -> String {
        let said = self.words(line);
        assert_eq!(said.code, 0, "{} {line}: {said:?}", self.binary.display());
        said.out
    }

    /// Applies a file and expects these lines.
    pub(crate) fn applies(&self, file: &str, expected: &[&str]) {
        let said = self.run(&["apply", "-f", file]);
        assert_eq!(said.code, 0, "{} {file}: {said:?}", self.binary.display());
        let lines: Vec<_> = said.out.lines().collect();
        assert_eq!(
            lines,
            expected,
            "{} {file}: {said:?}",
            self.binary.display()
        );
    }

    /// A shell in which `kubectl` is this one, pointed at this mesh by a kubeconfig; the command line
    /// is to be run as it stands.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let (home, path) = (self.home.path(), env::var_os("PATH").unwrap_or_default());
        let (folder, config) = (home.join("bin"), home.join("kubeconfig"));
        if !config.exists() {
            fs::create_dir(&folder).unwrap();
            std::os::unix::fs::symlink(&self.binary, folder.join("kubectl")).unwrap();
            fs::write(&config, self.up.run(&["kubeconfig"]).out).unwrap();
        }
        let folders = std::iter::once(folder).chain(env::split_paths(&path));
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            .current_dir(home)
            .env_clear()
            .env("PATH", env::join_paths(folders).unwrap())
            .env("HOME", home)
            .env("KUBECONFIG", config)
            .stdin(Stdio::null());
        shell
    }

    /// Where its commands run.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file beside the manifests of this run and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The mesh.
    pub(crate) const fn mesh(&self) -> &Up {
        &self.up
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The words of each line, so that the width of columns does not count.
pub(crate) fn cells(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect()
}
