//! Commands about the command line itself: `completion`, `man`, `version`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::Output;

/// `sealane version`.
#[derive(Debug, Args)]
pub(crate) struct Version {
    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
}

/// `sealane completion`.
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: CompletedShell,
}

/// The shells that are completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompletedShell {
    /// source <(sealane completion bash)
    Bash,
    /// source <(sealane completion zsh)
    Zsh,
    /// sealane completion fish | source
    Fish,
    /// sealane completion powershell | Out-String | Invoke-Expression
    Powershell,
}

impl From<CompletedShell> for Shell {
    fn from(shell: CompletedShell) -> Self {
        match shell {
            CompletedShell::Bash => Self::Bash,
            CompletedShell::Zsh => Self::Zsh,
            CompletedShell::Fish => Self::Fish,
            CompletedShell::Powershell => Self::PowerShell,
        }
    }
}

/// `sealane man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for each command into this folder, instead of the main page to standard output
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
