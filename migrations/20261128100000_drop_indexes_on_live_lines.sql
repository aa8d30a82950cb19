-- An index is written with every line, so that each has to be asked for by somebody. These two, over the live lines of a campaign,
-- were the largest beside the primary keys and took a fifth of a backfill's time in the server. What they answered is
-- answered as well by the indexes on the campaign and the position or the creation: almost all lines are alive.

drop index revox.calls_alive;
drop index revox.campaign_rows_alive;
