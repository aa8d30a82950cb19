-- How campaigns do: by their contacts, by days, by the hours at which people answer. Counted each time:
-- the views of these names in schema revox answer from what was summed up of them.

create view revox_sync.campaign_funnel as
select
    m.id as campaign_id,
    m.name as campaign_name,
    m.status,
    f.rows,
    f.called,
    f.answered,
    f.answered_by_human,
    f.voicemail,
    f.completed,
    f.failed,
    f.cancelled,
    f.open,
    round(f.called::numeric / nullif(f.rows, 0), 4) as called_rate,
    round(f.answered::numeric / nullif(f.called, 0), 4) as answer_rate,
    round(f.answered_by_human::numeric / nullif(f.called, 0), 4) as human_rate,
    round(f.completed::numeric / nullif(f.rows, 0), 4) as completion_rate
from revox.campaigns m
left join lateral (
    select
        count(*) as rows,
        count(*) filter (where a.attempts > 0) as called,
        count(*) filter (where a.is_answered) as answered,
        count(*) filter (where a.is_answered_by_human) as answered_by_human,
        count(*) filter (where a.is_voicemail) as voicemail,
        count(*) filter (where c.status = 'completed') as completed,
        count(*) filter (where c.status = 'errored') as failed,
        count(*) filter (where c.status = 'cancelled') as cancelled,
        count(*) filter (where (c.status in ('completed', 'errored', 'cancelled')) is not true) as open
    from revox.campaign_rows r
    left join revox.calls c on c.id = r.call_id
        and c._deleted_at is null
    left join lateral (
        select
            count(*) as attempts,
            bool_or(tried.answered_at is not null) as is_answered,
            bool_or(tried.result = 'human') as is_answered_by_human,
            bool_or(tried.result = 'voicemail') as is_voicemail
        from revox.call_attempts tried
        where tried.call_id = c.id
          and tried._deleted_at is null
    ) a on true
    where r.campaign_id = m.id
      and r._deleted_at is null
) f on true
where m._deleted_at is null;

comment on view revox_sync.campaign_funnel is
    'How far each live campaign has come: a line a campaign, counted by its live rows (contacts). A call that two rows show counts for both.';
comment on column revox_sync.campaign_funnel.campaign_id is
    'Key: the campaign: campaigns.id.';
comment on column revox_sync.campaign_funnel.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.campaign_funnel.status is
    'The state of the campaign, as campaigns.status: draft, running, paused, completed, and whatever the API adds later.';
comment on column revox_sync.campaign_funnel.rows is
    'Rows (contacts), a count.';
comment on column revox_sync.campaign_funnel.called is
    'Rows whose call has been tried at least once, a count.';
comment on column revox_sync.campaign_funnel.answered is
    'Rows for which an attempt was answered, by whomever or whatever, a count.';
comment on column revox_sync.campaign_funnel.answered_by_human is
    'Rows for which a human answered an attempt, a count.';
comment on column revox_sync.campaign_funnel.voicemail is
    'Rows for which a voicemail answered an attempt, a count.';
comment on column revox_sync.campaign_funnel.completed is
    'Rows whose call is completed, a count.';
comment on column revox_sync.campaign_funnel.failed is
    'Rows whose call was given up (errored), a count.';
comment on column revox_sync.campaign_funnel.cancelled is
    'Rows whose call was cancelled, a count. The older API''s own rows_failed holds these too; the newer one''s rows_skipped is these.';
comment on column revox_sync.campaign_funnel.open is
    'All other rows, a count: without a call, waiting, being called, to be tried again, or of a status that is not known to be an end.';
comment on column revox_sync.campaign_funnel.called_rate is
    'called / rows, from 0 to 1. Null without rows.';
comment on column revox_sync.campaign_funnel.answer_rate is
    'answered / called, from 0 to 1. Null when nobody was called.';
comment on column revox_sync.campaign_funnel.human_rate is
    'answered_by_human / called, from 0 to 1. Null when nobody was called.';
comment on column revox_sync.campaign_funnel.completion_rate is
    'completed / rows, from 0 to 1. Null without rows.';

create view revox_sync.daily_activity as
select
    f.campaign_id,
    f.campaign_name,
    (f.started_at at time zone (select revox.reporting_time_zone()))::date as day,
    count(*) as attempts,
    count(distinct f.call_id) as calls,
    count(*) filter (where f.is_answered) as answered,
    count(*) filter (where f.is_answered_by_human) as answered_by_human,
    count(*) filter (where f.is_voicemail) as voicemail,
    coalesce(sum(f.ring_seconds), 0) as ring_seconds,
    coalesce(sum(f.talk_seconds), 0) as talk_seconds,
    round(count(*) filter (where f.is_answered)::numeric / nullif(count(*), 0), 4) as answer_rate,
    round(count(*) filter (where f.is_answered_by_human)::numeric / nullif(count(*), 0), 4) as human_rate
from revox.attempt_facts f
where f.started_at is not null
group by f.campaign_id, f.campaign_name, (f.started_at at time zone (select revox.reporting_time_zone()))::date;

comment on view revox_sync.daily_activity is
    'What each live campaign did each day on which it called: a line a campaign and day.';
comment on column revox_sync.daily_activity.campaign_id is
    'Key, with day: the campaign, campaigns.id.';
comment on column revox_sync.daily_activity.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.daily_activity.day is
    'The day on which the attempts started, in the zone reporting.time_zone.';
comment on column revox_sync.daily_activity.attempts is
    'Attempts that started then, a count.';
comment on column revox_sync.daily_activity.calls is
    'Calls that they belong to, a count.';
comment on column revox_sync.daily_activity.answered is
    'Attempts that were answered, by whomever or whatever, a count.';
comment on column revox_sync.daily_activity.answered_by_human is
    'Attempts that a human answered, a count.';
comment on column revox_sync.daily_activity.voicemail is
    'Attempts that a voicemail answered, a count.';
comment on column revox_sync.daily_activity.ring_seconds is
    'Seconds for which they rang.';
comment on column revox_sync.daily_activity.talk_seconds is
    'Seconds from answer to end.';
comment on column revox_sync.daily_activity.answer_rate is
    'answered / attempts, from 0 to 1.';
comment on column revox_sync.daily_activity.human_rate is
    'answered_by_human / attempts, from 0 to 1.';

create view revox_sync.hourly_answer_rate as
select
    f.campaign_id,
    f.campaign_name,
    f.weekday,
    f.hour,
    f.time_zone_source,
    count(*) as attempts,
    count(distinct f.call_id) as calls,
    count(*) filter (where f.is_answered) as answered,
    count(*) filter (where f.is_answered_by_human) as answered_by_human,
    count(*) filter (where f.is_voicemail) as voicemail,
    coalesce(sum(f.ring_seconds), 0) as ring_seconds,
    coalesce(sum(f.talk_seconds), 0) as talk_seconds,
    round(count(*) filter (where f.is_answered)::numeric / nullif(count(*), 0), 4) as answer_rate,
    round(count(*) filter (where f.is_answered_by_human)::numeric / nullif(count(*), 0), 4) as human_rate
from revox.attempt_facts f
where f.started_at is not null
group by f.campaign_id, f.campaign_name, f.weekday, f.hour, f.time_zone_source;

comment on view revox_sync.hourly_answer_rate is
    'When people answer, by their own clocks as far as their numbers tell: a line a live campaign, weekday, hour and source of the zone.';
comment on column revox_sync.hourly_answer_rate.campaign_id is
    'Key, with weekday, hour and time_zone_source: the campaign, campaigns.id.';
comment on column revox_sync.hourly_answer_rate.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.hourly_answer_rate.weekday is
    'Day of the week on which the attempts started, from 1 (Monday) to 7 (Sunday).';
comment on column revox_sync.hourly_answer_rate.hour is
    'Hour of the day in which they started, from 0 to 23.';
comment on column revox_sync.hourly_answer_rate.time_zone_source is
    'By whose clock: number (the zone that each phone number tells, see number_zones) or reporting (numbers that do not tell: reporting.time_zone of the configuration).';
comment on column revox_sync.hourly_answer_rate.attempts is
    'Attempts that started then, a count.';
comment on column revox_sync.hourly_answer_rate.calls is
    'Calls that they belong to, a count.';
comment on column revox_sync.hourly_answer_rate.answered is
    'Attempts that were answered, by whomever or whatever, a count.';
comment on column revox_sync.hourly_answer_rate.answered_by_human is
    'Attempts that a human answered, a count.';
comment on column revox_sync.hourly_answer_rate.voicemail is
    'Attempts that a voicemail answered, a count.';
comment on column revox_sync.hourly_answer_rate.ring_seconds is
    'Seconds for which they rang.';
comment on column revox_sync.hourly_answer_rate.talk_seconds is
    'Seconds from answer to end.';
comment on column revox_sync.hourly_answer_rate.answer_rate is
    'answered / attempts, from 0 to 1.';
comment on column revox_sync.hourly_answer_rate.human_rate is
    'answered_by_human / attempts, from 0 to 1.';
