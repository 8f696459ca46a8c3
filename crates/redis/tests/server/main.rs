//! Against a real Redis: what goes out, what comes in, and what happens when it is not there.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod commands;
mod damage;
mod outages;
mod publishers;
mod quantities;
mod scene;
mod tls;
