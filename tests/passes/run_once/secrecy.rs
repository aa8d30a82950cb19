//! What nobody gets to see, however much is logged: the key, the database's password, other people's secrets.

use crate::support::leaks::leaks;
use crate::support::setting::Setting;
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, Options};
use serde_json::json;

const KEY: &str = "key-marker-7f31";
const PASSWORD: &str = "password-marker-90c2";
const SECRET: &str = "secret-marker-5c1d";

/// A row whose call and assistant are full of other people's secrets.
fn row(id: &str, call_id: Option<&str>) -> String {
    let url = format!("https://user:{SECRET}@hooks.example/in?token={SECRET}");
    let model = json!({"type": "external", "name": "m", "api_key": SECRET});
    let tool = json!({
        "name": "crm", "url": url, "headers": [{"name": "X-Key", "value": SECRET}],
        "query_params": [{"name": "k", "value": SECRET}],
    });
    let assistant = json!({
        "id": format!("assistant of {id}"), "name": "Nina", "updated_at": "2026-01-01T00:00:00Z",
        "llm_model": model, "custom_tools": [tool], "webhook_url": url, "precall_lookup_url": url,
    });
    let attempts =
        json!([{"no_id": tool}, {"id": format!("attempt of {id}"), "extra_url": url, "api_key": SECRET}]);
    let call = json!({
        "id": call_id, "llm_model": model, "assistant": assistant, "call_attempts": attempts, "api_key": SECRET,
    });
    json!({"id": id, "phone_number": "+33", "call": call, "webhook_url": url}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_shown_or_kept_however_much_is_logged() {
    let options = Options {
        flavour: Flavour::Newer(NewerApi::default()),
        api_key: KEY.to_owned(),
        campaigns: 2,
        rows: 60,
        turns: 2,
        ..Options::default()
    };
    let mut setting = Setting::new(options).await;
    let ids = setting.simulator.edit(|account| account.row_ids(0)).unwrap();
    setting
        .simulator
        .edit(|account| {
            account.set_raw_row(0, 3, row(&ids[3], Some("call 3")))?;
            account.set_raw_row(0, 4, row(&ids[4], None))?;
            account.set_raw_row(0, 5, row("", Some("call 5")))
        })
        .unwrap();
    let role = setting.log_in_with(PASSWORD).await;
    setting.set("REVOX_MIRROR__LOG__LEVEL", "trace");
    setting.set("REVOX_MIRROR__API__MAX_TRIES", "2");

    let mut runs = vec![setting.run(&[]).await];
    let assistants =
        setting.count("select count(*) from revox.assistants where webhook_url is not null").await;
    for fault in [
        Fault::new(FaultKind::Status(500)).on_path("/rows"),
        Fault::new(FaultKind::MalformedJson).on_path("/rows"),
        Fault::new(FaultKind::Redirect(format!("https://user:{SECRET}@elsewhere.example/?k={SECRET}"))),
        Fault::new(FaultKind::Status(401)),
    ] {
        setting.simulator.inject(fault);
        runs.push(setting.run(&["--full"]).await);
        setting.simulator.clear_faults();
    }
    // A statement that fails in the middle of the work.
    setting.execute("alter table revox.calls add constraint none check (status is null) not valid").await;
    runs.push(setting.run(&["--full"]).await);
    setting.execute("alter table revox.calls drop constraint none").await;
    setting.simulator.edit(|account| account.set_raw_row(0, 6, row(&ids[6], Some("call 6")))).unwrap();
    setting.set("REVOX_MIRROR__LOG__FORMAT", "text");
    runs.push(setting.run(&["--full"]).await);
    let mut kept = Vec::new();
    for marker in [KEY, PASSWORD, SECRET] {
        kept.extend(leaks(&setting.pool, marker).await);
    }
    let rejects = setting.count("select count(*) from revox_sync.rejects").await;
    setting.execute(&format!("drop owned by {role}; drop role {role}")).await;

    assert_eq!(kept, Vec::<String>::new());
    assert!(assistants >= 1 && rejects >= 3, "{assistants} assistants, {rejects} rejects");
    let codes: Vec<_> = runs.iter().map(|run| run.code.unwrap()).collect();
    assert!(codes[0] == 3 && codes[1..5].iter().all(|code| *code != 0), "{codes:?}");
    for run in &runs {
        assert!(!run.err.is_empty());
        for marker in [KEY, PASSWORD, SECRET] {
            assert!(
                !run.out.contains(marker) && !run.err.contains(marker),
                "{marker}: {}{}",
                run.out,
                run.err
            );
        }
    }
}
