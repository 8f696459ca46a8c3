//! The relay: whatever goes wrong, every event goes out, in order, at least once.

mod faults;
mod outside;
mod replay;
mod replicas;
mod rules;
