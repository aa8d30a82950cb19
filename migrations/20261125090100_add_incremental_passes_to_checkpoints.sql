-- What incremental passes remember from one to the next.

alter table revox_sync.checkpoints
    add column complete_through timestamptz,
    add column passes bigint not null default 0,
    add column unproven_passes integer not null default 0;

comment on column revox_sync.checkpoints.complete_through is
    'Up to when the copy is complete, as far as the evidence of the last complete pass goes: when that pass began. Moves on too when the list shows that nothing changed. Null until there was a complete pass.';
comment on column revox_sync.checkpoints.passes is
    'Passes so far, a count: each incremental one probes another place.';
comment on column revox_sync.checkpoints.unproven_passes is
    'Incremental passes in a row that could not be proven because the campaign moved meanwhile, a count; at 3 everything is read.';

alter table revox_sync.accounts
    add column filtering jsonb,
    add column search jsonb;

comment on column revox_sync.accounts.filtering is
    'What was found out about filters by status, as JSON: how several of them are written, or that they cannot be relied on. Null until it was asked.';
comment on column revox_sync.accounts.search is
    'What is known of the search over calls (newer API), as JSON: number of the first page, largest page size, and the watermark up to which every change of a call has been taken up. Null until it was asked.';
