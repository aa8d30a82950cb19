//! The command as people run it: exit codes, what it prints, what it leaves alone, and the repair.

use super::subject::{flavours, mirrored, small};
use super::tables::{TABLES, tamper};
use crate::support::account::Account;
use crate::support::program::{self, Run};
use revox_mirror::simulator::{Fault, FaultKind, Flavour, NewerApi, Options};
use serde_json::{Value, json};

const SECRET: &str = "secret-marker-5c1d";

/// Runs `verify` on the account's mirror.
async fn verify(account: &Account, more: &[&str], environment: &[(&str, &str)]) -> Run {
    let base_url = account.simulator.base_url();
    let mut all = vec![
        ("REVOX_API_KEY", "demo-key"),
        ("REVOX_BASE_URL", base_url.as_str()),
        ("DATABASE_URL", account.database.mirror_url()),
    ];
    all.extend(environment);
    let arguments: Vec<&str> = ["verify"].iter().chain(more).copied().collect();
    program::run(&arguments, &all).await
}

fn object(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.out))
}

/// What every table of the mirror holds, as one text.
async fn contents(account: &Account) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables
         where table_schema in ('revox', 'revox_sync') order by 1",
    )
    .fetch_all(&account.pool)
    .await
    .unwrap();
    let mut contents = Vec::new();
    for table in tables {
        let statement =
            format!("select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t");
        let hash: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&account.pool).await.unwrap();
        contents.push(format!("{table} {hash}"));
    }
    contents.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_mirror_exits_0_and_another_3_and_nothing_is_written() {
    for flavour in flavours() {
        let account = mirrored(Options { campaigns: 2, ..small(flavour, 130) }).await;
        let before = contents(&account).await;
        verify(&account, &[], &[]).await.exits(0).says("The mirror equals the API.").says("equal");
        let one = account.simulator.campaign_ids().remove(0);
        verify(&account, &["--campaign", &one], &[]).await.exits(0).says("What was compared equals the API.");
        let equal = verify(&account, &["--json"], &[]).await;
        let report = object(equal.exits(0));
        assert_eq!((&report["equal"], &report["differences"]), (&json!(true), &json!(0)));
        assert_eq!(report["campaigns"][1]["rows"], 130);
        assert_eq!(contents(&account).await, before, "it writes nothing");

        tamper(&account.pool, "update revox.campaign_rows set phone_number = '+0'").await;
        let before = contents(&account).await;
        let run = verify(&account, &[], &[]).await;
        run.exits(3).says("and 80 more").says("differs  campaign_rows ").says("--repair");
        assert_eq!(run.out.matches("phone_number").count(), 100, "50 a campaign: {}", run.out);
        assert_eq!(contents(&account).await, before, "it writes nothing");
        let id = &account.simulator.campaign_ids()[0];
        let report = object(verify(&account, &["--json", "--campaign", id], &[]).await.exits(3));
        assert_eq!(report["campaigns"].as_array().unwrap().len(), 1);
        assert_eq!(report["campaigns"][0]["differences"], 130);
        let listed = report["campaigns"][0]["listed"].as_array().unwrap();
        assert_eq!(listed.len(), 50);
        assert_eq!((&listed[0]["kind"], &listed[0]["column"]), (&json!("differs"), &json!("phone_number")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_puts_right_whatever_was_damaged() {
    for flavour in flavours() {
        let account = mirrored(small(flavour, 70)).await;
        let mut damages = 0;
        for table in &TABLES {
            let Some(line) = table.line(&account).await else {
                assert!(!flavour.is_newer(), "{} is empty", table.name);
                continue;
            };
            // The last line of a table gets a double, and is deleted or marked as gone itself.
            let (addition, _) = table.copy_of(&account, &line).await;
            let damage = match table.name {
                "campaigns" => format!(
                    "update revox.campaigns set _deleted_at = now(), name = 'x' where {}",
                    line.condition
                ),
                "assistants" => {
                    "update revox.assistants set prompt = 'x', updated_at = updated_at + interval '1 day'"
                        .to_owned()
                }
                "campaign_rows" | "calls" | "call_attempts" => {
                    format!(
                        "{addition}; update revox.{} set _deleted_at = now() where {}",
                        table.name, line.condition
                    )
                }
                name => format!("{addition}; delete from revox.{name} where {}", line.condition),
            };
            tamper(&account.pool, &damage).await;
            damages += 1;
        }
        tamper(
            &account.pool,
            "delete from revox.call_attempts where id in (select min(id) from revox.call_attempts);
             insert into revox.transcript_turns (call_attempt_id, turn_index, role) values ('stray', 3, 'user');
             delete from revox.calls where id in (select min(id) from revox.calls);
             delete from revox.campaign_rows where id in (select min(id) from revox.campaign_rows);
             update revox.calls set status = 'x', metadata = '{}', call_retry_config_id = null
             where id in (select id from revox.calls order by id offset 5 limit 3)",
        )
        .await;
        let before = object(verify(&account, &["--json"], &[]).await.exits(3));
        assert!(before["differences"].as_u64().unwrap() > damages, "{before:#}");
        let repaired = object(verify(&account, &["--json", "--repair"], &[]).await.exits(0));
        assert_eq!(repaired["repair"]["differences_before"], before["differences"]);
        assert_eq!(repaired["repair"]["passes"][0]["outcome"], "complete");
        account.assert_equal().await;
        verify(&account, &[], &[]).await.exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_says_what_it_did_and_what_it_could_not() {
    let [older, _] = flavours();
    let account = mirrored(Options { campaigns: 3, ..small(older, 30) }).await;
    let ids = account.simulator.campaign_ids();
    account.simulator.edit(|account| account.delete_campaign(2)).unwrap();
    tamper(&account.pool, "update revox.campaign_rows set phone_number = '+0' where row_index = 3").await;
    let repaired = verify(&account, &["--repair"], &[]).await;
    repaired
        .exits(0)
        .says(&format!("not in the API  campaigns {}", ids[2]))
        .says("Repaired: 3 of 3 differences.");
    account.assert_equal().await;
    // More than may vanish without a person's word: the pass is suspicious, and the repair says that it failed.
    tamper(
        &account.pool,
        "insert into revox.campaign_rows (id, campaign_id, _first_seen_at, _synced_at)
         select 'extra ' || n, (select min(campaign_id) from revox.campaign_rows), now(), now()
         from generate_series(1, 90) n",
    )
    .await;
    let failed = verify(&account, &["--repair"], &[]).await;
    failed.exits(3).says("suspicious").says("Repaired: 0 of 90 differences.").says("and 40 more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_mirror_is_made_whole_by_a_repair() {
    let [_, newer] = flavours();
    let account = Account::new(small(newer, 40)).await;
    verify(&account, &[], &[]).await.exits(3).says("missing  campaigns").says("missing  campaign_rows");
    verify(&account, &["--repair"], &[]).await.exits(0).says("The mirror equals the API.");
    account.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_ends_have_the_codes_of_a_pass() {
    let [older, _] = flavours();
    let account = mirrored(small(older, 30)).await;
    verify(&account, &["--campaign", "no-such"], &[]).await.exits(2).says("no campaign no-such");
    verify(&account, &[], &[("REVOX_API_KEY", "of-somebody-else")]).await.exits(4);
    let nowhere = "postgres://nobody@127.0.0.1:9/none";
    verify(&account, &[], &[("DATABASE_URL", nowhere)]).await.exits(5);
    account.simulator.inject(Fault::new(FaultKind::Status(403)).on_path("/rows"));
    verify(&account, &[], &[]).await.exits(3).says("unfinished").says("refused");
    account.simulator.clear_faults();
    account.simulator.edit(|account| account.set_organization_id("org-of-another"));
    verify(&account, &["--repair"], &[]).await.exits(2).says("org-of-another");
    let database = crate::support::database::TestDatabase::fresh().await;
    verify(&account, &[], &[("DATABASE_URL", database.url())]).await.exits(5).says("revox-mirror migrate");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_value_is_printed_however_much_differs_and_is_logged() {
    let options = Options {
        flavour: Flavour::Newer(NewerApi::default()),
        campaigns: 1,
        rows: 24,
        turns: 2,
        ..Options::default()
    };
    let account = mirrored(options).await;
    let ids = account.simulator.edit(|account| account.row_ids(0)).unwrap();
    let url = format!("https://user:{SECRET}@hooks.example/in?token={SECRET}");
    let tool = json!({"name": "crm", "url": url, "headers": [{"name": "X", "value": SECRET}]});
    let row = json!({"id": ids[3], "phone_number": SECRET, "input_data": {"who": SECRET}, "api_key": SECRET, "call": {
        "id": "c3", "llm_model": {"type": "external", "api_key": SECRET}, "metadata": {"k": SECRET},
        "assistant": {"id": "a3", "prompt": SECRET, "webhook_url": url, "custom_tools": [tool]},
        "call_attempts": [{"no_id": SECRET}, {"id": "t3", "api_key": SECRET, "transcript": [{"content": SECRET}]}],
    }});
    account.simulator.edit(|account| account.set_raw_row(0, 3, row.to_string())).unwrap();
    tamper(
        &account.pool,
        &format!(
            "update revox.calls set metadata = '{{\"k\":\"{SECRET}\"}}', _extra = '{{\"token\":\"{SECRET}\"}}';
             update revox.campaign_rows set phone_number = '{SECRET}';
             update revox.assistants set prompt = '{SECRET}', _extra = '{{\"headers\":\"{SECRET}\"}}'"
        ),
    )
    .await;
    for more in [&[][..], &["--json"], &["--repair"]] {
        let run =
            verify(&account, more, &[("REVOX_MIRROR__LOG__LEVEL", "trace"), ("REVOX_API_KEY", "demo-key")])
                .await;
        assert!(run.code == Some(3) || more == ["--repair"], "{}{}", run.out, run.err);
        assert!(run.out.contains("prompt") && run.out.contains("phone_number"), "{}", run.out);
        assert!(!run.out.contains(SECRET) && !run.err.contains(SECRET), "{}{}", run.out, run.err);
    }
    // A secret that stands in the mirror is a difference, too.
    tamper(
        &account.pool,
        &format!(
            "update revox.assistants set _extra = jsonb_set(_extra, '{{custom_tools,0,headers,0,value}}', '\"{SECRET}\"')
             where id = 'a3'"
        ),
    )
    .await;
    let run = verify(&account, &[], &[]).await;
    run.exits(3).says("differs  assistants a3 _extra");
    assert!(!run.out.contains(SECRET) && !run.err.contains(SECRET), "{}{}", run.out, run.err);
}
