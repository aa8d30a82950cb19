-- What was done and said in conversations: tools, and words by who said them. Counted each time, which goes through every turn:
-- the views of these names in schema revox answer from what was summed up of them.

create view revox_sync.tool_usage as
select
    t.campaign_id,
    t.campaign_name,
    t.assistant_id,
    t.assistant_name,
    t.tool_name,
    count(*) as uses,
    count(*) filter (where t.tool_is_error) as failed,
    count(distinct t.call_attempt_id) as conversations,
    count(distinct t.call_id) as calls,
    count(distinct t.call_id) filter (where not t.tool_is_error) as calls_succeeded
from revox.tool_calls t
group by t.campaign_id, t.campaign_name, t.assistant_id, t.assistant_name, t.tool_name;

comment on view revox_sync.tool_usage is
    'How often which tool was used, and how often it failed: a line a live campaign, assistant and tool.';
comment on column revox_sync.tool_usage.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox_sync.tool_usage.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.tool_usage.assistant_id is
    'The assistant that used it: assistants.id. Null when the API names none.';
comment on column revox_sync.tool_usage.assistant_name is
    'The assistant''s name.';
comment on column revox_sync.tool_usage.tool_name is
    'The tool. Null when the API does not name it.';
comment on column revox_sync.tool_usage.uses is
    'Uses, a count.';
comment on column revox_sync.tool_usage.failed is
    'Uses that failed, a count.';
comment on column revox_sync.tool_usage.conversations is
    'Attempts in which it was used, a count.';
comment on column revox_sync.tool_usage.calls is
    'Calls in which it was used, a count.';
comment on column revox_sync.tool_usage.calls_succeeded is
    'Calls in which a use did not fail, a count. Uses of which the API does not say it are left out.';

create view revox_sync.talk_ratio as
select
    t.campaign_id,
    t.campaign_name,
    t.assistant_id,
    t.assistant_name,
    t.result,
    count(*) as conversations,
    sum(t.turns)::bigint as turns,
    sum(t.assistant_words)::bigint as assistant_words,
    sum(t.user_words)::bigint as user_words,
    sum(t.human_agent_words)::bigint as human_agent_words,
    round(sum(t.assistant_words) / nullif(sum(t.assistant_words + t.user_words), 0), 4) as assistant_share
from revox.transcripts t
where t.turns > 0
group by t.campaign_id, t.campaign_name, t.assistant_id, t.assistant_name, t.result;

comment on view revox_sync.talk_ratio is
    'Who talks how much: a line a live campaign, assistant and result, over the attempts with a transcript. Of two transcripts the better one counts.';
comment on column revox_sync.talk_ratio.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox_sync.talk_ratio.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.talk_ratio.assistant_id is
    'The assistant: assistants.id. Null when the API names none.';
comment on column revox_sync.talk_ratio.assistant_name is
    'The assistant''s name.';
comment on column revox_sync.talk_ratio.result is
    'Who or what answered, as call_attempts.result: human for conversations with people.';
comment on column revox_sync.talk_ratio.conversations is
    'Attempts in which something was said, a count.';
comment on column revox_sync.talk_ratio.turns is
    'Turns in them, tools included, a count.';
comment on column revox_sync.talk_ratio.assistant_words is
    'Words of the AI, a count; see revox.word_count.';
comment on column revox_sync.talk_ratio.user_words is
    'Words of the persons, a count.';
comment on column revox_sync.talk_ratio.human_agent_words is
    'Words of operators, a count. Newer API only.';
comment on column revox_sync.talk_ratio.assistant_share is
    'assistant_words / (assistant_words + user_words), from 0 to 1. Null without words.';

create view revox_sync.copy_counts as
select
    m.id as campaign_id,
    m.name as campaign_name,
    r.rows_live,
    c.calls_live,
    c.calls_open,
    c.calls_unsettled
from revox.campaigns m
cross join lateral (
    select count(*) as rows_live
    from revox.campaign_rows live
    where live.campaign_id = m.id
      and live._deleted_at is null
) r
cross join lateral (
    select
        count(*) as calls_live,
        count(*) filter (where not settlement.is_final) as calls_open,
        count(*) filter (where settlement.is_final and not settlement.is_settled) as calls_unsettled
    from revox.call_settlement settlement
    where settlement.campaign_id = m.id
) c
where m._deleted_at is null;

comment on view revox_sync.copy_counts is
    'What the mirror holds of each live campaign, and what of it may still change: the counts of revox.sync_freshness.';
comment on column revox_sync.copy_counts.campaign_id is
    'Key: the campaign, campaigns.id.';
comment on column revox_sync.copy_counts.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.copy_counts.rows_live is
    'Live rows (contacts), a count.';
comment on column revox_sync.copy_counts.calls_live is
    'Live calls, a count.';
comment on column revox_sync.copy_counts.calls_open is
    'Those of them that are not final, a count.';
comment on column revox_sync.copy_counts.calls_unsettled is
    'Those of them that are final and not settled yet, a count.';
