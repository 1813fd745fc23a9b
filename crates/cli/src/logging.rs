//! What our crates and the libraries say by `tracing`: on standard error, for who asks with
//! `SEALANE_LOG`. `sealane up` has its warnings on the terminal beside, asked or not.

use std::io;

use anyhow::Result;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{fmt, registry};

use crate::failure::{Failure, USAGE};
use crate::warnings::Warnings;

/// Levels, such as `debug`, and levels of parts, such as `sealane_proxy=trace,info`.
const VARIABLE: &str = "SEALANE_LOG";
/// What the names of our crates begin with.
const OURS: &str = "sealane";

/// Begins to listen, for as long as the process lives. Called once.
pub(crate) fn listen(warnings: Option<Warnings>) -> Result<()> {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let to_stderr = if wanted.is_empty() {
        None
    } else {
        let layer = fmt::layer().with_ansi(false).with_writer(io::stderr);
        Some(layer.with_filter(parse(&wanted)?))
    };
    if to_stderr.is_none() && warnings.is_none() {
        return Ok(());
    }
    let ours = Targets::new().with_target(OURS, LevelFilter::WARN);
    let warnings = warnings.map(|warnings| warnings.with_filter(ours));
    let listener = registry().with(to_stderr).with(warnings);
    Ok(tracing::subscriber::set_global_default(listener)?)
}

fn parse(text: &str) -> Result<Targets, Failure> {
    text.parse().map_err(|error| Failure {
        code: USAGE,
        text: format!(
            "error: {VARIABLE}={text}: {error}\n  \
             want a level (error, warn, info, debug, trace), or levels of parts\n  \
             try {VARIABLE}=sealane_proxy=debug,warn"
        ),
    })
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn parts_have_levels_of_their_own() {
        let targets = parse("sealane_proxy=debug,warn").unwrap();
        assert!(targets.would_enable("sealane_proxy::swap", &Level::DEBUG));
        assert!(targets.would_enable("h2", &Level::WARN));
        assert!(!targets.would_enable("h2", &Level::DEBUG));
        assert!(parse("trace").unwrap().would_enable("h2", &Level::TRACE));
        for wrong in ["sealane_proxy=loud", "a=b=c"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
