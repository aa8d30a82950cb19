//! The older API's pages and filters, for every option.

use super::client::{Client, each, len};
use revox_mirror::simulator::{Echo, Filters, OlderApi, Oversize, PageZero, SeveralStatuses};
use serde_json::{Value, json};

#[tokio::test]
async fn pages_count_from_zero_or_from_one() {
    let zero = Client::older(OlderApi { first_page: 0, ..OlderApi::default() }).await;
    assert_eq!(len(&zero.page(0, "page=0&page_size=20").await), 20);
    assert_eq!(len(&zero.page(0, "page=1&page_size=20").await), 5);
    let one = Client::older(OlderApi::default()).await;
    assert_eq!(len(&one.page(0, "page=1&page_size=20").await), 20);
    assert_eq!(one.status(&format!("/campaigns/{}/rows?page=0&page_size=20", one.id(0))).await, 400);
}

#[tokio::test]
async fn page_zero_of_a_one_based_api_is_what_the_option_says() {
    let clamping = OlderApi { page_zero: PageZero::ClampToFirst, ..OlderApi::default() };
    let clamping = Client::older(clamping).await;
    let (zero, one) =
        (clamping.page(0, "page=0&page_size=5").await, clamping.page(0, "page=1&page_size=5").await);
    assert_eq!(each(&zero["rows"], "id"), each(&one["rows"], "id"));
    assert_eq!(zero["page"], 1);
    let empty = Client::older(OlderApi { page_zero: PageZero::EmptyRows, ..OlderApi::default() }).await;
    let zero = empty.page(0, "page=0&page_size=5").await;
    assert_eq!((len(&zero), &zero["total"]), (0, &json!(25)));
}

#[tokio::test]
async fn large_pages_are_refused_or_clamped() {
    let refusing = Client::older(OlderApi { max_page_size: 10, ..OlderApi::default() }).await;
    let path = format!("/campaigns/{}/rows?page=1&page_size=", refusing.id(0));
    assert_eq!(refusing.status(&format!("{path}11")).await, 400);
    assert_eq!(refusing.status(&format!("{path}10.0")).await, 200);
    for (echo, echoed) in [(Echo::Asked, 20), (Echo::Effective, 10)] {
        let api = OlderApi { max_page_size: 10, oversize: Oversize::Clamp, echo, ..OlderApi::default() };
        let page = Client::older(api).await.page(0, "page=2&page_size=20").await;
        assert_eq!((len(&page), &page["page_size"]), (10, &json!(echoed)));
        assert_eq!(page["rows"][0]["row_index"], 10);
    }
}

#[tokio::test]
async fn pages_must_be_asked_for_by_number_and_size() {
    let client = Client::older(OlderApi::default()).await;
    for query in [
        "",
        "?page=1",
        "?page_size=5",
        "?page=1.5&page_size=5",
        "?page=-1&page_size=5",
        "?page=1&page_size=0",
    ] {
        assert_eq!(client.status(&format!("/campaigns/{}/rows{query}", client.id(0))).await, 400, "{query}");
    }
}

#[tokio::test]
async fn filters_are_honoured_ignored_or_refused() {
    let client = Client::older(OlderApi::default()).await;
    let statuses =
        |page: &Value| each(&page["rows"], "call").iter().map(|it| it["status"].clone()).collect::<Vec<_>>();
    let errored = client.page(0, "page=1&page_size=50&statuses=errored").await;
    assert!(!statuses(&errored).is_empty() && statuses(&errored).iter().all(|status| status == "errored"));
    assert_eq!(errored["total"], len(&errored));
    let both = client.page(0, "page=1&page_size=50&statuses=errored,cancelled").await;
    assert!(
        len(&both) > len(&errored) && statuses(&both).iter().all(|it| it == "errored" || it == "cancelled")
    );
    let number =
        client.page(0, "page=1&page_size=1").await["rows"][0]["phone_number"].as_str().unwrap().to_owned();
    assert_eq!(client.page(0, &format!("page=1&page_size=50&query={}", &number[4..])).await["total"], 1);
    let human = client.page(0, "page=1&page_size=50&result=human").await;
    let results = each(&human["rows"], "call");
    assert!(results.iter().all(|call| call["last_call_attempt"]["result"] == "human"), "{results:?}");
    let all = client.page(0, "page=1&page_size=50&result=all").await;
    let none = client.page(0, "page=1&page_size=50&result=none").await;
    assert!(len(&human) + len(&none) <= len(&all) && len(&all) == 25 && len(&none) > 0);

    let ignoring = Client::older(OlderApi { filters: Filters::Ignored, ..OlderApi::default() }).await;
    assert_eq!(len(&ignoring.page(0, "page=1&page_size=50&statuses=errored&query=zzz").await), 25);
    let refusing = Client::older(OlderApi { filters: Filters::Refused, ..OlderApi::default() }).await;
    let path = format!("/campaigns/{}/rows?page=1&page_size=50", refusing.id(0));
    assert_eq!(refusing.status(&path).await, 200);
    assert_eq!(refusing.status(&format!("{path}&statuses=errored")).await, 400);
}

#[tokio::test]
async fn several_statuses_are_written_as_the_option_says() {
    for (several_statuses, comma, repeated) in
        [(SeveralStatuses::Comma, 2, 1), (SeveralStatuses::Repeated, 0, 2), (SeveralStatuses::Never, 0, 1)]
    {
        let client = Client::older(OlderApi { several_statuses, ..OlderApi::default() }).await;
        let kinds = async |query: &str| {
            let page = client.page(0, &format!("page=1&page_size=50&{query}")).await;
            let mut kinds: Vec<String> =
                each(&page["rows"], "call").iter().map(|call| call["status"].to_string()).collect();
            kinds.sort();
            kinds.dedup();
            kinds.len()
        };
        assert_eq!(kinds("statuses=errored,cancelled").await, comma, "{several_statuses:?}");
        assert_eq!(kinds("statuses=errored&statuses=cancelled").await, repeated, "{several_statuses:?}");
    }
}
