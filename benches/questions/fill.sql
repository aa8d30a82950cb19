-- Fills an empty mirror with calls that were never made: {calls} calls with five attempts to three of them, half of them
-- answered, 32 turns to each that was. Everything follows from the numbers, so that each run asks the same of the same.
-- Lines lie as a backfill leaves them, campaign by campaign.

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
select 'campaign-' || n, 'organization', 'assistant-' || n % 10,
    -- One of those that the documents name.
    case n when 3 then 'Relance devis 🚀' else 'Campaign ' || n end, 'running',
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
from generate_series(1, {calls}) n
order by n % 40, n;

insert into revox.calls (
    id, campaign_id, assistant_id, organization_id, direction, status, to_phone_number, calls_count, llm_model_name, is_completed,
    created_at, updated_at, outcome, contact_first_name, assignee_email, metadata, _first_seen_at, _synced_at
)
select
    call_id, 'campaign-' || campaign, 'assistant-' || campaign % 10, 'organization', 'outbound',
    case when n % 50 = 0 then 'scheduled' when is_answered then 'completed' else 'errored' end,
    phone_number, 1, 'gpt-4.1', is_answered, created_at, created_at + interval '3 hours',
    case when is_answered and is_human then (array['interested', 'not_interested', 'requested_callback_later'])[1 + n % 3] end,
    'Contact ' || n, 'colleague-' || n % 7 || '@example.com',
    jsonb_build_object('source', (array['website', 'fair', 'partner', 'form'])[1 + n % 4]), created_at, created_at
from made;

insert into revox.campaign_rows (id, campaign_id, row_index, phone_number, input_data, call_id, _first_seen_at, _synced_at)
select
    md5('row ' || n)::uuid::text, 'campaign-' || campaign, n / 40, phone_number,
    jsonb_build_object('first_name', 'Contact ' || n, 'city', 'City ' || n % 500), call_id, created_at, created_at
from made;

-- Some calls of a few campaigns are not settled.
insert into revox_sync.row_states (row_id, campaign_id, position, status, unsettled_since)
select r.id, r.campaign_id, r.row_index, c.status,
    case when c.status <> 'scheduled' and r.row_index % 100 = 1 and length(c.campaign_id) = 10 then c.updated_at end
from revox.campaign_rows r
join revox.calls c on c.id = r.call_id;

insert into revox.call_attempts (
    id, call_id, attempt_number, phone_number, status, result, dial_error, started_at, answered_at, ended_at, end_reason, ended_by,
    structured_output, _first_seen_at, _synced_at
)
select
    md5('attempt ' || n || ' ' || number)::uuid::text, call_id, number, phone_number, 'completed',
    case when answers then case when is_human then 'human' else 'voicemail' end end,
    case when not answers then (array['no_answer', 'busy', 'no_answer', 'number_non_attributed'])[1 + n / 7 % 4] end,
    at, case when answers then at + (3 + n % 20) * interval '1 second' end, at + (30 + n % 300) * interval '1 second',
    case when answers then 'hangup' end, case when answers then (array['user', 'assistant'])[1 + n % 2] end,
    case when answers and is_human then jsonb_build_object('is_interested', n % 3 = 0, 'interest', (array['hot', 'warm', 'cold'])[1 + n % 3], 'budget_eur', n % 40 * 500) end,
    at, timestamptz '2025-12-31' + n / 300 * interval '1 second'
from made
cross join lateral generate_series(1, case when n % 3 = 2 then 1 else 2 end) number
cross join lateral (
    select
        is_answered and number = case when n % 3 = 2 then 1 else 2 end as answers,
        created_at + number * interval '1 hour' as at
) tried
order by campaign, n, number;

-- Sentences of ten words that all share and ten that few do, of a vocabulary of 5,000; three that people look for.
create temporary table said as
select
    n as place,
    case n
        when 0 then 'I want a refund for the invoice of May.'
        when 1 then 'Please call me back on Wednesday, I am in a meeting right now.'
        when 2 then 'Je vous prie de ne plus m''appeler.'
        else 'Good morning, this is about the offer that you asked for'
             || (select string_agg(' word' || (n * 7919 + k * 104729) % 5000, '' order by k) from generate_series(1, 10) k)
    end as content
from generate_series(0, 1999) n;

analyze said;

insert into revox.transcript_turns (call_attempt_id, turn_index, role, content, tool_name, tool_arguments, tool_is_error)
select
    t.id, t.turn,
    case when t.turn = 20 then 'tool' when t.turn % 2 = 0 then 'assistant' else 'user' end,
    case when t.turn <> 20 then s.content end,
    case when t.turn = 20 then 'book_slot' end,
    case when t.turn = 20 then '{"day": "monday"}'::jsonb end,
    case when t.turn = 20 then hashtext(t.id) % 10 = 0 end
from (
    select a.id, turn, abs((hashtext(a.id) + turn * 37) % 2000) as place
    from revox.call_attempts a
    cross join lateral generate_series(0, 31) turn
    where a.answered_at is not null
    offset 0
) t
join said s on s.place = t.place;

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

insert into revox_sync.summary_marks (owner_kind, owner_id)
select 'campaign', c.id from revox.campaigns c
union all
select 'assistant', a.id from revox.assistants a;

reset session_replication_role;
vacuum analyze;
