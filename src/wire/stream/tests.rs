//! Answers in every kind of pieces, laid beside a reader of whole answers.

use super::*;
use crate::wire::page::{Envelope, into_utf8};
use bytes::Bytes;
use proptest::prelude::*;

/// The rows' texts, the counts and the replacements; or what is wrong.
type Outcome = Result<(Vec<String>, [Option<u64>; 3], u64), String>;

fn texts(page: &RowsPage) -> Vec<String> {
    (0..page.rows.len()).map(|index| page.row(index).expect("UTF-8").to_owned()).collect()
}

fn whole(body: &[u8]) -> Outcome {
    let (body, replaced) = into_utf8(Bytes::copy_from_slice(body));
    let text = std::str::from_utf8(&body).expect("UTF-8");
    let envelope = Envelope::read(text, "rows").map_err(|error| error.what)?;
    let rows = envelope.items(text).map_err(|error| error.what)?;
    let counts = ["total", "page", "page_size"].map(|name| envelope.member(name).and_then(count));
    Ok((rows.into_iter().map(|row| text[row].to_owned()).collect(), counts, replaced))
}

/// In pieces of these sizes, in turn; what is whole is taken every few pieces.
fn in_pieces(mut body: &[u8], sizes: &[usize], take_every: usize) -> Outcome {
    let mut splitter = RowSplitter::default();
    let (mut rows, mut replaced) = (Vec::new(), 0);
    for (number, size) in sizes.iter().cycle().enumerate() {
        if body.is_empty() {
            break;
        }
        let (piece, rest) = body.split_at((*size).clamp(1, body.len()));
        splitter.push(piece).map_err(|error| error.what)?;
        body = rest;
        if number % take_every == 0 {
            let held = splitter.rows_held();
            let page = splitter.take();
            assert!(page.rows.len() >= held);
            rows.extend(texts(&page));
            replaced += page.replaced;
        }
    }
    let page = splitter.finish().map_err(|error| error.what)?;
    rows.extend(texts(&page));
    Ok((rows, [page.total, page.page, page.page_size], replaced + page.replaced))
}

const ANSWERS: &[&str] = &[
    r#"{"page":0,"page_size":2,"rows":[{"id":"a"},{"id":"b"}],"total":5}"#,
    r#"{"rows":[{"id":"a\"}]"},{"id":"\\"},"]",7,null,true,[[]],{}],"total":5.0,"page_size":"2","page":"0"}"#,
    "\u{feff} \r\n{ \"total\" : 5e0 ,\t\"x\":[{\"rows\":1}], \"rows\" : [ {\"id\":\"é\u{1f680}\"} , 1.5e3 ] , \
     \"x\":2, \"\\ud800\":1e400, \"page\": 0.0, \"page_size\": \"2.0\" } \n",
    r#"{"rows":null,"total":1,"rows":[{"id":"a"},{"id":"b"}],"total":-5,"page":0,"page_size":2}"#,
    r#"{"rows":[]}"#,
    r#"{"rows" : [ ] , "total" : 0 }"#,
    "",
    " \n",
    "<html><body>rows</body></html>",
    "\n <!doctype html>",
    "Bad Gateway",
    "\u{0}",
    "[]",
    "\"rows\"",
    "null",
    "12",
    "[",
    "{",
    r#"{"rows":[{"id":"a"},{"id""#,
    r#"{"rows":[{"id":"a"}]"#,
    r#"{"rows":[{"id":"a"}]}}"#,
    r#"{"rows":[]}{"rows":[]}"#,
    r#"{"rows":[],}"#,
    r#"{,"rows":[]}"#,
    r#"{"rows":[1,]}"#,
    r#"{"rows":[,1]}"#,
    r#"{"rows":[1 2]}"#,
    r#"{"rows" []}"#,
    r#"{"rows":[] "total":1}"#,
    r#"{"rows":[{id:1}]}"#,
    r#"{"rows":[01]}"#,
    r#"{"rows":[{"a":1]}]}"#,
    r#"{"total":tru,"rows":[]}"#,
    "{\"rows\":[\"a\nb\"]}",
    "{}",
    r#"{"Rows":[]}"#,
    r#"{"error":"no"}"#,
    r#"{"rows":null}"#,
    r#"{"rows":{"0":{}}}"#,
    r#"{"rows":"none"}"#,
    r#"{"rows":-7}"#,
    r#"{"rows":true}"#,
];

#[test]
fn an_answer_means_the_same_in_whatever_pieces_it_comes() {
    for answer in ANSWERS {
        for size in 1..=answer.len().max(1) {
            for take_every in [1, 3] {
                let found = in_pieces(answer.as_bytes(), &[size], take_every);
                assert_eq!(found, whole(answer.as_bytes()), "{answer} in pieces of {size}");
            }
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_are_replaced_where_pieces_meet_too() {
    let answer =
        b"{\"\xff\":1,\"rows\":[\"a\xffb\xc3\",\"\xed\xa0\x80\",\"\xf0\x9f\x9a\x80\"],\"x\":\"\xe2\x82\"}";
    for size in 1..=answer.len() {
        assert_eq!(in_pieces(answer, &[size], 1), whole(answer), "in pieces of {size}");
    }
    assert_eq!(whole(answer).expect("a page").2, 7);
}

#[test]
fn rows_of_any_depth_and_size_are_kept_and_members_beside_them_are_not() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!(r#"{{"id":"{}"}}"#, "x".repeat(20 << 20));
    let beside = format!(r#"["{}",{{}}]"#, "y".repeat(20 << 20));
    let answer = format!(r#"{{"before":{beside},"rows":[{deep},{large},1],"behind":{beside},"total":3}}"#);
    let mut splitter = RowSplitter::default();
    let mut most_held = 0;
    for piece in answer.as_bytes().chunks(16 * 1024) {
        splitter.push(piece).expect("a page");
        most_held = most_held.max(splitter.bytes_held() + splitter.text.capacity());
    }
    let page = splitter.finish().expect("a page");
    assert_eq!(page.total, Some(3));
    assert!(texts(&page) == [deep.as_str(), large.as_str(), "1"]);
    assert!(most_held < deep.len() + large.len() + 4 * LONGEST_MEMBER, "{most_held}");
}

#[test]
fn rows_that_were_found_before_a_mistake_are_there_to_be_taken() {
    let mut splitter = RowSplitter::default();
    splitter.push(br#"{"rows":[{"id":"a"},{"id":"b"},{"id"#).expect("so far it is right");
    assert_eq!(texts(&splitter.take()), [r#"{"id":"a"}"#, r#"{"id":"b"}"#]);
    splitter.push(br#"":"c"},oops,"#).expect("mistakes are found once there is more, or the end");
    assert_eq!(texts(&splitter.take()), [r#"{"id":"c"}"#]);
    assert_eq!(splitter.finish().expect_err("no JSON"), error(MISTAKE));
    let long = format!(r#"{{"rows":[{{"id":"a"}},oops,{}"#, "[]".repeat(GATHERED));
    let mut splitter = RowSplitter::default();
    assert_eq!(splitter.push(long.as_bytes()).expect_err("no JSON"), error(MISTAKE));
    assert_eq!(texts(&splitter.take()), [r#"{"id":"a"}"#]);
}

#[test]
fn a_second_list_of_rows_is_refused() {
    for second in ["[]", "null", r#"[{"id":"b"}]"#] {
        let answer = format!(r#"{{"rows":[{{"id":"a"}}],"rows":{second}}}"#);
        let found = in_pieces(answer.as_bytes(), &[5], 1);
        assert_eq!(found, Err("an object in which `rows` stands twice".to_owned()), "{answer}");
    }
}

/// Answers that are nearly right: bits of JSON, one behind the other.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let bit = prop_oneof![
        8 => Just(&br#"{"id":"a","x":[1,{"y":"]}\""}]}"#[..]),
        4 => Just(&b","[..]),
        2 => Just(&br#""\u00e9\\""#[..]),
        2 => Just("\"é€🚀\"".as_bytes()),
        1 => Just(&b"\"\xff\xe2\x82\""[..]),
        1 => Just(&b" \n"[..]),
        1 => Just(&b"12.5e1"[..]),
        1 => Just(&b"]"[..]),
        1 => Just(&b"["[..]),
        1 => Just(&b"}"[..]),
        1 => Just(&b"{"[..]),
        1 => Just(&b"\""[..]),
        1 => Just(&b"\\"[..]),
        1 => Just(&b":"[..]),
        1 => Just(&b"null"[..]),
        1 => Just(&br#""total":7"#[..]),
    ];
    (prop::collection::vec(bit, 0..12), any::<bool>(), any::<bool>()).prop_map(|(bits, opens, closes)| {
        let mut answer = Vec::new();
        answer.extend_from_slice(if opens { br#"{"rows":["# } else { b"" });
        answer.extend(bits.concat());
        answer.extend_from_slice(if closes { br#"],"page":1}"# } else { b"" });
        answer
    })
}

#[test]
fn what_an_answer_says_of_its_length_changes_nothing() {
    for bytes in [0, 1, 60, 10_000, usize::MAX] {
        let mut splitter = RowSplitter::default();
        splitter.expect(bytes);
        splitter.push(ANSWERS[0].as_bytes()).expect("a page");
        let page = splitter.finish().expect("a page");
        assert_eq!(texts(&page), [r#"{"id":"a"}"#, r#"{"id":"b"}"#], "{bytes}");
        assert!(page.body.len() < 100);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn what_whole_answers_say_streams_say(answer in answers(), sizes in prop::collection::vec(1_usize..40, 1..5)) {
        let (found, expected) = (in_pieces(&answer, &sizes, 2), whole(&answer));
        // Which mistake comes first depends on how it is read.
        if found.is_ok() || expected.is_ok() {
            prop_assert_eq!(&found, &expected, "{}", String::from_utf8_lossy(&answer));
        }
    }
}
