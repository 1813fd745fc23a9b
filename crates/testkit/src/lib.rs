//! Reads scenario files and plays them at their depths; `sealane test` is this crate.
//!
//! [`scenario::Scenario::read`] turns a Markdown file (`scenarios/README.md` is the format) into typed steps, and
//! [`run::run`] plays it:
//!
//! | depth | by | what takes part |
//! | --- | --- | --- |
//! | compile | [`compiled`] | `compile`; golden files ([`golden`]) |
//! | decide | [`decided`] | resources, serialised and read again, and the runtime's pure decisions |
//! | serve | [`running`] | the whole assembly in memory, on a paused clock |
//! | sockets | [`running`] | the whole assembly over loopback sockets, in real time |
//!
//! The last two yield [`observed::Observed`] values through the seam [`mesh::Mesh`], which [`judge::judge`]
//! compares with what the file expects. [`report`] puts the depths of a file together; [`suite`] plays many files.
//! Deliberately absent: any knowledge of how a mesh routes, and TLS, which callers do not speak yet.

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
