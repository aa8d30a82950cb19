//! How an API pages, found out by asking every kind of API.

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
                        let case =
                            format!("{total} rows, {max_size}, {clamps}, {echoes}, {first_page}, {zero:?}");
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
fn pages_of_too_many_bytes_are_asked_for_with_fewer_rows() {
    for first_page in [0, 1] {
        let api = Api {
            total: 5_000,
            first_page,
            zero: Zero::Refused,
            max_size: 10_000,
            clamps: false,
            echoes: false,
        };
        for (wanted, most_rows, size) in
            [(5_000, 400, 250), (5_000, 5_000, 5_000), (100, 60, 50), (7, 1, 1), (1, 0, 1)]
        {
            let mut discovery = Discovery::new(wanted);
            let mut questions = 0;
            let shape = loop {
                questions += 1;
                assert!(questions < 20, "never ends");
                let mut shown = api.answer(discovery.question());
                if matches!(shown, Shown::Page { rows, .. } if rows > most_rows) && discovery.can_be_smaller()
                {
                    shown = Shown::TooLarge;
                }
                match discovery.learn(shown) {
                    Learned::Ask(_) => {}
                    Learned::Shape { shape, .. } => break shape,
                    Learned::Hopeless => panic!("hopeless"),
                }
            };
            let Shape::Paged { first_page: found, page_size, .. } = shape else { panic!("unpaged") };
            assert_eq!(page_size, size, "{wanted}, {most_rows}, {first_page}");
            assert!(found.is_none_or(|found| found == first_page), "{wanted}, {most_rows}");
            assert!(shape.is_within(wanted));
        }
    }
    assert!(!Shape::Paged { first_page: None, lone_page: 0, page_size: 100 }.is_within(99));
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
