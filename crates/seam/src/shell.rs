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

/// Lowers the soft limit of open files to its name, then runs its argument as a command line. A
/// process may do that to itself alone, without unsafe code, before its program begins.
const LIMITED: &str = "ulimit -S -n \"$0\" && exec /bin/sh -c \"$1\"";

/// Starts `/bin/sh -c LINE` in a process group of its own, with nothing to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shell {
    /// Files that a program may open, unless it asks for more; as many as we where it is not said.
    open_files: Option<u64>,
}

impl Shell {
    /// Programs may open so many files unless they ask for more, whatever we may: 1,024 is what many
    /// are made for, and some do something for each file that they could have.
    pub const fn with_open_files(limit: u64) -> Self {
        Self {
            open_files: Some(limit),
        }
    }
}

impl Launcher for Shell {
    /// Must be called on a tokio runtime.
    fn launch(&self, program: &Program) -> io::Result<Launched> {
        let mut command = Command::new(SHELL);
        command.arg("-c");
        match self.open_files {
            Some(limit) => command.args([LIMITED, &limit.to_string(), &program.line]),
            None => command.arg(&program.line),
        };
        command
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
        let mut launched = Shell::default()
            .launch(&program("echo \"$WORD\"; exit 3"))
            .unwrap();
        let mut text = String::new();
        launched.output[0].read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "two words\n");
        assert_eq!(launched.ended.await, "exit status: 3");
    }

    #[tokio::test]
    async fn a_program_has_its_own_limit_of_files_and_may_raise_it() {
        let said = async |shell: Shell, line: &str| {
            let mut launched = shell.launch(&program(line)).unwrap();
            let mut text = String::new();
            launched.output[0].read_to_string(&mut text).await.unwrap();
            assert_eq!(launched.ended.await, "exit status: 0");
            text
        };
        let line = "ulimit -S -n; ulimit -H -n; echo \"$WORD\" \"$0\"";
        let ours = said(Shell::default(), line).await;
        let [soft, hard, rest] = ours.lines().collect::<Vec<_>>()[..] else {
            panic!("{ours}")
        };
        assert_ne!(soft, "77");
        let theirs = said(Shell::with_open_files(77), line).await;
        assert_eq!(theirs, format!("77\n{hard}\n{rest}\n"));
        let raised = said(Shell::with_open_files(77), "ulimit -S -n 78; ulimit -S -n").await;
        assert_eq!(raised, "78\n");
        let quoted = said(Shell::with_open_files(77), "echo 'a  \"b\"' \"$#\"").await;
        assert_eq!(quoted, "a  \"b\" 0\n");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_an_error() {
        let mut nowhere = program("true");
        nowhere.folder = PathBuf::from("/nowhere/at/all");
        assert!(Shell::default().launch(&nowhere).is_err());
    }

    #[tokio::test]
    async fn a_signal_reaches_all_of_a_group() {
        let line = "sleep 600 & echo started; wait";
        let mut launched = Shell::default().launch(&program(line)).unwrap();
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
