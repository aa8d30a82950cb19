-- Who reads of something unknown wants to look at it: a line of drift says in what it was seen first and last.

alter table revox_sync.drift
    add column first_seen_in text collate "C",
    add column last_seen_in text collate "C";

comment on column revox_sync.drift.first_seen_in is
    'The id of what it was seen in first: of a campaign_rows line, or of the campaign or assistant that the path begins with. Null when that was before this was noted.';
comment on column revox_sync.drift.last_seen_in is
    'The same of the last time.';
comment on column revox_sync.drift.kind is
    'What was seen: a JSON type (string, number, boolean, object, array, null), followed by what was expected where a known field has another type (string, not a time) or a value that is none of those known (string, not a known value: hibernating). A value that does not look like one of a few is not named.';
comment on column revox_sync.drift.last_seen_at is
    'When it was last seen. Rows that did not change are not read again, and not counted again.';
comment on table revox_sync.drift is
    'What the API says that the mirror did not know: fields, types, values, about a thousand lines at most (the rest is counted under the path (others)). Values of unknown fields are in the _extra columns, never here. Lines can be deleted: what is still there comes back when it is read.';
