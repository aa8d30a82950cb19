//! The first walk of a campaign: that what it writes is the same and as well checked whether the server looks at each line or
//! the mirror at the whole, and that it leaves nothing out that somebody has added to the tables.

use crate::support::setting::Setting;
use revox_mirror::simulator::Options;

fn options() -> Options {
    Options { campaigns: 3, rows: 120, turns: 3, ..Options::default() }
}

/// Lines that refer to something that is not there, over all keys that tables have.
const BROKEN: &str = "
    select (select count(*) from revox.calls c left join revox.campaigns p on p.id = c.campaign_id where p.id is null)
         + (select count(*) from revox.calls c left join revox.assistants p on p.id = c.assistant_id
            where p.id is null and c.assistant_id is not null)
         + (select count(*) from revox.calls c left join revox.call_retry_configs p on p.id = c.call_retry_config_id
            where p.id is null and c.call_retry_config_id is not null)
         + (select count(*) from revox.campaign_rows r left join revox.campaigns p on p.id = r.campaign_id where p.id is null)
         + (select count(*) from revox.campaign_rows r left join revox.calls p on p.id = r.call_id
            where p.id is null and r.call_id is not null)
         + (select count(*) from revox.call_attempts a left join revox.calls p on p.id = a.call_id where p.id is null)";

/// Marks of what is to be summed up that are missing.
const UNMARKED: &str = "
    select count(*)
    from (
        select 'campaign' as kind, campaign_id as id from revox.calls
        union
        select 'assistant', assistant_id from revox.calls where assistant_id is not null
    ) o
    where not exists (
        select from public.summary_marks m where (m.owner_kind, m.owner_id) = (o.kind, o.id)
    )";

/// Attempts that the search would not hear of.
const UNHEARD_OF: &str = "
    select count(*) from revox.call_attempts a
    where not exists (select from public.search_marks m where m.synced_at = a._synced_at)";

const MARKS: &str = "select count(*) from public.summary_marks";

/// A mirror of few settings.
async fn setting() -> Setting {
    let mut setting = Setting::new(options()).await;
    for kind in ["SEARCH__ENABLED", "VIEWS__PER_CAMPAIGN", "VIEWS__PER_ASSISTANT"] {
        setting.set(&format!("REVOX_MIRROR__{kind}"), "false");
    }
    setting.set("REVOX_MIRROR__LOG__LEVEL", "error");
    setting
}

/// Has a copy kept of each mark, since they are taken away once they were followed.
async fn keep_marks(setting: &Setting) {
    setting
        .execute(
            "create table public.summary_marks (owner_kind text, owner_id text);
             create table public.search_marks (synced_at timestamptz);
             create function public.keep_summary_mark() returns trigger language plpgsql security definer as
                 $$ begin insert into public.summary_marks values (new.owner_kind, new.owner_id); return null; end $$;
             create function public.keep_search_mark() returns trigger language plpgsql security definer as
                 $$ begin insert into public.search_marks values (new.synced_at); return null; end $$;
             create trigger keep after insert on revox_sync.summary_marks
                 for each row execute function public.keep_summary_mark();
             create trigger keep after insert on revox_sync.search_marks
                 for each row execute function public.keep_search_mark();
             alter table revox_sync.summary_marks enable always trigger keep;
             alter table revox_sync.search_marks enable always trigger keep",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_walk_leaves_the_same_whether_the_server_checks_each_line_or_the_mirror_the_whole() {
    let mut marks = Vec::new();
    for is_trusted in [true, false] {
        let mut setting = setting().await;
        if !is_trusted {
            setting.log_in_with("of-no-administrator").await;
        }
        setting.program(&["migrate"]).await.exits(0);
        keep_marks(&setting).await;
        setting.run(&[]).await.exits(0);
        setting.assert_equal().await;
        for statement in [BROKEN, UNMARKED, UNHEARD_OF] {
            assert_eq!(setting.count(statement).await, 0, "{is_trusted}: {statement}");
        }
        marks.push(setting.count(MARKS).await);
    }
    let [whole, each]: [i64; 2] = marks.try_into().unwrap();
    assert!(whole < each, "{whole} marks of batches as a whole, {each} of statements");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_added_to_the_tables_is_asked_for_every_line() {
    let additions = [
        // A trigger of their own.
        "create table public.told (id text);
         create function public.tell() returns trigger language plpgsql as
             $$ begin insert into public.told values (new.id); return null; end $$;
         create trigger tell after insert on revox.calls for each row execute function public.tell()",
        // The same, which fires even where the server's checks are left out.
        "create table public.told (id text);
         create function public.tell() returns trigger language plpgsql as
             $$ begin insert into public.told values (new.id); return null; end $$;
         create trigger tell after insert on revox.calls for each row execute function public.tell();
         alter table revox.calls enable always trigger tell",
    ];
    for addition in additions {
        let setting = setting().await;
        setting.program(&["migrate"]).await.exits(0);
        setting.execute(addition).await;
        setting.run(&[]).await.exits(0);
        let untold = "select count(*) from revox.calls c where not exists (select from public.told t where t.id = c.id)";
        assert!(setting.count("select count(*) from revox.calls").await > 0);
        assert_eq!(setting.count(untold).await, 0, "{addition}");
    }

    // A key of their own, which no line fulfils.
    let setting = setting().await;
    setting.program(&["migrate"]).await.exits(0);
    setting
        .execute(
            "create table public.partners (id text collate \"C\" primary key);
             alter table revox.calls add constraint of_a_partner foreign key (organization_id) references public.partners (id)",
        )
        .await;
    setting.run(&[]).await;
    let with_partner = "select count(*) from revox.calls where organization_id is not null";
    assert_eq!(setting.count(with_partner).await, 0, "the key was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_checks_again_once_a_batch_is_written() {
    let setting = setting().await;
    setting.program(&["migrate"]).await.exits(0);
    setting.execute("create table public.roles (role text);
         create function public.note_role() returns trigger language plpgsql as
             $$ begin insert into public.roles values (current_setting('session_replication_role')); return null; end $$;
         create trigger note_role after insert or update on revox_sync.checkpoints for each statement execute function public.note_role();
         alter table revox_sync.checkpoints enable always trigger note_role").await;
    setting.run(&[]).await.exits(0);
    assert!(setting.count("select count(*) from public.roles").await > 0);
    assert_eq!(setting.count("select count(*) from public.roles where role <> 'origin'").await, 0);
}
