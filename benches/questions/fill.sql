-- Fills an empty mirror with calls that were never made: {calls} calls with five attempts to three of them, half of them
-- answered, 32 turns to each that was. Everything follows from the numbers, so that each run asks the same of the same.

set synchronous_commit = off;
-- What is written refers to what is written.
set session_replication_role = replica;

insert into revox.assistants (id, organization_id, name, prompt, llm_model_name, created_at, _first_seen_at, _synced_at)
select 'assistant-' || n, 'organization', 'Assistant ' || n, 'You call people about their offer.', 'gpt-4.1',
    '2025-01-01', '2025-01-01', '2025-01-01'
from generate_series(0, 9) n;

insert into revox.assistant_structured_output_fields (assistant_id, field_index, name, type, required)
select 'assistant-' || n, 0, 'is_interested', 'boolean', true
from generate_series(0, 9) n;

insert into revox.campaigns (id, organization_id, assistant_id, name, status, created_at, updated_at, _first_seen_at, _synced_at)
select 'campaign-' || n, 'organization', 'assistant-' || n % 10, 'Campaign ' || n, 'running',
    '2025-01-01', '2025-12-31', '2025-01-01', '2025-12-31'
from generate_series(0, 39) n;

insert into revox_sync.checkpoints (campaign_id, account, completed_at, full_walk_at, complete_through, updated_at)
select 'campaign-' || n, 'default', '2025-12-31', '2025-12-31', '2025-12-31', '2025-12-31'
from generate_series(0, 39) n;

create temporary table made as
select
    n,
    md5('call ' || n)::uuid::text as call_id,
    n % 40 as campaign,
    '+' || (array['33', '49', '44', '34', '39', '1212', '1310', '351'])[1 + n % 8] || lpad((n::bigint * 7919 % 100000000)::text, 8, '0') as phone_number,
    timestamptz '2025-01-01 08:00+00' + n % 360 * interval '1 day' + n::bigint * 104729 % 36000 * interval '1 second' as created_at,
    n % 6 <> 5 as is_answered,
    n % 5 <> 4 as is_human
from generate_series(1, {calls}) n;

insert into revox.calls (
    id, campaign_id, assistant_id, organization_id, direction, status, to_phone_number, calls_count, llm_model_name, is_completed,
    created_at, updated_at, outcome, contact_first_name, _first_seen_at, _synced_at
)
select
    call_id, 'campaign-' || campaign, 'assistant-' || campaign % 10, 'organization', 'outbound',
    case when n % 50 = 0 then 'scheduled' when is_answered then 'completed' else 'errored' end,
    phone_number, 1, 'gpt-4.1', is_answered, created_at, created_at + interval '3 hours',
    case when is_answered and is_human then (array['interested', 'not_interested', 'requested_callback_later'])[1 + n % 3] end,
    'Contact ' || n, created_at, created_at
from made;

insert into revox.campaign_rows (id, campaign_id, row_index, phone_number, input_data, call_id, _first_seen_at, _synced_at)
select
    md5('row ' || n)::uuid::text, 'campaign-' || campaign, n / 40, phone_number,
    jsonb_build_object('first_name', 'Contact ' || n, 'city', 'City ' || n % 500), call_id, created_at, created_at
from made;

insert into revox_sync.row_states (row_id, campaign_id, position, status)
select r.id, r.campaign_id, r.row_index, c.status
from revox.campaign_rows r
join revox.calls c on c.id = r.call_id;

insert into revox.call_attempts (
    id, call_id, attempt_number, phone_number, status, result, dial_error, started_at, answered_at, ended_at, end_reason, ended_by,
    structured_output, _first_seen_at, _synced_at
)
select
    md5('attempt ' || n || ' ' || number)::uuid::text, call_id, number, phone_number, 'completed',
    case when answers then case when is_human then 'human' else 'voicemail' end end,
    case when not answers then 'no_answer' end,
    at, case when answers then at + (3 + n % 20) * interval '1 second' end, at + (30 + n % 300) * interval '1 second',
    case when answers then 'hangup' end, case when answers then (array['user', 'assistant'])[1 + n % 2] end,
    case when answers and is_human then jsonb_build_object('is_interested', n % 3 = 0) end,
    at, at
from made
cross join lateral generate_series(1, case when n % 3 = 2 then 1 else 2 end) number
cross join lateral (
    select
        is_answered and number = case when n % 3 = 2 then 1 else 2 end as answers,
        created_at + number * interval '1 hour' as at
) tried;

create temporary table said as
select
    n as place,
    'Good morning, this is about ' || (array['your offer', 'the invoice', 'a refund', 'the delivery', 'your appointment'])[1 + n % 5]
        || ' of ' || (array['Monday', 'Tuesday', 'Friday', 'last week', 'next month'])[1 + n / 5 % 5]
        || ', and I would like to ask whether number ' || n || ' suits you.' as content
from generate_series(0, 199) n;

insert into revox.transcript_turns (call_attempt_id, turn_index, role, content, tool_name, tool_arguments, tool_is_error)
select
    a.id, turn,
    case when turn = 20 then 'tool' when turn % 2 = 0 then 'assistant' else 'user' end,
    case when turn <> 20 then s.content end,
    case when turn = 20 then 'book_meeting' end,
    case when turn = 20 then '{"day": "monday"}'::jsonb end,
    case when turn = 20 then hashtext(a.id) % 10 = 0 end
from revox.call_attempts a
cross join generate_series(0, 31) turn
join said s on s.place = abs((hashtext(a.id) + turn * 37) % 200)
where a.answered_at is not null
order by a.id, turn;

insert into revox.speech_events (
    call_attempt_id, id, is_real_turn, llm_ttft_ms, llm_winner_model, speaker, started_speaking_at_ms, stopped_speaking_at_ms,
    stt_transcription_delay_ms, tts_ttfb_ms, was_cut
)
select
    a.id, 'event-' || event, true, 200 + (hashtext(a.id) + event * 31) % 150, 'gpt-4.1',
    case when event % 2 = 0 then 'user' else 'agent' end, event * 4000, event * 4000 + 3500 - (hashtext(a.id) + event) % 300,
    100 + (hashtext(a.id) + event * 17) % 80, 150 + (hashtext(a.id) + event * 13) % 90, (hashtext(a.id) + event) % 12 = 0
from revox.call_attempts a
cross join generate_series(0, 7) event
where a.answered_at is not null
  and hashtext(a.id) % 2 = 0;

reset session_replication_role;
vacuum analyze;
