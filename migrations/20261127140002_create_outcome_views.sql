-- What came of calls and attempts, counted by everything that people compare them by: status, outcome, colleague, number of the
-- attempt, model, how it ended, why it failed. Counted each time: the views of these names in schema revox answer from what was
-- summed up of them.

create view revox_sync.call_outcomes as
select
    f.campaign_id,
    f.campaign_name,
    f.assistant_id,
    f.assistant_name,
    f.status,
    f.is_final,
    f.outcome,
    f.assignee_email,
    count(*) as calls,
    count(*) filter (where f.attempts > 0) as called,
    count(*) filter (where f.is_answered) as answered,
    count(*) filter (where f.is_answered_by_human) as answered_by_human,
    count(*) filter (where f.is_voicemail) as voicemail,
    sum(f.attempts)::bigint as attempts,
    sum(f.ring_seconds) as ring_seconds,
    sum(f.talk_seconds) as talk_seconds
from revox.call_facts f
group by
    f.campaign_id, f.campaign_name, f.assistant_id, f.assistant_name, f.status, f.is_final, f.outcome, f.assignee_email;

comment on view revox_sync.call_outcomes is
    'How many calls came to what: a line a live campaign, assistant, status, outcome and colleague. Add the lines up for the total.';
comment on column revox_sync.call_outcomes.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox_sync.call_outcomes.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.call_outcomes.assistant_id is
    'The assistant that calls: assistants.id. Null when the API names none.';
comment on column revox_sync.call_outcomes.assistant_name is
    'The assistant''s name.';
comment on column revox_sync.call_outcomes.status is
    'The state of the calls, as calls.status.';
comment on column revox_sync.call_outcomes.is_final is
    'Whether no further attempt comes: the status is completed, cancelled or errored.';
comment on column revox_sync.call_outcomes.outcome is
    'Business outcome, as calls.outcome. Null without one. Newer API only.';
comment on column revox_sync.call_outcomes.assignee_email is
    'The colleague to whom the calls were given, as calls.assignee_email. Null without one. Newer API only.';
comment on column revox_sync.call_outcomes.calls is
    'Calls, a count.';
comment on column revox_sync.call_outcomes.called is
    'Calls that have been tried at least once, a count.';
comment on column revox_sync.call_outcomes.answered is
    'Calls of which an attempt was answered, by whomever or whatever, a count.';
comment on column revox_sync.call_outcomes.answered_by_human is
    'Calls of which a human answered an attempt, a count.';
comment on column revox_sync.call_outcomes.voicemail is
    'Calls of which a voicemail answered an attempt, a count.';
comment on column revox_sync.call_outcomes.attempts is
    'Attempts at these calls, a count.';
comment on column revox_sync.call_outcomes.ring_seconds is
    'Seconds for which it rang, over all attempts.';
comment on column revox_sync.call_outcomes.talk_seconds is
    'Seconds from answer to end, over all attempts.';

create view revox_sync.attempt_outcomes as
select
    f.campaign_id,
    f.campaign_name,
    f.assistant_id,
    f.assistant_name,
    f.llm_model_name,
    f.attempt_number,
    f.result,
    f.dial_error,
    f.ended_by,
    f.end_reason,
    count(*) as attempts,
    count(*) filter (where f.is_answered) as answered,
    count(*) filter (where f.is_answered_by_human) as answered_by_human,
    coalesce(sum(f.ring_seconds), 0) as ring_seconds,
    coalesce(sum(f.talk_seconds), 0) as talk_seconds
from revox.attempt_facts f
group by
    f.campaign_id, f.campaign_name, f.assistant_id, f.assistant_name, f.llm_model_name, f.attempt_number, f.result,
    f.dial_error, f.ended_by, f.end_reason;

comment on view revox_sync.attempt_outcomes is
    'How many attempts came to what: a line a live campaign, assistant, model, number of the attempt, result, dial error and ending. Add the lines up for the total.';
comment on column revox_sync.attempt_outcomes.campaign_id is
    'The campaign: campaigns.id.';
comment on column revox_sync.attempt_outcomes.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.attempt_outcomes.assistant_id is
    'The assistant that calls: assistants.id. Null when the API names none.';
comment on column revox_sync.attempt_outcomes.assistant_name is
    'The assistant''s name.';
comment on column revox_sync.attempt_outcomes.llm_model_name is
    'The calls'' language model, by name or id.';
comment on column revox_sync.attempt_outcomes.attempt_number is
    'Place among the attempts at a call; 1 is the oldest.';
comment on column revox_sync.attempt_outcomes.result is
    'Who or what answered, as call_attempts.result. Null when nothing is known.';
comment on column revox_sync.attempt_outcomes.dial_error is
    'Why the numbers could not be reached, as call_attempts.dial_error. Null without an error.';
comment on column revox_sync.attempt_outcomes.ended_by is
    'Who ended it, as call_attempts.ended_by.';
comment on column revox_sync.attempt_outcomes.end_reason is
    'Why it ended, as call_attempts.end_reason.';
comment on column revox_sync.attempt_outcomes.attempts is
    'Attempts, a count.';
comment on column revox_sync.attempt_outcomes.answered is
    'Those that were answered, by whomever or whatever, a count.';
comment on column revox_sync.attempt_outcomes.answered_by_human is
    'Those that a human answered, a count.';
comment on column revox_sync.attempt_outcomes.ring_seconds is
    'Seconds for which they rang.';
comment on column revox_sync.attempt_outcomes.talk_seconds is
    'Seconds from answer to end.';

create view revox_sync.dial_errors as
select
    f.campaign_id,
    f.campaign_name,
    f.dial_error,
    count(*) as attempts,
    count(distinct f.call_id) as calls,
    count(distinct f.phone_number) as numbers
from revox.attempt_facts f
where f.dial_error is not null
group by f.campaign_id, f.campaign_name, f.dial_error;

comment on view revox_sync.dial_errors is
    'Why attempts did not get through: a line a live campaign and dial error.';
comment on column revox_sync.dial_errors.campaign_id is
    'Key, with dial_error: the campaign, campaigns.id.';
comment on column revox_sync.dial_errors.campaign_name is
    'The campaign''s name, given by its author.';
comment on column revox_sync.dial_errors.dial_error is
    'Why the numbers could not be reached: busy, no_answer, and others.';
comment on column revox_sync.dial_errors.attempts is
    'Attempts that ended so, a count.';
comment on column revox_sync.dial_errors.calls is
    'Calls that they belong to, a count.';
comment on column revox_sync.dial_errors.numbers is
    'Different phone numbers among them, a count; a number that two campaigns call counts in each.';

-- Those to call back, the latest first.
create index calls_by_outcome
    on revox.calls (outcome, created_at)
    where outcome is not null;
