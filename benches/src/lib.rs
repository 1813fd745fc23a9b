//! What the benchmarks measure: meshes of a size, made as users write them, and one proxy on a
//! network in memory.
//!
//! `instructions/` counts instructions, which are the same on a busy machine; `load/` runs whole
//! processes in turn and compares what they cost. Deliberately absent: assertions about time.

pub mod meshes;
pub mod proxied;
