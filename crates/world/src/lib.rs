//! The machine around a standalone mesh: workloads, addresses, echo servers, names.
