//! What a dwell report counts.
