//! Accounts that answer in the older way today and in the newer way tomorrow.

use crate::run::{Run, Step};

impl Run<'_> {
    /// Draws whether the account changes its way before a pass, and in the middle of it.
    pub(crate) fn draw_switch(&mut self, step: &mut Step, is_first: bool) {
        if self.ways.1.is_some() {
            step.switch = !is_first && self.switching.happens(40);
            step.switch_at = self.switching.happens(30).then(|| self.switching.number(1..9));
        }
    }

    /// Answers in the other way from now on, if there is one.
    pub(crate) async fn switch_way(&mut self) {
        let (now, Some(other)) = self.ways else { return };
        self.simulator.set_flavour(other);
        self.ways = (other, Some(now));
        self.is_misled = true;
        self.coverage.add("switches between passes", 1);
        self.note_walks_under_way().await;
        let begun = self.worker.begun().await;
        self.coverage.add("switches with a walk broken off", u64::from(!begun.is_empty()));
    }

    /// Takes note of a change of the way in the middle of the last pass.
    pub(crate) async fn note_way(&mut self) {
        let (now, Some(other)) = self.ways else { return };
        if self.simulator.flavour() != now {
            self.ways = (other, Some(now));
            self.is_misled = true;
            self.world().has_switched = true;
            self.note_walks_under_way().await;
            self.coverage.add("switches in the middle of a walk", 1);
        }
    }

    async fn note_walks_under_way(&self) {
        let under_way = self.worker.under_way().await;
        self.world().begun_otherwise.extend(under_way);
    }
}
