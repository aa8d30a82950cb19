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

/// Page sizes that are tried when larger ones are refused.
const SMALLER_SIZES: [u32; 6] = [50, 25, 20, 10, 5, 1];

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

    /// The question to ask now.
    #[must_use]
    pub fn question(&self) -> Ask {
        if self.unpaged_asked {
            Ask::Everything
        } else {
            Ask::Page { page: self.page, page_size: self.size() }
        }
    }

    /// Takes the answer to [`Self::question`].
    pub fn learn(&mut self, shown: Shown) -> Learned {
        match shown {
            Shown::Refused => self.learn_refusal(),
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
mod tests {
    use super::{Ask, Discovery, Learned, Shape, Shown};

    /// An API of the older kind with `total` rows.
    struct Api {
        total: u64,
        first_page: u64,
        /// What page 0 gives when pages count from 1: refused, the first page, or nothing.
        zero: Zero,
        max_size: u32,
        clamps: bool,
        echoes: bool,
    }

    #[derive(Clone, Copy, Debug)]
    enum Zero {
        Refused,
        Clamped,
        Empty,
    }

    impl Api {
        fn answer(&self, ask: Ask) -> Shown {
            let Ask::Page { page, page_size } = ask else {
                return Shown::Refused;
            };
            if page_size > self.max_size && !self.clamps {
                return Shown::Refused;
            }
            let size = u64::from(page_size.min(self.max_size));
            let mut number = page;
            if page < self.first_page {
                match self.zero {
                    Zero::Refused => return Shown::Refused,
                    Zero::Clamped => number = self.first_page,
                    Zero::Empty => {
                        return Shown::Page { rows: 0, total: Some(self.total), page: Some(page), mark: 0 };
                    }
                }
            }
            let start = (number - self.first_page) * size;
            let rows = self.total.saturating_sub(start).min(size);
            let page = self.echoes.then_some(number);
            Shown::Page { rows, total: Some(self.total), page, mark: if rows == 0 { 0 } else { start + 1 } }
        }
    }

    fn find_out(api: &Api, wanted: u32) -> (Shape, u32) {
        let mut discovery = Discovery::new(wanted);
        for questions in 1..30 {
            match discovery.learn(api.answer(discovery.question())) {
                Learned::Ask(_) => {}
                Learned::Shape { shape, .. } => return (shape, questions),
                Learned::Hopeless => panic!("hopeless"),
            }
        }
        panic!("never ends");
    }

    #[test]
    fn every_combination_of_first_page_and_page_size_is_found_out() {
        for total in [101, 100, 250, 5_000] {
            for max_size in [100, 40, 7, 1] {
                for clamps in [false, true] {
                    for echoes in [false, true] {
                        for (first_page, zero) in
                            [(0, Zero::Refused), (1, Zero::Refused), (1, Zero::Clamped), (1, Zero::Empty)]
                        {
                            let api = Api { total, first_page, zero, max_size, clamps, echoes };
                            let (shape, questions) = find_out(&api, 100);
                            let Shape::Paged { first_page: found, page_size, .. } = shape else {
                                panic!("unpaged")
                            };
                            let case = format!(
                                "{total} rows, {max_size}, {clamps}, {echoes}, {first_page}, {zero:?}"
                            );
                            assert!(page_size <= max_size, "{case}");
                            assert!(!clamps || page_size == max_size.min(100), "{case}");
                            assert!(questions <= 16, "{case}");
                            if total > u64::from(page_size) {
                                assert_eq!(found, Some(first_page), "{case}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_campaign_on_one_page_takes_one_question_and_leaves_the_first_number_open() {
        let api =
            Api { total: 30, first_page: 0, zero: Zero::Refused, max_size: 100, clamps: false, echoes: true };
        let (shape, questions) = find_out(&api, 100);
        assert_eq!(shape, Shape::Paged { first_page: None, lone_page: 0, page_size: 100 });
        assert_eq!(questions, 1);
    }

    #[test]
    fn an_empty_campaign_takes_one_question() {
        let api =
            Api { total: 0, first_page: 0, zero: Zero::Refused, max_size: 100, clamps: false, echoes: true };
        assert_eq!(find_out(&api, 100).1, 1);
    }

    #[test]
    fn an_answer_without_a_total_is_everything_at_once() {
        let mut discovery = Discovery::new(100);
        let learned = discovery.learn(Shown::Page { rows: 3_000, total: None, page: None, mark: 1 });
        assert_eq!(learned, Learned::Shape { shape: Shape::Unpaged, first_is_at_hand: true });
    }

    #[test]
    fn an_api_that_refuses_every_parameter_is_asked_without() {
        let mut discovery = Discovery::new(100);
        let mut asked = 0;
        while discovery.question() != Ask::Everything {
            asked += 1;
            assert!(matches!(discovery.learn(Shown::Refused), Learned::Ask(_)));
        }
        assert!(asked <= 14, "{asked} questions");
        let learned = discovery.learn(Shown::Page { rows: 5, total: None, page: None, mark: 1 });
        assert_eq!(learned, Learned::Shape { shape: Shape::Unpaged, first_is_at_hand: true });
        assert_eq!(discovery.learn(Shown::Refused), Learned::Hopeless);
    }

    #[test]
    fn pages_are_counted_and_asked_for_as_the_api_counts() {
        let shape = Shape::Paged { first_page: Some(1), lone_page: 1, page_size: 100 };
        assert_eq!(shape.pages(0), 1);
        assert_eq!(shape.pages(100), 1);
        assert_eq!(shape.pages(101), 2);
        assert_eq!(shape.ask(0), Ask::Page { page: 1, page_size: 100 });
        assert_eq!(shape.expected_rows(1, 130), 30);
        assert_eq!(shape.expected_rows(2, 130), 0);
        assert_eq!(Shape::Unpaged.expected_rows(0, 130), 130);
    }
}
