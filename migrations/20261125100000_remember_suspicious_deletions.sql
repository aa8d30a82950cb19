-- What a suspicious pass has reported, id by id: --accept-deletions accepts those deletions and no others, and a
-- person can look at what would vanish before saying so. An account remembers the same of its campaigns.

alter table revox_sync.checkpoints
    add column suspicious_row_ids text[] collate "C";

alter table revox_sync.accounts
    add column suspicious_at timestamptz,
    add column suspicious_passes integer not null default 0,
    add column suspicious_campaign_ids text[] collate "C";

comment on column revox_sync.checkpoints.suspicious_at is
    'When the last suspicious pass ended: too many rows would have vanished, so none did. Null once a pass was complete.';
comment on column revox_sync.checkpoints.suspicious_passes is
    'Suspicious passes since the last complete one, a count; the pauses between walks grow with it.';
comment on column revox_sync.checkpoints.suspicious_deletions is
    'Live rows that would have vanished in the last suspicious pass, a count. Null once a pass was complete.';
comment on column revox_sync.checkpoints.suspicious_row_ids is
    'Those rows (campaign_rows.id): what --accept-deletions accepts, no more. Null once a pass was complete.';
comment on column revox_sync.accounts.suspicious_at is
    'When so many campaigns were last found gone that none was tombstoned. Null once that was over.';
comment on column revox_sync.accounts.suspicious_passes is
    'Passes in a row that found it so, a count; the pauses before the campaigns are asked for again grow with it.';
comment on column revox_sync.accounts.suspicious_campaign_ids is
    'Those campaigns (campaigns.id): what --accept-deletions accepts, no more. Null once that was over.';
