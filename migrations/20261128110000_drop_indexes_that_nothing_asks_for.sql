-- No pass, no view and no documented question has used these, and each is written with every line. The states of calls and the
-- results of attempts are few, so that a filter on one alone reads much of the table anyhow; counts of them are kept summed up.

drop index revox.calls_by_status;
drop index revox.call_attempts_by_result;
