//! Tables of cases for the reading of the search.

use super::{Feed, FeedAsk, FeedFinding, FeedShown, FeedState, MOST_PAGES};
use crate::records::Time;
use chrono::{DateTime, TimeDelta};

fn at(seconds: i64) -> Time {
    DateTime::UNIX_EPOCH + TimeDelta::days(365) + TimeDelta::seconds(seconds)
}

fn calls(times: impl IntoIterator<Item = i64>) -> Vec<(String, Option<Time>)> {
    times.into_iter().map(|seconds| (format!("c{seconds}"), Some(at(seconds)))).collect()
}

fn state(watermark: Option<i64>) -> FeedState {
    FeedState { paging: Some((1, 10)), watermark: watermark.map(at), ..FeedState::default() }
}

/// Reads pages of ten out of a list; what came of it, and the questions.
fn read(state: &FeedState, list: &[(String, Option<Time>)], total: Option<u64>) -> (Feed, Vec<u32>) {
    let mut feed = Feed::new(state);
    let mut asked = Vec::new();
    while let Some(FeedAsk { page, page_size }) = feed.question() {
        assert!(asked.len() < 50, "it ends");
        asked.push(page);
        let (first, size) = (1, 10);
        if page < first || page_size > size {
            feed.learn(&FeedShown::Refused("no".to_owned()));
            continue;
        }
        let page = list.iter().skip(((page - first) * size) as usize).take(size as usize);
        feed.learn(&FeedShown::Page { total, calls: page.cloned().collect() });
    }
    (feed, asked)
}

#[test]
fn it_is_read_down_to_a_little_before_the_watermark() {
    let list = calls((0..100).rev());
    let cases = [(99, vec![1]), (96, vec![1]), (95, vec![1, 2]), (80, vec![1, 2, 3])];
    for (watermark, pages) in cases {
        let (feed, asked) = read(&state(Some(watermark)), &list, Some(100));
        assert_eq!(feed.finding(), FeedFinding::Read, "{watermark}");
        assert_eq!(asked, pages, "{watermark}");
        assert_eq!(feed.state(at(1_000)).watermark, Some(at(99)));
    }
}

#[test]
fn changes_of_one_moment_are_all_read() {
    let mut list = calls([60]);
    list.extend((0..25).map(|number| (format!("t{number}"), Some(at(50)))));
    list.extend(calls((0..20).rev()));
    let (feed, asked) = read(&state(Some(50)), &list, Some(46));
    assert_eq!(feed.finding(), FeedFinding::Read);
    assert_eq!(asked, [1, 2, 3], "until one before the overlap is seen");
}

#[test]
fn how_it_pages_is_found_out_once() {
    let unknown = FeedState { watermark: Some(at(90)), ..FeedState::default() };
    let (feed, asked) = read(&unknown, &calls((0..100).rev()), Some(100));
    assert_eq!(feed.finding(), FeedFinding::Read);
    assert_eq!(asked, [0, 1, 0, 1, 0, 1, 0, 1, 2], "sizes are tried from pages 0 and 1");
    assert_eq!(feed.state(at(1_000)).paging, Some((1, 10)));
    let mut missing = Feed::new(&FeedState::default());
    missing.learn(&FeedShown::Missing);
    assert!(missing.state(at(1_000)).is_missing && missing.question().is_none());
    let mut empty_zero = Feed::new(&FeedState::default());
    empty_zero.learn(&FeedShown::Page { total: Some(3), calls: Vec::new() });
    assert_eq!(empty_zero.question(), Some(FeedAsk { page: 1, page_size: 100 }));
}

#[test]
fn without_a_watermark_it_begins_at_the_newest() {
    let (feed, asked) = read(&state(None), &calls((0..100).rev()), Some(100));
    assert_eq!((feed.finding(), asked), (FeedFinding::Begun, vec![1]));
    assert_eq!(feed.state(at(1_000)).watermark, Some(at(99)));
    let (feed, _) = read(&state(None), &[], Some(0));
    assert_eq!(feed.state(at(1_000)).watermark, Some(DateTime::UNIX_EPOCH));
}

#[test]
fn what_does_not_fit_is_not_believed() {
    let unsorted = calls([9, 7, 8]);
    let silent = vec![("c".to_owned(), None)];
    let short = calls((90..95).rev());
    for (list, total, word) in
        [(unsorted, 3, "order"), (silent, 1, "does not say"), (short, 400, "ended before")]
    {
        let (feed, _) = read(&state(Some(0)), &list, Some(total));
        let FeedFinding::Contrary(reason) = feed.finding() else { panic!("{word}") };
        assert!(reason.contains(word), "{reason}");
        assert_eq!(feed.state(at(1_000)).watermark, Some(at(0)), "the watermark stays");
    }
}

#[test]
fn a_call_that_went_meanwhile_starts_it_over() {
    let mut feed = Feed::new(&state(Some(0)));
    feed.learn(&FeedShown::Page { total: Some(20), calls: calls((10..20).rev()) });
    feed.learn(&FeedShown::Page { total: Some(19), calls: calls((0..9).rev()) });
    assert_eq!(feed.question(), Some(FeedAsk { page: 1, page_size: 10 }));
    feed.learn(&FeedShown::Page { total: Some(19), calls: calls((10..20).rev()) });
    feed.learn(&FeedShown::Page { total: Some(19), calls: calls((0..9).rev()) });
    assert_eq!(feed.finding(), FeedFinding::Read);
}

/// Pages as they are shown: the total, and each call with its time.
type Pages<'a> = &'a [(Option<u64>, &'a [(&'a str, i64)])];

/// Shows pages one after the other, whatever was asked; what came of it, and the pages asked for.
fn show(state: &FeedState, pages: Pages<'_>) -> (Feed, Vec<u32>) {
    let mut feed = Feed::new(state);
    let mut asked = Vec::new();
    for (total, calls) in pages {
        let Some(ask) = feed.question() else { break };
        asked.push(ask.page);
        let calls = calls.iter().map(|(id, seconds)| ((*id).to_owned(), Some(at(*seconds)))).collect();
        feed.learn(&FeedShown::Page { total: *total, calls });
    }
    (feed, asked)
}

#[test]
fn how_a_reading_ends_when_the_total_is_too_low_absent_or_moves() {
    let state = FeedState { paging: Some((1, 2)), ..state(Some(50)) };
    let cases: [(&str, Pages<'_>, &str); 9] = [
        ("too low on a full page", &[(Some(1), &[("a", 60), ("b", 55)]), (Some(1), &[("c", 40)])], "Read"),
        ("too low on a short one", &[(Some(1), &[("a", 60)])], "Read"),
        ("absent, and deep enough", &[(None, &[("a", 60), ("b", 40)])], "Read"),
        ("absent, and not deep enough", &[(None, &[("a", 60)])], "ended before"),
        ("absent, and an empty page", &[(None, &[("a", 60), ("b", 55)]), (None, &[])], "ended before"),
        (
            "an empty page before the total",
            &[(Some(9), &[("a", 60), ("b", 55)]), (Some(9), &[])],
            "ended before",
        ),
        (
            "a short page before the total",
            &[(Some(9), &[("a", 60), ("b", 55)]), (Some(9), &[("c", 54)])],
            "ended before",
        ),
        ("nothing at all, of a known first page", &[(Some(9), &[])], "ended before"),
        ("it grows", &[(Some(9), &[("a", 60), ("b", 55)]), (Some(10), &[("c", 54), ("d", 40)])], "Read"),
    ];
    for (case, pages, word) in cases {
        let (feed, _) = show(&state, pages);
        let finding = format!("{:?}", feed.finding());
        assert!(finding.contains(word), "{case}: {finding}");
        let expected = if word == "Read" { at(60) } else { at(50) };
        assert_eq!(feed.state(at(1_000)).watermark, Some(expected), "{case}");
    }
}

#[test]
fn a_call_of_the_moment_at_a_border_that_comes_twice_has_both_pages_read_again() {
    let state = FeedState { paging: Some((1, 2)), ..state(Some(50)) };
    // Y changed when X did, and stands on neither page as long as their order differs from page to page.
    let torn: Pages<'_> = &[
        (Some(9), &[("a", 70), ("x", 60)]),
        (Some(9), &[("x", 60), ("b", 55)]),
        (Some(9), &[("a", 70), ("x", 60)]),
        (Some(9), &[("y", 60), ("b", 55)]),
        (Some(9), &[("c", 40), ("d", 39)]),
    ];
    let (feed, asked) = show(&state, torn);
    assert_eq!((feed.finding(), asked), (FeedFinding::Read, vec![1, 2, 1, 2, 3]));
    assert!(feed.seen().contains("y"));
    // Calls of one moment on both sides of a border, each of them once, are all there are.
    let whole: Pages<'_> = &[
        (Some(9), &[("a", 70), ("x", 60)]),
        (Some(9), &[("y", 60), ("z", 60)]),
        (Some(9), &[("w", 60), ("d", 39)]),
    ];
    let (feed, asked) = show(&state, whole);
    assert_eq!((feed.finding(), asked), (FeedFinding::Read, vec![1, 2, 3]));
    // Two calls that moved to the front push a whole moment onto the next page.
    let pushed: Pages<'_> = &[
        (Some(9), &[("a", 70), ("x", 60)]),
        (Some(9), &[("a", 70), ("x", 60)]),
        (Some(9), &[("b", 55), ("d", 39)]),
    ];
    let (feed, _) = show(&state, &[pushed, pushed].concat());
    assert_eq!(feed.finding(), FeedFinding::Read);
}

#[test]
fn calls_that_move_to_the_front_are_no_disorder_and_calls_that_were_never_seen_are() {
    let state = FeedState { paging: Some((1, 3)), ..state(Some(50)) };
    let first: &[(&str, i64)] = &[("a", 70), ("b", 69), ("c", 68)];
    let cases: [(&str, Pages<'_>, &str); 4] = [
        (
            "two moved",
            &[(Some(9), first), (Some(9), &[("b", 69), ("c", 68), ("d", 67)]), (Some(9), &[("e", 40)])],
            "Read",
        ),
        (
            "all of a page moved",
            &[(Some(9), first), (Some(9), first), (Some(9), &[("d", 67), ("e", 41), ("f", 40)])],
            "Read",
        ),
        (
            "more than a page moved",
            &[
                (Some(9), first),
                (Some(9), &[("z", 90), ("a", 70), ("b", 69)]),
                (Some(9), &[("w", 92), ("x", 91), ("z", 90)]),
                (Some(9), &[("a", 70), ("b", 69), ("e", 40)]),
            ],
            "Read",
        ),
        (
            "one that was never seen",
            &[(Some(9), first), (Some(9), &[("x", 69), ("d", 67), ("e", 40)])],
            "order",
        ),
    ];
    for (case, pages, word) in cases {
        let (feed, _) = show(&state, pages);
        let finding = format!("{:?}", feed.finding());
        assert!(finding.contains(word), "{case}: {finding}");
    }
}

#[test]
fn an_order_that_differs_on_every_page_begins_anew_unless_it_is_old() {
    for (watermark, word) in [(50, "Anew"), (60, "Read")] {
        let state = FeedState { paging: Some((1, 2)), begun_at: Some(at(1)), ..state(Some(watermark)) };
        let mut feed = Feed::new(&state);
        let mut asked = 0;
        while let Some(ask) = feed.question() {
            asked += 1;
            assert!(asked < 40, "it ends");
            let calls: &[(&str, i64)] = match ask.page {
                1 => &[("a", 70), ("x", 60)],
                2 => &[("x", 60), ("b", 58)],
                _ => &[("c", 40), ("d", 39)],
            };
            let calls = calls.iter().map(|(id, time)| ((*id).to_owned(), Some(at(*time)))).collect();
            feed.learn(&FeedShown::Page { total: Some(9), calls });
        }
        assert!(format!("{:?}", feed.finding()).starts_with(word), "{watermark}: {:?}", feed.finding());
        let state = feed.state(at(1_000));
        assert_eq!(state.watermark, Some(at(70)));
        assert_eq!(state.begun_at, Some(at(if word == "Anew" { 1_000 } else { 1 })));
    }
}

#[test]
fn a_page_size_that_is_quietly_cut_is_found_out_and_kept() {
    let list = calls((0..100).rev());
    for known in [None, Some((1, 50))] {
        let mut feed = Feed::new(&FeedState { paging: known, ..state(Some(80)) });
        let mut asked = Vec::new();
        while let Some(FeedAsk { page, page_size }) = feed.question() {
            asked.push((page, page_size));
            assert!(asked.len() < 20, "it ends: {asked:?}");
            let size = page_size.min(8) as usize;
            let start = (page.max(1) - 1) as usize * size;
            let page = list.iter().skip(start).take(size).cloned().collect();
            feed.learn(&FeedShown::Page { total: Some(100), calls: page });
        }
        assert_eq!(feed.finding(), FeedFinding::Read, "{asked:?}");
        let shown: Vec<bool> =
            (80..100).map(|seconds| feed.seen().contains(&format!("c{seconds}"))).collect();
        assert!(shown.iter().all(|it| *it), "{asked:?}");
        assert_eq!(feed.state(at(1_000)).paging.map(|(_, size)| size), Some(8));
    }
}

#[test]
fn a_search_that_cannot_be_read_to_the_watermark_begins_anew() {
    let state = FeedState { begun_at: Some(at(1)), strangers: vec!["s".to_owned()], ..state(Some(0)) };
    let page = || FeedShown::Page { total: Some(4_000), calls: calls((3_990..4_000).rev()) };
    let refused = FeedShown::Refused("page must be at most 1".to_owned());
    let mut deep = Feed::new(&state);
    deep.learn(&page());
    deep.learn(&refused);
    let mut long = Feed::new(&state);
    let mut asked = 0;
    while long.question().is_some() {
        let from = 40_000 - 10 * asked;
        long.learn(&FeedShown::Page { total: Some(400_000), calls: calls((from..from + 10).rev()) });
        asked += 1;
    }
    assert_eq!(asked, i64::from(MOST_PAGES));
    for (feed, newest) in [(deep, 3_999), (long, 40_009)] {
        assert!(matches!(feed.finding(), FeedFinding::Anew(_)), "{:?}", feed.finding());
        let state = feed.state(at(5_000));
        assert_eq!((state.watermark, state.begun_at), (Some(at(newest)), Some(at(5_000))));
        assert!(
            state.strangers.is_empty() && state.is_behind(Some(at(1))) && !state.is_behind(Some(at(5_000)))
        );
    }
    // A page behind the last one may be refused, too.
    let mut end = Feed::new(&state);
    end.learn(&FeedShown::Page { total: Some(10), calls: calls((90..100).rev()) });
    end.learn(&refused);
    assert_eq!(end.finding(), FeedFinding::Read);
}

#[test]
fn a_refused_search_says_why_and_rests() {
    let mut feed = Feed::new(&state(Some(50)));
    let mut asked = 0;
    while feed.question().is_some() {
        feed.learn(&FeedShown::Refused("sort_by must be created_at".to_owned()));
        asked += 1;
    }
    assert_eq!(asked, 9, "as it paged before, and then every way");
    let state = feed.state(at(100));
    assert!(state.is_missing && state.watermark == Some(at(50)), "what was read stays read");
    let day = TimeDelta::days(1);
    let reason = state.rests(at(101), day).expect("it rests");
    assert!(
        reason.contains("refuses the search") && reason.ends_with("sort_by must be created_at"),
        "{reason}"
    );
    assert_eq!(state.rests(at(100) + day, day), None);
    assert_eq!(state.rests(at(99), day), None, "a clock that was set back");
    assert!(!state.is_behind(Some(at(1))), "what is not asked asks nothing of others");
    // What an earlier version has written says no time: it is asked again.
    let old: FeedState =
        serde_json::from_str(r#"{"is_missing":true,"paging":null,"watermark":null}"#).unwrap();
    assert_eq!(old.rests(at(101), day), None);
    assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"is_missing":true,"paging":null,"watermark":null}"#);
}

#[test]
fn calls_that_were_left_out_are_looked_for_again_before_it_is_given_up() {
    let mut feed = Feed::new(&state(Some(50)));
    for round in 0..3 {
        assert_eq!(feed.question(), Some(FeedAsk { page: 1, page_size: 10 }), "{round}");
        feed.learn(&FeedShown::Page { total: Some(40), calls: calls((44..54).rev()) });
        assert_eq!(feed.reach(), (Some(at(44)), Some(at(53))));
        feed.has_left_out();
    }
    assert!(matches!(feed.finding(), FeedFinding::Contrary(reason) if reason.contains("leaves out")));
    let mut all = Feed::new(&state(Some(50)));
    all.learn(&FeedShown::Page { total: Some(2), calls: calls([53, 49]) });
    assert_eq!(all.reach(), (None, Some(at(53))), "all there are");
}
