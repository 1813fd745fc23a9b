//! `sealane man`: manual pages, written from the same words as `--help`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use crate::args::{Cli, Man};
use crate::print;

/// Prints the main page, or writes the pages of all commands into a folder.
pub(crate) fn run(args: &Man) -> Result<()> {
    let mut command = Cli::command();
    command.build();
    match &args.dir {
        None => print::text(&page(&command)?),
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("--dir {}", folder.display()))?;
            let count = write(&command, "sealane", folder)?;
            print::line(format_args!("{count} pages in {}", folder.display()))
        }
    }
}

fn page(command: &clap::Command) -> Result<String> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The page of a command and those below it; gives back how many there are.
fn write(command: &clap::Command, name: &str, folder: &Path) -> Result<usize> {
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, page(command)?).with_context(|| format!("writing {}", path.display()))?;
    let mut count = 1;
    for below in command
        .get_subcommands()
        .filter(|it| !it.is_hide_set() && it.get_name() != "help")
    {
        count += write(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(count)
}
