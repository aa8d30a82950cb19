//! Tables of answers, whole and broken.

use super::*;

fn split(body: &str) -> Result<RowsPage, ShapeError> {
    RowsPage::split(body.as_bytes())
}

fn rows(page: &RowsPage) -> Vec<&str> {
    (0..page.rows.len()).map(|index| page.row(index).expect("a row")).collect()
}

#[test]
fn a_page_is_split_whatever_the_order_of_its_keys() {
    let bodies = [
        r#"{"page":0,"page_size":2,"rows":[{"id":"a"},{"id":"b"}],"total":5}"#,
        r#"{"rows":[{"id":"a"},{"id":"b"}],"total":5.0,"page_size":"2","page":"0"}"#,
        "\u{feff} \r\n{ \"total\" : 5e0 ,\t\"x\":[{\"rows\":1}], \"rows\" : [ {\"id\":\"a\"} , {\"id\":\"b\"} ] , \
         \"x\":2, \"\\ud800\":1e400, \"page\": 0.0, \"page_size\": \"2.0\" } \n",
        r#"{"rows":null,"total":1,"rows":[{"id":"a"},{"id":"b"}],"total":5,"page":0,"page_size":2}"#,
    ];
    for body in bodies {
        let page = split(body).expect(body);
        assert_eq!(rows(&page), [r#"{"id":"a"}"#, r#"{"id":"b"}"#], "{body}");
        assert_eq!((page.total, page.page, page.page_size), (Some(5), Some(0), Some(2)), "{body}");
        assert_eq!(page.replaced, 0);
    }
}

#[test]
fn a_count_that_cannot_be_read_is_none() {
    for total in ["-1", "1.5", "1e400", "null", "[]", r#""many""#, "99999999999999999999", "true", r#""""#] {
        let page = split(&format!(r#"{{"rows":[],"total":{total}}}"#)).expect(total);
        assert_eq!(page.total, None, "{total}");
        assert!(page.rows.is_empty());
    }
    let page = split(r#"{"rows":[]}"#).expect("a page");
    assert_eq!((page.total, page.page, page.page_size), (None, None, None));
}

#[test]
fn rows_of_any_type_depth_and_size_keep_their_text() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!(r#"{{"id":"{}"}}"#, "x".repeat(20 << 20));
    let expected = ["1e400", "null", r#""\ud800""#, &deep, &large, "{}"];
    let page = split(&format!(r#"{{"rows":[ {} ]}}"#, expected.join(" , "))).expect("a page");
    assert!(rows(&page) == expected);
    assert_eq!(page.row(6), None);
}

#[test]
fn bytes_that_are_no_utf8_are_replaced_and_counted() {
    let page = RowsPage::split(b"{\"rows\":[\"a\xffb\xc3\",\"\xed\xa0\x80\"]}").expect("a page");
    assert_eq!(rows(&page), ["\"a\u{fffd}b\u{fffd}\"", "\"\u{fffd}\u{fffd}\u{fffd}\""]);
    assert_eq!(page.replaced, 5);
}

#[test]
fn an_answer_that_is_no_page_says_what_it_is() {
    let cases = [
        ("", "an empty answer"),
        (" \n", "an empty answer"),
        ("<html><body>rows</body></html>", "an HTML page"),
        ("\n <!doctype html>", "an HTML page"),
        ("Bad Gateway", "no JSON"),
        ("\u{0}", "no JSON"),
        ("[]", "JSON of type array, not an object"),
        ("\"rows\"", "JSON of type string, not an object"),
        ("null", "JSON of type null, not an object"),
        ("12", "JSON of type number, not an object"),
        ("[", "no JSON"),
        ("{", "JSON that breaks off"),
        (r#"{"rows":[{"id":"a"},{"id""#, "JSON that breaks off"),
        (r#"{"rows":[{"id":"a"}]"#, "JSON that breaks off"),
        (r#"{"rows":[{"id":"a"}]}}"#, "JSON with something after its end"),
        (r#"{"rows":[]}{"rows":[]}"#, "JSON with something after its end"),
        (r#"{"rows":[],}"#, "JSON with a mistake in it"),
        (r#"{"rows":[{id:1}]}"#, "JSON with a mistake in it"),
        (r#"{"rows":[01]}"#, "JSON with a mistake in it"),
        ("{\"rows\":[\"a\nb\"]}", "JSON with a mistake in it"),
        ("{}", "an object without `rows`"),
        (r#"{"Rows":[]}"#, "an object without `rows`"),
        (r#"{"error":"no"}"#, "an object without `rows`"),
        (r#"{"rows":null}"#, "`rows` of type null, not a list"),
        (r#"{"rows":{"0":{}}}"#, "`rows` of type object, not a list"),
        (r#"{"rows":"none"}"#, "`rows` of type string, not a list"),
        (r#"{"rows":7}"#, "`rows` of type number, not a list"),
        (r#"{"rows":-7}"#, "`rows` of type number, not a list"),
        (r#"{"rows":1.5}"#, "`rows` of type number, not a list"),
        (r#"{"rows":true}"#, "`rows` of type boolean, not a list"),
    ];
    for (body, what) in cases {
        assert_eq!(split(body).expect_err(body).to_string(), what, "{body}");
    }
}

#[test]
fn campaigns_are_split_as_a_list_and_one_by_one() {
    let split = |body: &'static str| CampaignList::split(Bytes::from_static(body.as_bytes()));
    let list = split(r#"{"campaigns":[{"id":"a"}, 3]}"#).expect("a list");
    assert_eq!(
        (list.campaign(0), list.campaign(1), list.campaign(2)),
        (Some(r#"{"id":"a"}"#), Some("3"), None)
    );
    assert_eq!(split(r#"{"rows":[]}"#).expect_err("no list").what, "an object without `campaigns`");
    assert_eq!(split("").expect_err("no list").what, "an empty answer");

    let split = |body: &'static str| CampaignList::split_one(Bytes::from_static(body.as_bytes()));
    let list = split(r#" {"campaign": {"id":"a"} }"#).expect("a campaign");
    assert_eq!((list.campaign(0), list.campaigns.len()), (Some(r#"{"id":"a"}"#), 1));
    assert_eq!(
        split(r#"{"campaign":null}"#).expect_err("none").what,
        "`campaign` of type null, not an object"
    );
    assert_eq!(split(r#"{"campaigns":[]}"#).expect_err("none").what, "an object without `campaign`");
    assert_eq!(split("<p>").expect_err("none").what, "an HTML page");
}

#[test]
fn the_organization_is_read_from_the_account() {
    let read = |body: &str| organization_id(body.as_bytes());
    assert_eq!(read(r#"{"user":{"id":"u","organization_id":"o"}}"#), Ok(Some("o".to_owned())));
    assert_eq!(read(r#"{"user":{"organization_id":12}}"#), Ok(Some("12".to_owned())));
    for body in
        [r#"{"user":{}}"#, r#"{"user":{"organization_id":null}}"#, r#"{"user":{"organization_id":""}}"#]
    {
        assert_eq!(read(body), Ok(None), "{body}");
    }
    assert_eq!(read(r#"{"user":null}"#).expect_err("no user").what, "`user` of type null, not an object");
    assert_eq!(read("<html>").expect_err("no user").what, "an HTML page");
}
