-- How far the copy can be believed, for people and BI tools: a line a campaign, and a line a call. Views, so that they
-- are never behind the tables, and in `revox`, so that who may read the data may read how fresh it is.

-- The only part of the configuration that an answer in SQL depends on.
alter table revox_sync.installation
    add column settle_window interval;

comment on column revox_sync.installation.settle_window is
    'sync.settle_window as the last pass had it, at most ten years: how long after its last attempt''s end a call may still change. Null until there was a pass.';

-- The statuses are those of `plan::is_final`. What the rows of a call say is looked up call by call, by the indexes
-- campaign_rows_by_call and row_states_pk, so that one call or a day's calls never read the whole mirror. A row whose
-- status is not the call's was last read before the call came to its end.
create view revox.call_settlement as
select
    c.id as call_id,
    c.campaign_id,
    f.is_final,
    f.is_final
        and coalesce(
            (
                select bool_and((s.unsettled_since is null and s.status = c.status) is true)
                from revox.campaign_rows r
                join revox_sync.row_states s on s.row_id = r.id
                where r.call_id = c.id
                  and r._deleted_at is null
            ),
            false
        ) as is_settled,
    case
        when f.is_final then (
            select max(s.unsettled_since) + (select i.settle_window from revox_sync.installation i)
            from revox.campaign_rows r
            join revox_sync.row_states s on s.row_id = r.id
            where r.call_id = c.id
              and r._deleted_at is null
        )
    end as may_change_until
from revox.calls c
cross join lateral (
    select coalesce(c.status in ('completed', 'cancelled', 'errored'), false) as is_final
) f
where c._deleted_at is null;

comment on view revox.call_settlement is
    'Whether each live call may still change: a line a call, to be joined by call_id. Show figures once all their calls are settled.';
comment on column revox.call_settlement.call_id is
    'Key: the call, calls.id.';
comment on column revox.call_settlement.campaign_id is
    'The campaign in whose rows the call was found: campaigns.id.';
comment on column revox.call_settlement.is_final is
    'Whether no further attempt comes: its status is completed, cancelled or errored. Its recording and analysis may still be on their way.';
comment on column revox.call_settlement.is_settled is
    'Whether it is not expected to change any more: it is final, and every live row that shows it was read after the settle window (sync.settle_window after its last attempt''s end). False, too, when no live row shows it.';
comment on column revox.call_settlement.may_change_until is
    'When the settle window of a final call closes; the first reading after it makes the call settled. Null when it is settled or not final.';

create view revox.sync_freshness as
select
    c.id as campaign_id,
    c.name as campaign_name,
    k.complete_through,
    k.completed_at,
    k.full_walk_at,
    l.outcome as last_outcome,
    l.kind as last_kind,
    l.started_at as last_run_at,
    l.requests as last_requests,
    l.error as last_error,
    r.rows_live,
    s.calls_live,
    s.calls_open,
    s.calls_unsettled,
    j.rejects,
    k.suspicious_at is not null as is_suspicious
from revox.campaigns c
left join revox_sync.checkpoints k on k.campaign_id = c.id
left join lateral (
    select run.outcome, run.kind, run.started_at, run.requests, run.error
    from revox_sync.runs run
    where run.campaign_id = c.id
      and run.outcome is not null
    order by run.started_at desc, run.id desc
    limit 1
) l on true
-- Left joins, which are left out where a query does not ask for their counts.
left join lateral (
    select count(*) as rows_live
    from revox.campaign_rows live
    where live.campaign_id = c.id
      and live._deleted_at is null
) r on true
left join lateral (
    select
        count(*) as calls_live,
        count(*) filter (where not settlement.is_final) as calls_open,
        count(*) filter (where settlement.is_final and not settlement.is_settled) as calls_unsettled
    from revox.call_settlement settlement
    where settlement.campaign_id = c.id
) s on true
left join lateral (
    select count(*) as rejects
    from revox_sync.rejects reject
    where reject.campaign_id = c.id
) j on true
where c._deleted_at is null;

comment on view revox.sync_freshness is
    'How fresh and how complete the copy of each live campaign is: a line a campaign.';
comment on column revox.sync_freshness.campaign_id is
    'Key: the campaign, campaigns.id.';
comment on column revox.sync_freshness.campaign_name is
    'Name given by its author.';
comment on column revox.sync_freshness.complete_through is
    'Up to when the copy is complete: what the campaign showed at that time is here, late results of calls that are not settled apart. Moves on when a pass is complete and when the list shows that nothing changed, never back. Null until there was a complete pass.';
comment on column revox.sync_freshness.completed_at is
    'When the last complete pass that read something ended. Null until there was one.';
comment on column revox.sync_freshness.full_walk_at is
    'When the last full proof ended: a walk that showed every row of the campaign. Null until there was one.';
comment on column revox.sync_freshness.last_outcome is
    'How the last pass that has ended came out: complete, partial, suspicious, failed. Null until there was one.';
comment on column revox.sync_freshness.last_kind is
    'What that pass read: full (every row) or incremental (what the evidence pointed at).';
comment on column revox.sync_freshness.last_run_at is
    'When that pass began. Passes that were skipped because nothing had changed do not count.';
comment on column revox.sync_freshness.last_requests is
    'Requests that it made to the API, retries included, a count.';
comment on column revox.sync_freshness.last_error is
    'Why it is not complete, in plain words and without anybody''s data. Null when it is.';
comment on column revox.sync_freshness.rows_live is
    'Live rows (contacts) of the mirror, a count.';
comment on column revox.sync_freshness.calls_live is
    'Live calls of the mirror, a count.';
comment on column revox.sync_freshness.calls_open is
    'Those of them that are not final, a count.';
comment on column revox.sync_freshness.calls_unsettled is
    'Those of them that are final and not settled yet, a count.';
comment on column revox.sync_freshness.rejects is
    'Pieces of the campaign that could not be stored (revox_sync.rejects), a count.';
comment on column revox.sync_freshness.is_suspicious is
    'Whether so much would have vanished, in a walk since the last complete pass, that nothing was deleted: a person should look first.';
