//! One object with one mistake each.
