-- Live campaigns whose copy is older than it may be. dbt's own freshness looks at the newest line of a table, which says nothing
-- of the campaign that is behind.
select campaign_id, campaign_name, complete_through, last_outcome, last_error
from {{ source('revox', 'sync_freshness') }}
where complete_through is null
   or complete_through < current_timestamp - interval '{{ var("revox_max_age") }}'
