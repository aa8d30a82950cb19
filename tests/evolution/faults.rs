//! The faults that requests meet: which, on what, and how often.

use crate::chance::Chance;
use revox_mirror::simulator::{Fault, FaultKind, RetryAfter};
use std::time::Duration;

/// A fault that waits.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What the coverage calls it.
    pub(crate) name: String,
    /// Whether the answer is well formed and wrong.
    pub(crate) lies: bool,
    pub(crate) fault: Fault,
}

/// Draws faults for an account with these campaigns. Of those that lie there is one at most, as far as `may_lie`
/// allows: two lies that agree with each other cannot be told from the truth.
pub(crate) fn draw(
    chance: &mut Chance,
    campaigns: &[String],
    may_lie: impl Fn(&FaultKind) -> bool,
) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = Vec::new();
    for _ in 0..chance.count(1..4) {
        let kind = draw_kind(chance);
        let has_lied = troubles.iter().any(|trouble| trouble.lies);
        if lies(&kind) && (has_lied || !may_lie(&kind)) {
            continue;
        }
        troubles.push(place(kind, chance, campaigns));
    }
    troubles
}

fn lies(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::WrongTotal(_) | FaultKind::EmptyRows | FaultKind::RepeatPage | FaultKind::WrongCampaign
    )
}

/// Narrows a fault down to some requests.
fn place(kind: FaultKind, chance: &mut Chance, campaigns: &[String]) -> Trouble {
    let text = format!("{kind:?}");
    let name = text.split('(').next().unwrap().to_owned();
    let lies = lies(&kind);
    let path = match chance.count(0..4) {
        0 => String::new(),
        1 => "/rows".to_owned(),
        2 => format!("page={}", chance.count(1..4)),
        _ => chance.pick(campaigns).clone(),
    };
    let fault = Fault::new(kind).on_path(path);
    let fault = match chance.count(0..6) {
        0 => fault,
        1 => fault.times(u32::try_from(chance.number(1..7)).unwrap()),
        2 => fault.every(chance.number(2..4)),
        3 => fault.at_random(40, chance.number(0..u64::MAX)),
        _ => fault.nth(chance.number(1..7)),
    };
    Trouble { name, lies, fault }
}

/// A fault that strikes any pass.
pub(crate) fn certain() -> Trouble {
    Trouble { name: "Reset".to_owned(), lies: false, fault: Fault::new(FaultKind::Reset).nth(2) }
}

fn draw_kind(chance: &mut Chance) -> FaultKind {
    let total = isize::try_from(chance.count(1..9)).unwrap();
    let kinds = [
        FaultKind::Status429(RetryAfter::Unsaid),
        FaultKind::Status429(RetryAfter::Milliseconds(3)),
        FaultKind::Status503Html,
        FaultKind::Status(500),
        FaultKind::Status(403),
        FaultKind::Status(404),
        FaultKind::Slow(Duration::from_millis(4)),
        FaultKind::Reset,
        FaultKind::Truncated,
        FaultKind::TruncatedChunks,
        FaultKind::MalformedJson,
        FaultKind::EmptyBody,
        FaultKind::HtmlOk,
        FaultKind::HalfJson,
        FaultKind::WrongTotal(total),
        FaultKind::WrongTotal(-total),
        FaultKind::EmptyRows,
        FaultKind::RepeatPage,
        FaultKind::Oversized(20_000),
        FaultKind::Redirect("http://127.0.0.1:9/".to_owned()),
    ];
    chance.pick(&kinds).clone()
}
