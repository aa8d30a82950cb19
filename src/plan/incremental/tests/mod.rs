//! Tests of the planner against a simulated API.

mod api;
mod cases;
mod day;
mod figures;
mod fuzz;
mod parts;
