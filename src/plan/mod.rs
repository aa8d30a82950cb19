//! Decides what to read next, without I/O.
