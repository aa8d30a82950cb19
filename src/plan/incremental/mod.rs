//! Plans an incremental pass over one campaign of the older API: which pages to read, what each answer tells,
//! and what is proven in the end. No I/O and no time.
//!
//! The rows of an API in a stable order, filtered by status, are lists in row order, and the mirror knows the
//! same lists. The totals say whether they differ, and pages laid beside the mirror's rows say where
//! (`search`). A row that left a list is missing until a page shows it. The pass is over when every list has
//! as many rows as the mirror, nothing is missing, and the unfiltered rows end where the mirror's do.
//!
//! Equal numbers are no proof: a row that came and one that left between the same two pages cancel out. Calls
//! under way are therefore read whole, finished ones do not move on, and what moves in between is then found
//! by the numbers, as long as calls only move forward. A daily full walk finds what does not.
//!
//! Leaves to the caller: asking, writing the rows of each page, and when to look at all.

mod finding;
mod knowledge;
mod learn;
mod list;
mod pass;
mod question;
mod rows;
mod search;
mod sequence;
#[cfg(test)]
mod tests;
mod witness;

pub use finding::{Evidence, Finding};
pub use pass::{Incremental, Task};
pub use question::{Answer, Filtering, Purpose, Question, ShownRow, Writing};
pub use sequence::{RowKey, Sequence};
