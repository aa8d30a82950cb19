//! Tests of the planner against a simulated API.

mod api;
mod figures;
mod fuzz;
