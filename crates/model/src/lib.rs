//! What users declare: Istio and Kubernetes kinds, parsed with spans, defaulted and validated.
//!
//! Entry points: [`parse::parse_text`] turns a file into [`resource::Object`]s and
//! [`diagnostic::Diagnostic`]s, [`parse::parse_json`] does it for a body of the API. The kinds are
//! in [`networking`] (Istio) and [`core`] (Kubernetes).
//!
//! Deliberately absent: reading from disk, looking at several objects at once (a missing subset,
//! two objects that collide), and anything that knows Envoy.

pub mod base64;
pub mod core;
pub mod diagnostic;
pub mod duration;
pub mod kind;
pub mod networking;
pub mod parse;
pub mod path;
pub mod resource;
pub mod schema;
pub mod span;
pub mod suggest;
pub mod support;
pub mod tree;
pub mod validate;
