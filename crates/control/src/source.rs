//! Where declared objects come from, beside the API: files.

pub mod files;
mod layers;
mod templates;
mod walk;
pub mod watch;

#[cfg(test)]
mod tests;
