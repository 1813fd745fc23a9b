//! The commands, one file each.

pub mod apply;
pub mod curl;
pub mod delete;
pub mod env;
pub mod exit;
pub mod get;
pub mod test;
pub mod traffic_test;
pub mod up;
pub mod version;
