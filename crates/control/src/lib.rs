//! Declared state to snapshot to compile to push; status, history and the read model.

pub mod api;
pub mod declared;
#[cfg(test)]
mod fixture;
pub mod shown;
pub mod source;
pub mod time;
pub mod words;
