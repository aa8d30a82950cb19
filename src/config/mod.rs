//! Configuration: defaults, the file, the environment.
