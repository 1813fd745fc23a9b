//! Where the commands of a document run: a folder with copies of the examples, and a mesh of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::shape::{self, Ports};

/// How long the mesh may take to say what the document shows. It takes milliseconds; a busy machine
/// may need more.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a mesh is listened to that may say anything, so that it can be written down.
const LISTENING: Duration = Duration::from_secs(3);
/// Flags by which a mesh does not meet others on its ports.
const OWN_PORTS: &str = "--gateway-port 80=auto --admin-port 0";

/// What the output of a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be compared with the document.
    Compare,
    /// To be written into the document, with the ports that people get.
    Write,
}

/// What became of one block.
pub(crate) enum Outcome {
    /// It is as the document shows it.
    AsShown,
    /// It is this instead.
    Otherwise(Vec<String>),
}

/// A shell in which one document is played.
pub(crate) struct Shell {
    purpose: Purpose,
    folder: TempDir,
    ports: Ports,
    up: Option<Up>,
}

/// The running `sealane up`, and what it has printed that no block has shown yet.
struct Up {
    process: Child,
    lines: Receiver<String>,
    unseen: Vec<String>,
}

impl Shell {
    /// A shell in a copy of what documents name below `root`.
    pub(crate) fn new(root: &Path, purpose: Purpose) -> Result<Self> {
        let folder = TempDir::new()?;
        for name in ["examples", "scenarios"] {
            copy(&root.join(name), &folder.path().join(name))?;
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sealane"), folder.path().join("sealane"))?;
        // No progress bar beside the answer: a person sees none either, on a terminal.
        std::fs::write(folder.path().join(".curlrc"), "silent\n")?;
        Ok(Self {
            purpose,
            folder,
            ports: Ports::default(),
            up: None,
        })
    }

    /// Runs a command and compares what it prints. `sealane up` goes on in the background.
    pub(crate) fn run(&mut self, command: &str, shown: &[String]) -> Result<Outcome> {
        let command = command.replace("cargo run --release --", "sealane");
        let command = self.ports.fill_in(&command);
        if command.starts_with("sealane up ") {
            self.stop()?;
            let ports = match self.purpose {
                Purpose::Compare => OWN_PORTS,
                Purpose::Write => "",
            };
            self.up = Some(self.start(&format!("exec {command} {ports} 2>&1"))?);
            return self.hear_up(shown);
        }
        if command.starts_with("curl ") && !self.has("curl") {
            eprintln!("skipped, there is no curl here: {command}");
            return Ok(Outcome::AsShown);
        }
        let output = self.shell(&format!("{{ {command}\n}} 2>&1")).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let seen: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        Ok(if shape::matches(shown, &seen, &mut self.ports) {
            Outcome::AsShown
        } else {
            Outcome::Otherwise(seen)
        })
    }

    /// Waits until `sealane up` has printed what a document shows.
    pub(crate) fn hear_up(&mut self, shown: &[String]) -> Result<Outcome> {
        let patience = match self.purpose {
            Purpose::Compare => PATIENCE,
            Purpose::Write => LISTENING,
        };
        let up = self.up.as_mut().context("no `sealane up` is running")?;
        while !shape::matches(shown, &up.unseen, &mut self.ports) {
            match up.lines.recv_timeout(patience) {
                Ok(line) => up.unseen.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    return Ok(Outcome::Otherwise(std::mem::take(&mut up.unseen)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("it has ended, and printed\n{}", up.unseen.join("\n"))
                }
            }
        }
        up.unseen.clear();
        Ok(Outcome::AsShown)
    }

    /// Ends the mesh as Ctrl-C would, if one runs.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut up) = self.up.take() else {
            return Ok(());
        };
        self.shell(&format!("kill -INT {}", up.process.id()))
            .status()?;
        let status = up.process.wait()?;
        ensure!(status.success(), "`sealane up` ended with {status}");
        Ok(())
    }

    /// Whether a program can be called.
    pub(crate) fn has(&self, program: &str) -> bool {
        let found = self.shell(&format!("command -v {program}")).output();
        found.is_ok_and(|output| output.status.success())
    }

    fn start(&self, command: &str) -> Result<Up> {
        let mut process = self.shell(command).stdout(Stdio::piped()).spawn()?;
        let output = process
            .stdout
            .take()
            .context("the output was not captured")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines
                .map(|line| sender.send(line))
                .take_while(Result::is_ok)
                .count()
        });
        Ok(Up {
            process,
            lines,
            unseen: Vec::new(),
        })
    }

    fn shell(&self, command: &str) -> Command {
        let folder = self.folder.path();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(folder)
            .stdin(Stdio::null());
        shell.env("PATH", format!("{}:{}", folder.display(), path.display()));
        shell
            .env("HOME", folder)
            .env("SEALANE_RUNTIME_DIR", folder)
            // Where documents put it; each command is a shell of its own.
            .env("KUBECONFIG", folder.join(".kube/sealane"))
            .env("NO_COLOR", "1");
        shell
    }
}

impl Drop for Shell {
    /// A document that failed leaves no mesh behind.
    fn drop(&mut self) {
        if let Some(up) = &mut self.up {
            up.process.kill().ok();
            up.process.wait().ok();
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
