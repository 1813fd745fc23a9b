//! Reads and plays scenario files at their depths.
