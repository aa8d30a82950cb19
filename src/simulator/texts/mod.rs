//! What people and machines say in the simulated account: names, conversations, prompts.
//!
//! These are tables of text with a little chance on top; who says what when is the business of `render`.

pub(super) mod dialogue;
pub(super) mod people;
pub(super) mod prompts;
