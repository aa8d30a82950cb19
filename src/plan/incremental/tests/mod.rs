//! Tests of the planner against a simulated API.
