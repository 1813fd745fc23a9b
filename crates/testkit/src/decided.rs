//! The depth *decide*.

pub mod judge;
pub mod outcome;
