//! Finding out how an API pages: the first page's number, the largest page size, paged or all at once.
//!
//! Nothing of this is documented, so it is asked for. The first question is also the first page of the walk,
//! and in most cases the only one.

use serde::{Deserialize, Serialize};

/// How an API pages, as far as it has been found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "paging")]
pub enum Shape {
    /// `page` and `page_size` are honoured.
    Paged {
        /// The number of the first page; none while every campaign fitted on one page.
        first_page: Option<u64>,
        /// The number that was asked for when everything fitted on one page.
        lone_page: u64,
        /// Rows on a full page.
        page_size: u32,
    },
    /// Every row comes in one answer.
    Unpaged,
}

impl Shape {
    /// Pages that `total` rows take.
    #[must_use]
    pub fn pages(&self, total: u64) -> u64 {
        match self {
            Self::Paged { page_size, .. } => total.div_ceil(u64::from((*page_size).max(1))).max(1),
            Self::Unpaged => 1,
        }
    }

    /// Whether its pages have no more rows than are wanted.
    #[must_use]
    pub fn is_within(&self, wanted: u32) -> bool {
        match self {
            Self::Paged { page_size, .. } => *page_size <= wanted,
            Self::Unpaged => true,
        }
    }

    /// Whether its first page is known to have number 0.
    #[must_use]
    pub fn begins_at_zero(&self) -> bool {
        matches!(self, Self::Paged { first_page: Some(0), .. })
    }

    /// How to ask for page `index`, counted from 0.
    #[must_use]
    pub fn ask(&self, index: u64) -> Ask {
        match *self {
            Self::Paged { first_page, lone_page, page_size } => {
                Ask::Page { page: first_page.unwrap_or(lone_page) + index, page_size }
            }
            Self::Unpaged => Ask::Everything,
        }
    }

    /// Rows that page `index` must hold when the campaign has `total`.
    #[must_use]
    pub fn expected_rows(&self, index: u64, total: u64) -> u64 {
        match self {
            Self::Paged { page_size, .. } => {
                let size = u64::from(*page_size);
                total.saturating_sub(index.saturating_mul(size)).min(size)
            }
            Self::Unpaged => total,
        }
    }
}

/// A question to the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// One page.
    Page {
        /// As the API counts.
        page: u64,
        /// Rows a page.
        page_size: u32,
    },
    /// Every row, without parameters.
    Everything,
}

/// What an answer shows of the paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// 400 or 422.
    Refused,
    /// More bytes than a page should have.
    TooLarge,
    /// A page.
    Page {
        /// Rows on it.
        rows: u64,
        /// `total`, when it says so.
        total: Option<u64>,
        /// `page`, when it says so.
        page: Option<u64>,
        /// Over the ids in their order: equal pages have equal marks.
        mark: u64,
    },
}

/// What comes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// Another question is needed.
    Ask(Ask),
    /// It is found out. `first_is_at_hand` says whether the last answer is the walk's first page.
    Shape {
        /// How the API pages.
        shape: Shape,
        /// Whether the last answer was the first page.
        first_is_at_hand: bool,
    },
    /// No way of asking gives rows.
    Hopeless,
}

/// Page sizes that are tried when larger ones are refused, or have too many bytes.
const SMALLER_SIZES: [u32; 9] = [1_000, 250, 100, 50, 25, 20, 10, 5, 1];

/// The questions and what has been learned from them.
#[derive(Debug, Clone)]
pub struct Discovery {
    sizes: Vec<u32>,
    size_at: usize,
    page: u64,
    /// The page numbered 0, when it had rows but not all of them: `(rows, mark)`.
    zero: Option<(u64, u64)>,
    unpaged_asked: bool,
}

impl Discovery {
    /// Starts with the largest page that is wanted.
    #[must_use]
    pub fn new(page_size: u32) -> Self {
        let mut sizes = vec![page_size.max(1)];
        sizes.extend(SMALLER_SIZES.iter().copied().filter(|size| *size < page_size));
        Self { sizes, size_at: 0, page: 0, zero: None, unpaged_asked: false }
    }

    fn size(&self) -> u32 {
        self.sizes.get(self.size_at).copied().unwrap_or(1)
    }

    /// Whether fewer rows can be asked for than now.
    #[must_use]
    pub fn can_be_smaller(&self) -> bool {
        !self.unpaged_asked && self.size_at + 1 < self.sizes.len()
    }

    /// The question to ask now.
    #[must_use]
    pub fn question(&self) -> Ask {
        if self.unpaged_asked {
            Ask::Everything
        } else {
            Ask::Page { page: self.page, page_size: self.size() }
        }
    }

    /// The question that follows as a rule where page 0 is not all there is: whether it is the first page, page 1 tells.
    #[must_use]
    pub fn follow_up(&self) -> Option<Ask> {
        (!self.unpaged_asked && self.page == 0 && self.zero.is_none())
            .then(|| Ask::Page { page: 1, page_size: self.size() })
    }

    /// Takes the answer to [`Self::question`].
    pub fn learn(&mut self, shown: Shown) -> Learned {
        match shown {
            Shown::Refused => self.learn_refusal(),
            Shown::TooLarge => {
                self.size_at += 1;
                if self.zero.take().is_some() {
                    // Pages of another size are laid beside each other anew.
                    self.page = 0;
                }
                Learned::Ask(self.question())
            }
            Shown::Page { .. } if self.unpaged_asked => {
                Learned::Shape { shape: Shape::Unpaged, first_is_at_hand: true }
            }
            // Parameters that are passed over are those of an API without pages.
            Shown::Page { total: None, .. } => {
                Learned::Shape { shape: Shape::Unpaged, first_is_at_hand: true }
            }
            Shown::Page { rows, total: Some(total), page, mark } => self.learn_page(rows, total, page, mark),
        }
    }

    fn learn_refusal(&mut self) -> Learned {
        if self.unpaged_asked {
            return Learned::Hopeless;
        }
        if let Some((rows, _)) = self.zero {
            // Page 0 gave rows and page 1 is refused: pages from 0, and whatever else is wrong shows in the walk.
            return self.paged(Some(0), rows, false);
        }
        if self.page == 0 {
            self.page = 1;
        } else {
            self.page = 0;
            self.size_at += 1;
            if self.size_at >= self.sizes.len() {
                self.unpaged_asked = true;
            }
        }
        Learned::Ask(self.question())
    }

    fn learn_page(&mut self, rows: u64, total: u64, page: Option<u64>, mark: u64) -> Learned {
        if let Some((zero_rows, zero_mark)) = self.zero {
            let counts_from_one = mark == zero_mark && rows == zero_rows;
            return self.paged(Some(u64::from(counts_from_one)), zero_rows, counts_from_one);
        }
        if self.page == 0 && (page == Some(1) && total > rows || rows == 0 && total > 0) {
            if rows > 0 {
                // The answer itself says that it is page 1.
                return self.paged(Some(1), rows, true);
            }
            self.page = 1;
            return Learned::Ask(self.question());
        }
        if rows >= total {
            let first_page = (self.page == 1).then_some(1);
            let shape = Shape::Paged { first_page, lone_page: self.page, page_size: self.size() };
            return Learned::Shape { shape, first_is_at_hand: true };
        }
        if self.page == 1 {
            return self.paged(Some(1), rows, true);
        }
        self.zero = Some((rows, mark));
        self.page = 1;
        Learned::Ask(self.question())
    }

    /// A first page that is not the last tells how many rows a full page has.
    fn paged(&self, first_page: Option<u64>, rows: u64, first_is_at_hand: bool) -> Learned {
        let asked = self.size();
        let page_size = u32::try_from(rows).unwrap_or(asked).clamp(1, asked);
        let lone_page = first_page.unwrap_or(0);
        Learned::Shape { shape: Shape::Paged { first_page, lone_page, page_size }, first_is_at_hand }
    }
}

#[cfg(test)]
mod tests;
