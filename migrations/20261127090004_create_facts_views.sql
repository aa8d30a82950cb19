-- What people ask of calls and attempts, in one line each. Views, so that they are never behind the tables. What is gathered
-- for a call or an attempt is looked up for it alone, so that a filter on ids, campaigns or times reaches the indexes; all of it
-- are left joins to one line each, which the planner leaves out where a query does not ask for them.

create view revox.call_facts as
select
    c.id as call_id,
    c.campaign_id,
    m.name as campaign_name,
    c.assistant_id,
    s.name as assistant_name,
    c.llm_model_name,
    c.direction,
    coalesce(r.rows, 0) as rows,
    r.row_id,
    r.row_index,
    coalesce(case when c.direction = 'inbound' then c.from_phone_number else c.to_phone_number end, r.phone_number) as phone_number,
    coalesce(c.contact_first_name, r.input_data ->> 'first_name') as contact_first_name,
    coalesce(c.contact_last_name, r.input_data ->> 'last_name') as contact_last_name,
    coalesce(c.contact_email, r.input_data ->> 'email') as contact_email,
    coalesce(c.contact_company, r.input_data ->> 'company') as contact_company,
    r.input_data,
    c.status,
    a.final_result,
    a.final_dial_error,
    coalesce(a.attempts, 0) as attempts,
    coalesce(a.is_answered, false) as is_answered,
    coalesce(a.is_answered_by_human, false) as is_answered_by_human,
    coalesce(a.is_voicemail, false) as is_voicemail,
    coalesce(a.ring_seconds, 0) as ring_seconds,
    coalesce(a.talk_seconds, 0) as talk_seconds,
    a.first_attempt_at,
    a.last_attempt_at,
    a.recording_url,
    a.structured_output,
    c.outcome,
    c.outcome_summary,
    c.assignee_email,
    c.metadata,
    c.created_at,
    c.scheduled_at,
    coalesce(c.status in ('completed', 'cancelled', 'errored'), false) as is_final,
    (
        select settlement.is_settled
        from revox.call_settlement settlement
        where settlement.call_id = c.id
    ) as is_settled
from revox.calls c
left join revox.campaigns m on m.id = c.campaign_id
left join revox.assistants s on s.id = c.assistant_id
left join lateral (
    select
        count(*) as rows,
        (array_agg(shown.id order by shown.is_here desc, shown.row_index, shown.id))[1] as row_id,
        (array_agg(shown.row_index order by shown.is_here desc, shown.row_index, shown.id))[1] as row_index,
        (array_agg(shown.phone_number order by shown.is_here desc, shown.row_index, shown.id))[1] as phone_number,
        (array_agg(shown.input_data order by shown.is_here desc, shown.row_index, shown.id))[1] as input_data
    from (
        select live.*, (live.campaign_id = c.campaign_id) is true as is_here
        from revox.campaign_rows live
        where live.call_id = c.id
          and live._deleted_at is null
    ) shown
) r on true
left join lateral (
    select
        count(*) as attempts,
        bool_or(tried.answered_at is not null) as is_answered,
        bool_or((tried.result = 'human') is true) as is_answered_by_human,
        bool_or((tried.result = 'voicemail') is true) as is_voicemail,
        sum(tried.ring_seconds) as ring_seconds,
        sum(tried.talk_seconds) as talk_seconds,
        min(tried.started_at) as first_attempt_at,
        max(tried.started_at) as last_attempt_at,
        (array_agg(tried.result order by tried.attempt_number desc nulls last, tried.id desc))[1] as final_result,
        (array_agg(tried.dial_error order by tried.attempt_number desc nulls last, tried.id desc))[1] as final_dial_error,
        (
            array_agg(tried.recording_url order by tried.attempt_number desc nulls last, tried.id desc)
            filter (where tried.recording_url is not null)
        )[1] as recording_url,
        (
            array_agg(tried.structured_output order by tried.attempt_number desc nulls last, tried.id desc)
            filter (where tried.structured_output is not null)
        )[1] as structured_output
    from revox.call_attempts tried
    where tried.call_id = c.id
      and tried._deleted_at is null
) a on true
where c._deleted_at is null
  and m._deleted_at is null;

comment on view revox.call_facts is
    'What came of each live call: a line a call, over all its attempts.';
comment on column revox.call_facts.call_id is
    'Key: the call: calls.id.';
comment on column revox.call_facts.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox.call_facts.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox.call_facts.assistant_id is
    'The assistant that calls: assistants.id. Null when the API names none.';
comment on column revox.call_facts.assistant_name is
    'The assistant''s name.';
comment on column revox.call_facts.llm_model_name is
    'The call''s language model, by name or id.';
comment on column revox.call_facts.direction is
    'inbound, outbound, and whatever the API adds later.';
comment on column revox.call_facts.rows is
    'Live rows (contacts) that show the call, a count: more than 1 where a call is shared.';
comment on column revox.call_facts.row_id is
    'The live row that shows it: campaign_rows.id. Of several the first of the call''s own campaign. Null when there is none.';
comment on column revox.call_facts.row_index is
    'Place of that row in its campaign as Revox numbers it.';
comment on column revox.call_facts.phone_number is
    'Number of the other side, usually E.164; the row''s where the call names none.';
comment on column revox.call_facts.contact_first_name is
    'First name of the person: what the API found (newer API), else the row''s input first_name.';
comment on column revox.call_facts.contact_last_name is
    'Last name of the person: what the API found (newer API), else the row''s input last_name.';
comment on column revox.call_facts.contact_email is
    'Email address of the person: what the API found (newer API), else the row''s input email.';
comment on column revox.call_facts.contact_company is
    'Company of the person: what the API found (newer API), else the row''s input company.';
comment on column revox.call_facts.input_data is
    'The row''s other columns of the contact list: a JSON object of strings, keyed by column name.';
comment on column revox.call_facts.status is
    'The state of the call, as calls.status: initializing, queued_for_calling, calling, scheduled, completed, cancelled, errored, and others.';
comment on column revox.call_facts.final_result is
    'Who or what answered the last attempt, as call_attempts.result: human, voicemail, and others. Null when nobody did, or before the first.';
comment on column revox.call_facts.final_dial_error is
    'Why the last attempt did not get through, as call_attempts.dial_error: busy, no_answer, and others. Null when it did.';
comment on column revox.call_facts.attempts is
    'Live attempts, a count.';
comment on column revox.call_facts.is_answered is
    'Whether any attempt was answered, by whomever or whatever.';
comment on column revox.call_facts.is_answered_by_human is
    'Whether a human answered any attempt.';
comment on column revox.call_facts.is_voicemail is
    'Whether a voicemail answered any attempt.';
comment on column revox.call_facts.ring_seconds is
    'Seconds for which it rang, over all attempts. 0 when none is known.';
comment on column revox.call_facts.talk_seconds is
    'Seconds from answer to end, over all attempts. 0 when none is known.';
comment on column revox.call_facts.first_attempt_at is
    'When the first attempt started. Null before it did.';
comment on column revox.call_facts.last_attempt_at is
    'When the last attempt started. Null before it did.';
comment on column revox.call_facts.recording_url is
    'The recording of the latest attempt that has one.';
comment on column revox.call_facts.structured_output is
    'The data found out by the latest attempt that has some: a JSON object.';
comment on column revox.call_facts.outcome is
    'Business outcome: not_interested, interested, completed, requested_callback_later, and whatever the API adds later. Newer API only.';
comment on column revox.call_facts.outcome_summary is
    'The language model''s reasons for the outcome. Newer API only.';
comment on column revox.call_facts.assignee_email is
    'Email address of the colleague to whom the call was given. Newer API only.';
comment on column revox.call_facts.metadata is
    'What was stored with the call when it was ordered: a JSON object.';
comment on column revox.call_facts.created_at is
    'When the call was ordered.';
comment on column revox.call_facts.scheduled_at is
    'When the call is to start.';
comment on column revox.call_facts.is_final is
    'Whether no further attempt comes: its status is completed, cancelled or errored.';
comment on column revox.call_facts.is_settled is
    'Whether it is not expected to change any more, late recordings and analyses included; see call_settlement.';

create view revox.attempt_facts as
select
    a.id as call_attempt_id,
    a.call_id,
    c.campaign_id,
    m.name as campaign_name,
    c.assistant_id,
    s.name as assistant_name,
    c.llm_model_name,
    a.attempt_number,
    a.phone_number,
    a.status,
    a.result,
    a.dial_error,
    a.started_at,
    a.answered_at,
    a.ended_at,
    a.answered_at is not null as is_answered,
    (a.result = 'human') is true as is_answered_by_human,
    (a.result = 'voicemail') is true as is_voicemail,
    a.ring_seconds,
    a.talk_seconds,
    a.end_reason,
    a.ended_by,
    a.handled_by_human,
    a.recording_url,
    a.structured_output,
    coalesce(n.zone, (select revox.reporting_time_zone())) as time_zone,
    case when n.zone is null then 'reporting' else 'number' end as time_zone_source,
    a.started_at at time zone coalesce(n.zone, (select revox.reporting_time_zone())) as started_local,
    extract(isodow from a.started_at at time zone coalesce(n.zone, (select revox.reporting_time_zone())))::integer as weekday,
    extract(hour from a.started_at at time zone coalesce(n.zone, (select revox.reporting_time_zone())))::integer as hour
from revox.call_attempts a
join revox.calls c on c.id = a.call_id
left join revox.campaigns m on m.id = c.campaign_id
left join revox.assistants s on s.id = c.assistant_id
-- An aggregate gives one line, so that the planner leaves the join out where no column of it is asked for.
left join lateral (
    select max(number.zone) as zone
    from revox.number_zone(a.phone_number) number(zone)
) n on true
where a._deleted_at is null
  and c._deleted_at is null
  and m._deleted_at is null;

comment on view revox.attempt_facts is
    'Each live attempt with what it belongs to, what came of it, and when it was by the clock of the person: a line an attempt.';
comment on column revox.attempt_facts.call_attempt_id is
    'Key: the attempt: call_attempts.id.';
comment on column revox.attempt_facts.call_id is
    'The call: calls.id.';
comment on column revox.attempt_facts.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox.attempt_facts.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox.attempt_facts.assistant_id is
    'The assistant that calls: assistants.id. Null when the API names none.';
comment on column revox.attempt_facts.assistant_name is
    'The assistant''s name.';
comment on column revox.attempt_facts.llm_model_name is
    'The call''s language model, by name or id.';
comment on column revox.attempt_facts.attempt_number is
    'Place among the attempts at its call; 1 is the oldest.';
comment on column revox.attempt_facts.phone_number is
    'Number of the person who was called, usually E.164.';
comment on column revox.attempt_facts.status is
    'The state of the attempt, as call_attempts.status: queued, ringing, ongoing, completed, error, and whatever the API adds later.';
comment on column revox.attempt_facts.result is
    'Who or what answered: human, voicemail, IVR, ios-screening-filter, unknown, and whatever the API adds later. Null when nothing is known.';
comment on column revox.attempt_facts.dial_error is
    'Why the number could not be reached: busy, no_answer, and others. Null when there was no error.';
comment on column revox.attempt_facts.started_at is
    'When the attempt started. Null until it did.';
comment on column revox.attempt_facts.answered_at is
    'When it was answered. Null when nobody answered (or not yet).';
comment on column revox.attempt_facts.ended_at is
    'When it ended. Null while it lasts.';
comment on column revox.attempt_facts.is_answered is
    'Whether it was answered, by whomever or whatever.';
comment on column revox.attempt_facts.is_answered_by_human is
    'Whether a human answered.';
comment on column revox.attempt_facts.is_voicemail is
    'Whether a voicemail answered.';
comment on column revox.attempt_facts.ring_seconds is
    'Seconds, with fractions, from the start to the answer, or to the end when nobody answered. Null while unknown.';
comment on column revox.attempt_facts.talk_seconds is
    'Seconds, with fractions, from the answer to the end. Null when nobody answered or while it lasts.';
comment on column revox.attempt_facts.end_reason is
    'Why it ended: tool_end_call, transfer, voicemail, max_duration, and others; see call_attempts.end_reason.';
comment on column revox.attempt_facts.ended_by is
    'Who ended it: agent (the AI), user (the person hung up), system (a limit, for instance), and whatever the API adds later.';
comment on column revox.attempt_facts.handled_by_human is
    'Whether a human operator held the conversation or part of it. Newer API only.';
comment on column revox.attempt_facts.recording_url is
    'Where its recording is, as last stored; may expire. Null when there is none (yet).';
comment on column revox.attempt_facts.structured_output is
    'The data found out in it: a JSON object. Null when nothing was extracted (or not yet).';
comment on column revox.attempt_facts.time_zone is
    'The time zone by which started_local, weekday and hour are counted, an IANA name.';
comment on column revox.attempt_facts.time_zone_source is
    'Where that zone comes from: number (the phone number tells it, see number_zones) or reporting (it does not: reporting.time_zone of the configuration).';
comment on column revox.attempt_facts.started_local is
    'When the attempt started by the clocks of that zone. Null until it did.';
comment on column revox.attempt_facts.weekday is
    'Day of the week by that clock, from 1 (Monday) to 7 (Sunday). Null until it started.';
comment on column revox.attempt_facts.hour is
    'Hour of the day by that clock, from 0 to 23. Null until it started.';
