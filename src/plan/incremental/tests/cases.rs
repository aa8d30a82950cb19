//! Each decision of a pass, as a table of cases.

use super::api::{Api, Filter, Passed, difference, pass, pass_with, task};
use crate::plan::incremental::finding::WALK_IS_CHEAPER;
use crate::plan::incremental::{Answer, Filtering, Finding, Purpose, Question, Sequence, Task};

type Pages = &'static [u64];
type Edit = fn(&mut Api);
type Spoil = fn(&Question, &mut Answer);

/// 400 rows in pages of 10: 250 completed and errored, 20 calling, 10 scheduled, the rest without a call.
fn campaign() -> Api {
    let finished = (0..250).map(|at| Some(if at % 3 == 0 { "errored" } else { "completed" }));
    let open = (0..30).map(|at| Some(if at % 3 == 0 { "scheduled" } else { "calling" }));
    Api::new(10, finished.chain(open).chain((0..120).map(|_| None)))
}

fn reason(passed: &Passed) -> &str {
    assert!(matches!(passed.finding, Finding::Contrary(_)), "{:?}", passed.finding);
    passed.reason()
}

/// A pass after an edit, over answers that are spoilt.
fn changed_pass(edit: impl Fn(&mut Api), spoil: impl FnMut(&Question, &mut Answer)) -> Passed {
    let mut api = campaign();
    let start = task(&api, api.mirror());
    edit(&mut api);
    pass_with(&mut api, start, |_, _| {}, spoil)
}

#[test]
fn what_cannot_be_planned_asks_nothing() {
    let api = campaign();
    let full = || task(&api, api.mirror());
    let small = Api::new(10, [Some("completed"), None]);
    let quiet = Api::new(10, (0..400).map(|_| Some("completed")));
    let cases = [
        ("nothing is known", Task { sequence: Sequence::new(), ..full() }),
        ("ignores filters", Task { filtering: Filtering::Ignored, ..full() }),
        ("refuses filters", Task { filtering: Filtering::Refused, ..full() }),
        ("refuses filters", Task { filtering: Filtering::Refused, ..task(&quiet, quiet.mirror()) }),
        (WALK_IS_CHEAPER, task(&small, small.mirror())),
    ];
    for (expected, start) in cases {
        let filtering = start.filtering;
        let passed = pass(&mut api.clone(), start);
        assert!(reason(&passed).contains(expected), "{expected}: {:?}", passed.finding);
        assert_eq!(passed.questions, [], "{expected}");
        let kept = passed.filtering == filtering || passed.filtering == Filtering::Unknown;
        assert!(kept, "{expected}: {:?}", passed.filtering);
    }
}

#[test]
fn an_unchanged_campaign_is_read_where_calls_are_under_way_or_rows_are_due() {
    let mut api = campaign();
    // (due, filtering, pages of all rows, pages of calling rows)
    let cases: [(&[usize], Filtering, Pages, Pages); 5] = [
        (&[], Filtering::Comma, &[], &[0, 1]),
        (&[3, 9, 10, 399], Filtering::Unknown, &[0, 1, 39], &[0, 1]),
        // A row that is calling was seen among these.
        (&[251, 5], Filtering::Single, &[0], &[0, 1]),
        (&[5], Filtering::Ignored, &[0, 25, 26, 27], &[]),
        (&[99_999], Filtering::Refused, &[25, 26, 27], &[]),
    ];
    for (due, filtering, all, calling) in cases {
        let start = Task { due: due.to_vec(), changed: false, filtering, ..task(&api, api.mirror()) };
        let passed = pass(&mut api, start);
        assert!(passed.is_proven(), "{due:?}: {:?}", passed.finding);
        assert_eq!(passed.filtering, filtering);
        assert_eq!(passed.evidence.without_call, None);
        let pages = |statuses: &[&str]| {
            let mut pages: Vec<u64> =
                passed.questions.iter().filter(|it| it.statuses == statuses).map(|it| it.page).collect();
            pages.sort_unstable();
            pages
        };
        assert_eq!(pages(&[]), all, "{due:?}");
        assert_eq!(pages(&["calling"]), calling, "{due:?}");
        assert_eq!(passed.questions.len(), all.len() + calling.len());
    }
}

#[test]
fn a_call_that_ended_in_an_unchanged_campaign_is_looked_for() {
    let mut api = campaign();
    let start = Task { changed: false, ..task(&api, api.mirror()) };
    api.set(251, Some("completed"));
    let passed = pass(&mut api, start);
    assert!(passed.is_proven() && passed.pages_for(Purpose::Missing) == 1, "{:?}", passed.questions);
    assert_eq!(difference(&api, &passed.sequence), None);
    assert_eq!(passed.evidence.rows_changed, 1);
}

#[test]
fn rows_behind_the_last_one_make_an_unchanged_campaign_a_changed_one() {
    // Shown by the list of calls under way, or by a page that is due.
    for (status, due) in [(Some("calling"), vec![]), (None, vec![399])] {
        let mut api = campaign();
        let start = Task { changed: false, due, ..task(&api, api.mirror()) };
        (0..15).for_each(|_| api.append(status));
        let passed = pass(&mut api, start);
        assert!(passed.is_proven(), "{:?}", passed.finding);
        assert_eq!(difference(&api, &passed.sequence), None);
        assert_eq!(passed.evidence.rows_appended, 15);
    }
}

#[test]
fn only_rows_behind_the_last_one_may_come() {
    let cases: [(&str, Edit); 7] = [
        ("", |api| (0..25).for_each(|_| api.append(Some("queued_for_calling")))),
        ("", |_| {}),
        ("399 rows where the mirror knows 400", |api| api.remove(7)),
        ("an unknown row stands", |api| {
            api.remove(395);
            api.insert(395, None);
        }),
        ("an unknown row with calling stands before a known one", |api| {
            api.remove(251);
            api.insert(251, Some("calling"));
        }),
        ("stands at", |api| {
            api.remove(7);
            api.append(None);
        }),
        ("stands at", |api| api.insert(7, None)),
    ];
    for (expected, edit) in cases {
        let passed = changed_pass(edit, |_, _| {});
        if expected.is_empty() {
            assert!(passed.is_proven(), "{:?}", passed.finding);
        } else {
            assert!(reason(&passed).contains(expected), "{expected}: {:?}", passed.finding);
        }
    }
}

#[test]
fn pages_that_do_not_fit_are_contrary() {
    fn rows(answer: &mut Answer) -> &mut Vec<super::super::ShownRow> {
        match answer {
            Answer::Page { rows, .. } => rows,
            Answer::Refused => panic!("a page is expected"),
        }
    }
    let filtered_rows_swapped: Spoil = |question, answer| {
        if question.statuses.len() > 1 && rows(answer).len() > 1 {
            rows(answer).swap(0, 1);
        }
    };
    let cases: [(&str, Filtering, Spoil); 10] = [
        ("in another order", Filtering::Unknown, filtered_rows_swapped),
        ("stands at", Filtering::Unknown, |question, answer| {
            if question.purpose == Purpose::Tail {
                rows(answer).swap(0, 1);
            }
        }),
        ("twice", Filtering::Unknown, |question, answer| {
            if question.statuses.len() > 1 && rows(answer).len() > 1 {
                rows(answer)[1] = rows(answer)[0].clone();
            }
        }),
        ("no readable id", Filtering::Unknown, |question, answer| {
            if !question.statuses.is_empty() {
                for row in rows(answer) {
                    row.key = None;
                }
            }
        }),
        ("at 390 has no readable id", Filtering::Unknown, |question, answer| {
            if question.statuses.is_empty() {
                rows(answer)[0].key = None;
            }
        }),
        ("gave rows of another status", Filtering::Ignored, |question, answer| {
            if question.statuses == ["calling"] {
                for row in rows(answer) {
                    row.status = None;
                }
            }
        }),
        ("gave rows of another status", Filtering::Unknown, |question, answer| {
            if question.statuses.len() > 1 {
                for row in rows(answer) {
                    row.status = Some("calling".into());
                }
            }
        }),
        ("a filter by calling was refused", Filtering::Refused, |question, answer| {
            if question.statuses == ["calling"] {
                *answer = Answer::Refused;
            }
        }),
        ("does not tell the total", Filtering::Unknown, |_, answer| {
            let rows = std::mem::take(rows(answer));
            *answer = Answer::Page { total: None, rows };
        }),
        ("held 9 rows instead of 10", Filtering::Unknown, |_, answer| {
            if rows(answer).len() == 10 {
                rows(answer).pop();
            }
        }),
    ];
    for (at, (expected, filtering, spoil)) in cases.into_iter().enumerate() {
        let passed = changed_pass(|_| {}, spoil);
        assert!(reason(&passed).contains(expected), "case {at}: {:?}", passed.finding);
        assert_eq!(passed.filtering, filtering, "case {at}");
    }
}

#[test]
fn how_several_statuses_are_written_is_learned_from_a_page_with_two() {
    use Filtering::{Comma, Ignored, Refused, Repeated, Single, Unknown};
    // (the API, known before, learned, pages asked for it, proven)
    let cases = [
        (Filter::Comma, Unknown, Comma, 1, true),
        (Filter::Repeated, Unknown, Repeated, 2, true),
        (Filter::WholeValue, Unknown, Single, 2, true),
        (Filter::LastValue, Unknown, Single, 2, true),
        (Filter::Ignored, Unknown, Ignored, 1, false),
        (Filter::Refused, Unknown, Refused, 2, false),
        (Filter::Comma, Comma, Comma, 0, true),
        (Filter::Repeated, Single, Single, 0, true),
        // What was known is true no more: to be found out again.
        (Filter::WholeValue, Comma, Unknown, 0, false),
        (Filter::LastValue, Repeated, Unknown, 0, false),
        (Filter::Ignored, Comma, Unknown, 0, false),
    ];
    for (filter, known, learned, asked, proven) in cases {
        let mut api = campaign();
        api.filter = filter;
        let start = Task { filtering: known, ..task(&api, api.mirror()) };
        let passed = pass(&mut api, start);
        let case = format!("{filter:?} known as {known:?}: {:?}", passed.finding);
        assert_eq!(passed.is_proven(), proven, "{case}");
        assert_eq!(passed.filtering, learned, "{case}");
        assert_eq!(passed.pages_for(Purpose::Witness), asked, "{case}");
    }
}

#[test]
fn without_a_page_that_shows_two_statuses_each_is_asked_for_alone() {
    let mut api = Api::new(10, (0..300).map(|at| (at < 200).then_some("completed")));
    let start = Task { filtering: Filtering::Unknown, ..task(&api, api.mirror()) };
    let passed = pass(&mut api, start);
    assert!(passed.is_proven(), "{:?}", passed.finding);
    assert_eq!((passed.filtering, passed.pages_for(Purpose::Witness)), (Filtering::Unknown, 0));
    assert!(passed.questions.iter().all(|question| question.statuses.len() <= 1));
    // A row that was cancelled before it was called would be missed if a list were left out for being empty.
    let asked = passed.evidence.lists.len();
    assert_eq!((asked, passed.evidence.without_call), (7, Some(100)));
}

#[test]
fn a_list_that_never_adds_up_is_contrary_and_one_that_moves_is_moving() {
    // A total that is one too many, with a row that comes twice over two pages.
    let lying = |question: &Question, answer: &mut Answer| {
        if let Answer::Page { total: Some(total), rows } = answer
            && question.statuses == ["scheduled"]
        {
            *total -= 1;
            rows.pop();
        }
    };
    let passed = changed_pass(|_| {}, lying);
    assert_eq!(reason(&passed), "the rows with scheduled do not add up");
    let mut api = campaign();
    let start = task(&api, api.mirror());
    let edit = |api: &mut Api, answers| api.set(280 + answers, Some("calling"));
    let passed = pass_with(&mut api, start, edit, |_, _| {});
    assert!(matches!(passed.finding, Finding::Moving(_)), "{:?}", passed.finding);
}

#[test]
fn a_pass_stops_where_a_walk_is_cheaper() {
    let mut api = campaign();
    let start = task(&api, api.mirror());
    let before = api.clone();
    (0..250).step_by(7).for_each(|at| api.set(at, None));
    let passed = pass(&mut api, start);
    assert_eq!(reason(&passed), WALK_IS_CHEAPER);
    // Rows that left their list and were not looked for are known as before.
    let is_unseen = |at: &usize| !passed.shown.contains(&before.rows[*at].key);
    let unseen: Vec<usize> = (0..250).step_by(7).filter(is_unseen).collect();
    assert!(!unseen.is_empty());
    assert!(unseen.iter().all(|at| passed.sequence.status(*at) == before.rows[*at].status));
    assert!(passed.questions.len() <= 40 / 2 + 10, "{}", passed.questions.len());
}

#[test]
fn calls_under_way_are_read_whole_up_to_fifteen_pages() {
    for (calling, pages) in [(0, 1), (150, 15), (151, 1)] {
        let statuses = (0..1_000).map(|at| if at < calling { Some("calling") } else { Some("completed") });
        let mut api = Api::new(10, statuses);
        let start = task(&api, api.mirror());
        let passed = pass(&mut api, start);
        assert!(passed.is_proven(), "{:?}", passed.finding);
        let asked = passed.questions.iter().filter(|question| question.statuses == ["calling"]).count();
        assert_eq!(asked, pages, "{calling} calling");
    }
}

#[test]
fn a_list_that_lost_its_last_page_is_read_from_its_first() {
    for refuses_pages_behind in [false, true] {
        let mut api = campaign();
        api.refuses_pages_behind = refuses_pages_behind;
        (280..300).for_each(|at| api.set(at, Some("scheduled")));
        let start = task(&api, api.mirror());
        (280..300).for_each(|at| api.set(at, Some("calling")));
        let passed = pass(&mut api, start);
        assert!(passed.is_proven(), "{:?}", passed.finding);
        assert_eq!(difference(&api, &passed.sequence), None);
    }
}

#[test]
fn what_cancels_out_is_found_when_the_probe_lies_in_between() {
    let mut api = campaign();
    let mirror = api.mirror();
    // The finished calls lose the row at 100 and get that at 300: their number stands still.
    api.set(100, None);
    api.set(300, Some("completed"));
    let mut pages = std::collections::BTreeSet::new();
    for probe in 0..60 {
        let start = Task { probe: Some(probe), ..task(&api, mirror.clone()) };
        let passed = pass(&mut api, start);
        assert!(passed.is_proven(), "{:?}", passed.finding);
        let page = passed.questions.iter().find(|it| it.purpose == Purpose::Probe).unwrap().page;
        assert_eq!(difference(&api, &passed.sequence).is_none(), page >= 10, "page {page}");
        pages.insert(page);
    }
    assert_eq!(pages, (0..25).collect(), "each page is looked at in turn");
}

#[test]
fn the_evidence_tells_what_was_read_and_is_short() {
    let mut api = campaign();
    let start = Task { listed_total: Some(400), ..task(&api, api.mirror()) };
    api.set(252, Some("completed"));
    api.append(None);
    let passed = pass(&mut api, start);
    let Finding::Proven(evidence) = &passed.finding else { panic!("{:?}", passed.finding) };
    assert_eq!(evidence, &passed.evidence);
    assert_eq!((evidence.total, evidence.listed_total_agrees), (Some(401), Some(false)));
    assert_eq!((evidence.rows_changed, evidence.rows_appended, evidence.restarts), (1, 1, 0));
    assert_eq!(evidence.without_call, Some(121));
    assert_eq!(evidence.lists.values().sum::<u64>() + 121, 401);
    let json = serde_json::to_string(evidence).unwrap();
    assert!(json.len() < 500 && json.contains("\"tail\":2"), "{json}");
}
