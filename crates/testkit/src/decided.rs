//! The depth *decide*: the runtime's pure decisions, from serialised resources.

pub mod judge;
pub mod outcome;
