//! Against a real Redis: what goes out, what comes in, and what happens when it is not there.

mod commands;
mod outages;
mod publishers;
mod quantities;
mod scene;
mod tls;
