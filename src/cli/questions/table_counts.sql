select 'campaigns' as table, count(*) as rows from revox.campaigns where _deleted_at is null
union all
select 'assistants', count(*) from revox.assistants where _deleted_at is null
union all
select 'campaign_rows', count(*) from revox.campaign_rows where _deleted_at is null
union all
select 'calls', count(*) from revox.calls where _deleted_at is null
union all
select 'call_attempts', count(*) from revox.call_attempts where _deleted_at is null
union all
select 'transcript_turns', count(*) from revox.transcript_turns
union all
select 'post_call_transcript_turns', count(*) from revox.post_call_transcript_turns
union all
select 'assistant_structured_output_fields', count(*) from revox.assistant_structured_output_fields
union all
select 'assistant_faq_items', count(*) from revox.assistant_faq_items
union all
select 'call_retry_configs', count(*) from revox.call_retry_configs
union all
select 'calling_windows', count(*) from revox.calling_windows
union all
select 'speech_events', count(*) from revox.speech_events
union all
select 'sms_messages', count(*) from revox.sms_messages
union all
select 'email_messages', count(*) from revox.email_messages
