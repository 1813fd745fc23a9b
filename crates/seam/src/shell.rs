//! The real launcher: command lines by the shell of this machine.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use rustix::process::{Pid, Signal as Number, kill_process_group, test_kill_process_group};
use tokio::io::AsyncRead;
use tokio::process::Command;

use crate::process::{Group, Launched, Launcher, Program, Signal};

/// What reads command lines; not looked up in `PATH`.
const SHELL: &str = "/bin/sh";

/// Starts `/bin/sh -c LINE` in a process group of its own, with nothing to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shell;

impl Launcher for Shell {
    /// Must be called on a tokio runtime.
    fn launch(&self, program: &Program) -> io::Result<Launched> {
        let mut command = Command::new(SHELL);
        command
            .arg("-c")
            .arg(&program.line)
            .envs(&program.variables)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !program.folder.as_os_str().is_empty() {
            command.current_dir(&program.folder);
        }
        let mut child = command.spawn()?;
        let leader = child.id().and_then(|id| i32::try_from(id).ok());
        let leader = leader.and_then(Pid::from_raw);
        let leader = leader.ok_or_else(|| io::Error::other("the process has no id"))?;
        let mut output: Vec<Box<dyn AsyncRead + Send + Unpin>> = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            output.push(Box::new(stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            output.push(Box::new(stderr));
        }
        let ended = async move {
            match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => format!("cannot be waited for: {error}"),
            }
        };
        Ok(Launched {
            group: Arc::new(ProcessGroup(leader)),
            output,
            ended: Box::pin(ended),
        })
    }
}

/// The group that a process leads.
struct ProcessGroup(Pid);

impl Group for ProcessGroup {
    fn signal(&self, signal: Signal) {
        let number = match signal {
            Signal::Terminate => Number::TERM,
            Signal::Kill => Number::KILL,
        };
        // It fails when nobody is left, which is what is wanted.
        kill_process_group(self.0, number).ok();
    }

    fn is_empty(&self) -> bool {
        test_kill_process_group(self.0).is_err()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;

    fn program(line: &str) -> Program {
        Program {
            line: line.to_owned(),
            folder: PathBuf::new(),
            variables: BTreeMap::from([("WORD".to_owned(), "two words".to_owned())]),
        }
    }

    #[tokio::test]
    async fn a_line_is_read_by_the_shell() {
        let mut launched = Shell.launch(&program("echo \"$WORD\"; exit 3")).unwrap();
        let mut text = String::new();
        launched.output[0].read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "two words\n");
        assert_eq!(launched.ended.await, "exit status: 3");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_an_error() {
        let mut nowhere = program("true");
        nowhere.folder = PathBuf::from("/nowhere/at/all");
        assert!(Shell.launch(&nowhere).is_err());
    }

    #[tokio::test]
    async fn a_signal_reaches_all_of_a_group() {
        let line = "sleep 600 & echo started; wait";
        let mut launched = Shell.launch(&program(line)).unwrap();
        let mut started = [0; 8];
        launched.output[0].read_exact(&mut started).await.unwrap();
        launched.group.signal(Signal::Kill);
        launched.ended.await;
        // Its end of the pipe is closed when the background process is gone.
        let mut rest = String::new();
        let read = launched.output[0].read_to_string(&mut rest);
        let read = tokio::time::timeout(Duration::from_mins(1), read).await;
        assert_eq!(read.unwrap().unwrap(), 0);
    }
}
