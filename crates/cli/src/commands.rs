//! The commands, one file each.

pub(crate) mod apply;
pub(crate) mod curl;
pub(crate) mod delete;
pub(crate) mod env;
pub(crate) mod get;
pub(crate) mod kubeconfig;
pub(crate) mod test;
pub(crate) mod traffic_test;
pub(crate) mod up;
pub(crate) mod version;
