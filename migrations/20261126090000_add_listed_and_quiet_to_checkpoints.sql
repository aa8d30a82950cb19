-- What lets several daemons share an account: the list is asked for once, by one of them, and the others work on
-- what it has shown. And what lets campaigns in which nothing happens be looked at less and less.

alter table revox_sync.checkpoints
    add column listed jsonb,
    add column quiet_since timestamptz;

comment on column revox_sync.checkpoints.listed is
    'The campaign''s updated_at, status and row_stats as the account''s last list showed them, as JSON: what differs from fingerprint is to be looked at. Null until it was listed.';
comment on column revox_sync.checkpoints.quiet_since is
    'Since when no pass has found anything new: the longer, the rarer are full walks and looks that nothing asks for. Null until there was a pass.';
