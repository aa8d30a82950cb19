//! Stub.
mod finding; mod question; mod sequence;
pub use finding::{Evidence, Finding, WALK_IS_CHEAPER};
pub use question::{Answer, Filtering, Purpose, Question, ShownRow, Writing};
pub use sequence::{RowKey, Sequence};
/// Stub.
pub struct Task { pub sequence: Sequence, pub page_size: u32, pub filtering: Filtering, pub due: Vec<usize>, pub changed: bool, pub listed_total: Option<u64>, pub probe: u64 }
/// Stub.
pub struct Incremental;
impl Incremental { pub fn new(_: Task) -> Self { Self } pub fn questions(&mut self) -> Vec<Question> { Vec::new() } pub fn learn(&mut self, _: &Question, _: Answer) {} pub fn finding(&self) -> Finding { Finding::Contrary("stub".into()) } pub fn filtering(&self) -> Filtering { Filtering::Unknown } }
