//! xDS as a conversation: state machines, and the in-memory carrier.
