-- Conversations as text, and the tools that were used in them. Turns are read attempt by attempt, by their primary key. Which
-- transcript is the better one is told by its being there: it is made from the recording, after the call.

create function revox.word_count(text text) returns integer
language sql immutable parallel safe
as $$
    select case
        -- Most texts are words with one space between each two, which are counted in less than half the time.
        when strpos(text, '  ') = 0 and strpos(text, E'\n') = 0 and strpos(text, E'\r') = 0 and strpos(text, E'\t') = 0
             and text <> '' and left(text, 1) <> ' ' and right(text, 1) <> ' '
            then length(text) - length(replace(text, ' ', '')) + 1
        else cardinality(array_remove(string_to_array(translate(text, E'\n\r\t', '   '), ' '), ''))
    end
$$;

comment on function revox.word_count(text) is
    'How many words a text has: what spaces, tabs and ends of lines separate. In scripts without spaces that is nearer to sentences.';

create view revox.transcripts as
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
    a.started_at,
    a.result,
    case
        when p.turns > 0 then 'post_call'
        when l.turns > 0 then 'live'
    end as source,
    case when p.turns > 0 then p.text else l.text end as transcript,
    l.text as live_transcript,
    p.text as post_call_transcript,
    case when p.turns > 0 then p.turns else l.turns end as turns,
    case when p.turns > 0 then p.user_turns else l.user_turns end as user_turns,
    case when p.turns > 0 then p.assistant_turns else l.assistant_turns end as assistant_turns,
    case when p.turns > 0 then p.human_agent_turns else l.human_agent_turns end as human_agent_turns,
    case when p.turns > 0 then p.tool_turns else l.tool_turns end as tool_turns,
    case when p.turns > 0 then p.user_words else l.user_words end as user_words,
    case when p.turns > 0 then p.assistant_words else l.assistant_words end as assistant_words,
    case when p.turns > 0 then p.human_agent_words else l.human_agent_words end as human_agent_words,
    case when p.turns > 0 then p.last_role else l.last_role end as last_role
from revox.call_attempts a
join revox.calls c on c.id = a.call_id
left join revox.campaigns m on m.id = c.campaign_id
left join revox.assistants s on s.id = c.assistant_id
left join lateral (
    select
        count(*) as turns,
        count(*) filter (where said.role = 'user') as user_turns,
        count(*) filter (where said.role = 'assistant') as assistant_turns,
        count(*) filter (where said.role = 'human_agent') as human_agent_turns,
        count(*) filter (where said.role = 'tool') as tool_turns,
        coalesce(sum(revox.word_count(said.content)) filter (where said.role = 'user'), 0)::bigint as user_words,
        coalesce(sum(revox.word_count(said.content)) filter (where said.role = 'assistant'), 0)::bigint as assistant_words,
        coalesce(sum(revox.word_count(said.content)) filter (where said.role = 'human_agent'), 0)::bigint as human_agent_words,
        (
            array_agg(said.role order by said.turn_index desc)
            filter (where said.content <> '' and said.tool_name is null and said.role is distinct from 'tool')
        )[1] as last_role,
        string_agg(
            coalesce(said.role, 'unknown') || ': ' || concat_ws(' ', '[' || said.tool_name || ']', nullif(said.content, '')),
            E'\n' order by said.turn_index
        ) as text
    from revox.transcript_turns said
    where said.call_attempt_id = a.id
) l on true
left join lateral (
    select
        count(*) as turns,
        count(*) filter (where said.role = 'user') as user_turns,
        count(*) filter (where said.role = 'assistant') as assistant_turns,
        count(*) filter (where said.role = 'human_agent') as human_agent_turns,
        count(*) filter (where said.role = 'tool') as tool_turns,
        coalesce(sum(revox.word_count(said.content)) filter (where said.role = 'user'), 0)::bigint as user_words,
        coalesce(sum(revox.word_count(said.content)) filter (where said.role = 'assistant'), 0)::bigint as assistant_words,
        coalesce(sum(revox.word_count(said.content)) filter (where said.role = 'human_agent'), 0)::bigint as human_agent_words,
        (
            array_agg(said.role order by said.turn_index desc)
            filter (where said.content <> '' and said.tool_name is null and said.role is distinct from 'tool')
        )[1] as last_role,
        string_agg(
            coalesce(said.role, 'unknown') || ': ' || concat_ws(' ', '[' || said.tool_name || ']', nullif(said.content, '')),
            E'\n' order by said.turn_index
        ) as text
    from revox.post_call_transcript_turns said
    where said.call_attempt_id = a.id
) p on true
where a._deleted_at is null
  and c._deleted_at is null
  and m._deleted_at is null;

comment on view revox.transcripts is
    'What was said in each live attempt: a line an attempt, without turns too. Counts and words are those of the better transcript that there is.';
comment on column revox.transcripts.call_attempt_id is
    'Key: the attempt: call_attempts.id.';
comment on column revox.transcripts.call_id is
    'The call: calls.id.';
comment on column revox.transcripts.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox.transcripts.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox.transcripts.assistant_id is
    'The assistant that calls: assistants.id. Null when the API names none.';
comment on column revox.transcripts.assistant_name is
    'The assistant''s name.';
comment on column revox.transcripts.llm_model_name is
    'The call''s language model, by name or id.';
comment on column revox.transcripts.attempt_number is
    'Place among the attempts at its call; 1 is the oldest.';
comment on column revox.transcripts.phone_number is
    'Number of the person who was called, usually E.164.';
comment on column revox.transcripts.started_at is
    'When the attempt started. Null until it did.';
comment on column revox.transcripts.result is
    'Who or what answered: human, voicemail, IVR, ios-screening-filter, unknown, and whatever the API adds later. Null when nothing is known.';
comment on column revox.transcripts.source is
    'Which transcript is the better one: post_call (made from the recording, newer API) where there is one, else live. Null without any.';
comment on column revox.transcripts.transcript is
    'The better transcript as text, one line a turn: its role, a colon, what was said; a tool by its name in brackets. Null without any.';
comment on column revox.transcripts.live_transcript is
    'The transcript made while people spoke, in the same form. Null when there is none.';
comment on column revox.transcripts.post_call_transcript is
    'The transcript made from the recording, in the same form. Null when there is none. Newer API only.';
comment on column revox.transcripts.turns is
    'Turns of the better transcript, tools included, a count.';
comment on column revox.transcripts.user_turns is
    'Turns of the person, a count.';
comment on column revox.transcripts.assistant_turns is
    'Turns of the AI, a count.';
comment on column revox.transcripts.human_agent_turns is
    'Turns of an operator, a count. Newer API only.';
comment on column revox.transcripts.tool_turns is
    'Turns in which a tool was used, a count.';
comment on column revox.transcripts.user_words is
    'Words of the person, a count; see revox.word_count.';
comment on column revox.transcripts.assistant_words is
    'Words of the AI, a count.';
comment on column revox.transcripts.human_agent_words is
    'Words of an operator, a count. Newer API only.';
comment on column revox.transcripts.last_role is
    'Who spoke last: user, assistant, human_agent, and whatever the API adds later. Tools and empty turns do not count. Null when nobody spoke.';

create view revox.tool_calls as
select
    a.id as call_attempt_id,
    t.turn_index,
    a.call_id,
    c.campaign_id,
    m.name as campaign_name,
    c.assistant_id,
    s.name as assistant_name,
    c.llm_model_name,
    a.attempt_number,
    a.phone_number,
    a.started_at,
    t.tool_name,
    t.tool_arguments,
    t.tool_is_error,
    t.tool_output
from revox.call_attempts a
join revox.calls c on c.id = a.call_id
left join revox.campaigns m on m.id = c.campaign_id
left join revox.assistants s on s.id = c.assistant_id
join revox.transcript_turns t on t.call_attempt_id = a.id
where a._deleted_at is null
  and c._deleted_at is null
  and m._deleted_at is null
  and (t.role = 'tool' or t.tool_name is not null);

comment on view revox.tool_calls is
    'The tools that the AI used in live attempts: a line a use. Taken from the live transcript; the one made after the call repeats them.';
comment on column revox.tool_calls.call_attempt_id is
    'Key: the attempt: call_attempts.id, with turn_index.';
comment on column revox.tool_calls.turn_index is
    'Place in the live transcript, from 0.';
comment on column revox.tool_calls.call_id is
    'The call: calls.id.';
comment on column revox.tool_calls.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox.tool_calls.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox.tool_calls.assistant_id is
    'The assistant that calls: assistants.id. Null when the API names none.';
comment on column revox.tool_calls.assistant_name is
    'The assistant''s name.';
comment on column revox.tool_calls.llm_model_name is
    'The call''s language model, by name or id.';
comment on column revox.tool_calls.attempt_number is
    'Place among the attempts at its call; 1 is the oldest.';
comment on column revox.tool_calls.phone_number is
    'Number of the person who was called, usually E.164.';
comment on column revox.tool_calls.started_at is
    'When the attempt started. Null until it did.';
comment on column revox.tool_calls.tool_name is
    'The tool. Null when the API does not name it.';
comment on column revox.tool_calls.tool_arguments is
    'What it was given: a JSON object, or a JSON string where the API gives text.';
comment on column revox.tool_calls.tool_is_error is
    'Whether it failed. Null when the API does not say.';
comment on column revox.tool_calls.tool_output is
    'What it answered. Newer API only.';
