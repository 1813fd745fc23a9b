//! The Kubernetes kinds that routing depends on. Only the fields that are used are declared; the
//! others are kept in [`Object::raw`](crate::resource::Object::raw).
//!
//! Each type holds what is beside `metadata`.

pub mod endpoints;
pub mod meta;
pub mod place;
pub mod pod;
pub mod protocol;
pub mod secret;
pub mod service;
pub mod workload;
