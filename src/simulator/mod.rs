//! A look-alike of the Revox API, for the demo, the tests and the benches.
//!
//! It builds its JSON by hand and shares no type with `wire`, so that one wrong field name cannot pass on both
//! sides.
