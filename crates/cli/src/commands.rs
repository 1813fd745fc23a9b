//! The commands, one file each.

pub(crate) mod apply;
pub(crate) mod completion;
pub(crate) mod curl;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod diff;
pub(crate) mod env;
pub(crate) mod get;
pub(crate) mod kubeconfig;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod mark;
pub(crate) mod scale;
pub(crate) mod test;
pub(crate) mod traffic;
pub(crate) mod up;
pub(crate) mod version;
pub(crate) mod wait;
