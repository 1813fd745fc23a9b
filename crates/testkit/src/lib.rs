//! Reads and plays scenario files at their depths.
//!
//! [`scenario::Scenario::read`] turns a Markdown file into typed steps. A depth plays them and yields checks:
//! a mesh with real calls gives [`observed::Observed`] values, which [`judge::judge`] compares with what the
//! file expects. [`report`] merges the depths of a file and prints them.
//!
//! The format is `scenarios/README.md`.

pub mod client;
pub mod compiled;
pub mod decided;
pub mod depth;
pub mod evidence;
pub mod expected;
pub mod files;
pub mod golden;
pub mod ground;
pub mod judge;
pub mod mesh;
pub mod metamorphic;
pub mod observed;
pub mod phase;
pub mod report;
pub mod run;
pub mod running;
pub mod scenario;
pub mod settings;
pub mod suite;
