//! What a full walk has proven, and when so much would vanish that a person should look first.

use super::due::Fingerprint;

/// What was seen on a walk over all pages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WalkFacts {
    /// `total` of the first page, or the number of rows of an answer that holds everything.
    pub first_total: u64,
    /// A `total` that was another than the first.
    pub other_total: Option<u64>,
    /// The number (from 1) of a page that held other than the rows it had to: `(page, expected, found)`.
    pub odd_page: Option<(u64, u64, u64)>,
    /// Distinct ids seen.
    pub distinct_ids: u64,
    /// Rows without a readable id, which count by their position.
    pub rows_without_id: u64,
    /// What the campaign said of itself before the first page and after the last.
    pub before: Option<Fingerprint>,
    /// The same, after.
    pub after: Option<Fingerprint>,
}

impl WalkFacts {
    /// Nothing, when the walk is proven to have shown every row; else each reason why it is not.
    ///
    /// Totals alone prove nothing: a row deleted behind the walk and another appended ahead of it leave them
    /// as they were. Hence the campaign's own word, before and after.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if let Some(other) = self.other_total {
            doubts.push(format!("the total changed from {} to {other} during the walk", self.first_total));
        }
        if let Some((page, expected, found)) = self.odd_page {
            doubts.push(format!("page {page} held {found} rows instead of {expected}"));
        }
        let counted = self.distinct_ids + self.rows_without_id;
        if counted != self.first_total {
            doubts.push(format!("{counted} distinct rows were seen of {}", self.first_total));
        }
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if before == after => {}
            (Some(_), Some(_)) => doubts.push("the campaign changed during the walk".to_owned()),
            _ => doubts.push("the campaign could not be asked whether it changed during the walk".to_owned()),
        }
        doubts
    }

    /// Whether rows that the walk did not show may be taken for gone: proven, and every row had an id.
    #[must_use]
    pub fn may_tombstone(&self) -> bool {
        self.rows_without_id == 0 && self.doubts().is_empty()
    }
}

/// The reason to ask a person first, when `gone` of `live` would vanish: more than a fifth of them and more
/// than `tolerated`, or all.
#[must_use]
pub fn vanishing(live: u64, gone: u64, tolerated: u64) -> Option<String> {
    if gone == 0 {
        return None;
    }
    let all = gone >= live;
    let many = gone > tolerated && gone.saturating_mul(5) > live;
    (all || many).then(|| format!("{gone} of {live} would vanish"))
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, WalkFacts, vanishing};

    fn proven() -> WalkFacts {
        let word = Fingerprint {
            updated_at: Some("2026-01-01T00:00:00Z".into()),
            status: Some("running".into()),
            row_stats: Some("{}".into()),
        };
        WalkFacts {
            first_total: 3,
            distinct_ids: 3,
            before: Some(word.clone()),
            after: Some(word),
            ..WalkFacts::default()
        }
    }

    #[test]
    fn a_walk_is_proven_only_when_everything_fits() {
        assert!(proven().doubts().is_empty());
        assert!(proven().may_tombstone());
        let moved = Some(Fingerprint { status: Some("paused".into()), ..Fingerprint::default() });
        let cases: [(&str, WalkFacts); 6] = [
            ("a total that changed", WalkFacts { other_total: Some(4), ..proven() }),
            ("a short page", WalkFacts { odd_page: Some((1, 100, 99)), ..proven() }),
            ("a row twice", WalkFacts { distinct_ids: 2, ..proven() }),
            ("a row too many", WalkFacts { distinct_ids: 4, ..proven() }),
            ("a campaign that moved", WalkFacts { after: moved, ..proven() }),
            ("a campaign that could not be asked", WalkFacts { after: None, ..proven() }),
        ];
        for (case, facts) in cases {
            assert_eq!(facts.doubts().len(), 1, "{case}");
            assert!(!facts.may_tombstone(), "{case}");
        }
    }

    #[test]
    fn rows_without_an_id_leave_a_walk_complete_and_make_no_tombstones() {
        let facts = WalkFacts { distinct_ids: 2, rows_without_id: 1, ..proven() };
        assert!(facts.doubts().is_empty());
        assert!(!facts.may_tombstone());
    }

    #[test]
    fn a_person_is_asked_when_a_fifth_and_more_than_tolerated_or_all_would_vanish() {
        // (live, gone, tolerated, asked)
        let cases = [
            (100, 0, 50, false),
            (100, 50, 50, false),
            (100, 51, 50, true),
            (1_000, 200, 50, false),
            (1_000, 201, 50, true),
            (1, 1, 50, true),
            (60, 51, 50, true),
            (0, 0, 50, false),
            (5, 1, 0, false),
            (5, 2, 0, true),
        ];
        for (live, gone, tolerated, asked) in cases {
            assert_eq!(vanishing(live, gone, tolerated).is_some(), asked, "{gone} of {live}");
        }
    }
}
