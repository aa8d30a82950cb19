-- Phone numbers by their beginning (`like '+3361%'`) and by their last digits (`reverse(phone_number) like reverse('%5678')`).
-- The indexes that were there serve equality alone unless the database sorts by bytes; with text_pattern_ops the same bytes
-- serve both, so that the beginning costs nothing. The last digits take an index more each, which contacts and calls alone
-- have: an attempt is found through its call.

drop index revox.campaign_rows_by_phone_number;
create index campaign_rows_by_phone_number
    on revox.campaign_rows (phone_number text_pattern_ops);
create index campaign_rows_by_phone_number_end
    on revox.campaign_rows (reverse(phone_number) text_pattern_ops);

drop index revox.calls_by_to_phone_number;
create index calls_by_to_phone_number
    on revox.calls (to_phone_number text_pattern_ops);
create index calls_by_to_phone_number_end
    on revox.calls (reverse(to_phone_number) text_pattern_ops);

drop index revox.call_attempts_by_phone_number;
create index call_attempts_by_phone_number
    on revox.call_attempts (phone_number text_pattern_ops);
