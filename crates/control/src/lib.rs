//! Declared state to snapshot to compile to push; status, history and the read model.
//!
//! [`Control`] carries out transactions: edits of declared objects (from files or from the API)
//! become a generation, which is compiled for every running proxy, pushed, and live when all have
//! answered. [`api`] shows it as HTTP. Deliberately absent: how a proxy serves, and how pods and
//! addresses come about; a [`Surroundings`] tells what objects mean on a machine.

pub mod api;
mod backend;
pub mod control;
pub mod declared;
#[cfg(test)]
mod fixture;
pub mod history;
pub mod origins;
pub mod others;
pub mod proxies;
pub mod resource;
pub mod shown;
pub mod source;
pub mod surroundings;
pub mod time;
pub mod view;
pub mod words;

pub use control::{Applied, Control, Current, FilesRefused, Outside};
pub use history::{Cause, Event, Findings, Record, Refusal};
pub use surroundings::{Derived, NoSurroundings, Surroundings};
