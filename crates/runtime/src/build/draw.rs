//! How the draws of a route are named.

/// How the sequences of a route are named and drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a> {
    pub(super) key: &'a str,
    pub(super) random: bool,
}
