//! Declared state to snapshot to compile to push; status, history and the read model.
