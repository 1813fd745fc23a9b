//! Sealane: Istio's traffic management in one binary.
//!
//! This crate is the command line: flags, printing, exit codes; each command is one file.

mod args;
mod client;
mod columns;
mod commands;
mod discover;
mod failure;
mod jsonpath;
mod logging;
mod manifests;
mod named;
mod objects;
mod output;
mod print;
mod progress;
mod rest;
mod rules;
mod statistics;
mod textdiff;
mod time;
mod token;
mod warnings;
mod yaml;

use std::process::ExitCode;

use anstream::ColorChoice;
use anyhow::{Error, Result};
use clap::Parser;

use crate::args::{Cli, Colours, Command, TrafficCommand};
use crate::commands::mark::{self, Field};
use crate::commands::{diff, traffic};
use crate::failure::{Failure, USAGE};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.color {
        Colours::Auto => {}
        Colours::Always => ColorChoice::Always.write_global(),
        Colours::Never => ColorChoice::Never.write_global(),
    }
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Help and version go to standard output and are no error.
fn usage(error: &clap::Error) -> ExitCode {
    // Where standard error is closed there is nobody to tell.
    drop(error.print());
    if error.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints what went wrong and gives its exit code.
fn fail(error: &Error) -> ExitCode {
    let Some(failure) = error.downcast_ref::<Failure>() else {
        print::note(format_args!("error: {error:#}"));
        return ExitCode::FAILURE;
    };
    if !failure.text.is_empty() {
        print::note(format_args!("{}", failure.text));
    }
    ExitCode::from(failure.code)
}

fn run(command: Command) -> Result<ExitCode> {
    // `up` tells its warnings, and so begins by itself.
    if !matches!(command, Command::Up(_)) {
        logging::listen(None)?;
    }
    let asks = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match command {
        Command::Up(args) => commands::up::run(args),
        Command::Test(args) => commands::test::run(&args),
        Command::Version(args) => done(commands::version::run(&args)),
        Command::Env(args) => done(asks.block_on(commands::env::run(&args))),
        Command::Apply(args) => done(asks.block_on(commands::apply::run(&args))),
        Command::Delete(args) => done(asks.block_on(commands::delete::run(&args))),
        Command::Get(args) => done(asks.block_on(commands::get::run(&args))),
        Command::Describe(args) => done(asks.block_on(commands::describe::run(&args))),
        Command::Label(args) => done(asks.block_on(mark::run(&args, Field::Labels))),
        Command::Annotate(args) => done(asks.block_on(mark::run(&args, Field::Annotations))),
        Command::Scale(args) => done(asks.block_on(commands::scale::run(&args))),
        Command::Logs(args) => done(asks.block_on(commands::logs::run(&args))),
        Command::Wait(args) => done(asks.block_on(commands::wait::run(&args))),
        Command::Diff(args) => asks.block_on(diff::run(&args)).map_err(diff::failed),
        Command::Completion(args) => done(commands::completion::run(&args)),
        Command::Man(args) => done(commands::man::run(&args)),
        Command::Kubeconfig(args) => done(asks.block_on(commands::kubeconfig::run(&args))),
        Command::Curl(args) => done(asks.block_on(commands::curl::run(&args))),
        Command::Traffic(args) => match args.command {
            TrafficCommand::Test(args) => asks.block_on(traffic::test::run(&args)),
            TrafficCommand::Monitor(args) => done(asks.block_on(traffic::monitor::run(&args))),
            TrafficCommand::Config(args) => done(asks.block_on(traffic::config::run(&args))),
        },
    }
}

fn done(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}
