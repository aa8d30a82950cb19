-- An account may answer in pages today and all at once tomorrow, or back. Which way it is stands in api_shape; since
-- when, and what a change of the way means for the search over calls, stands here.

alter table revox_sync.checkpoints
    add column api_since timestamptz,
    add column search_begun_at timestamptz;

comment on column revox_sync.checkpoints.api_since is
    'Since when the campaign''s rows have been read the way that api_shape says, in pages (older API) or all at once (newer API): when the first walk that found it so began. Null until there was one since this column exists.';
comment on column revox_sync.checkpoints.search_begun_at is
    'The beginning of the search over calls (newer API) that the campaign''s last full walk came after: while that is the account''s own (search, begun_at), what the search does not show has not changed. Null when there was none, or when changes that it showed were passed over; the campaign is then read in full before the search is relied on.';

alter table revox_sync.accounts
    add column api_since timestamptz,
    add column changes_of_no_campaign bigint not null default 0,
    add column changes_of_other_campaigns bigint not null default 0;

comment on column revox_sync.accounts.api_since is
    'Since when the account answers the way that api_shape says, in pages (older API) or all at once (newer API): when that was found out. Null until it was.';
comment on column revox_sync.accounts.changes_of_no_campaign is
    'Changes of calls of no campaign, inbound ones for example, that the search over calls has shown (newer API), a count. Such calls are not mirrored.';
comment on column revox_sync.accounts.changes_of_other_campaigns is
    'Changes of calls of campaigns that the account''s list does not show, that the search over calls has shown (newer API), a count. Such calls are not mirrored.';

-- A search is believed once it has shown every call of the mirror's that changed within its reach.
create index calls_by_update
    on revox.calls (updated_at)
    where updated_at is not null;
