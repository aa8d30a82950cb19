//! Tests of the planner against a simulated API.

mod api;
mod day;
mod figures;
mod fuzz;
