//! The outside as traits: clock, randomness, resolver, transport, spawner; and their real versions.
