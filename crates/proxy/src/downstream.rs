//! Where connections come in: handed over by original destination, accepted on a listener's own
//! address, or sent to a capture port.

pub mod capture;

mod accept;
mod choose;
mod conduct;
mod crowd;
mod engine;
mod hand_over;
mod sniff;
mod unserved;
