-- Campaigns, assistants and calls each carry a retry configuration without an id, mostly the same few over and
-- over. They are kept once each, under a hash of their content, so that a line never changes and equal
-- configurations join.

create table revox.call_retry_configs (
    id text collate "C" not null,
    max_retry_attempts bigint,
    timezone text,
    allowed_days text[],
    call_twice_in_a_row boolean,
    _extra jsonb,
    constraint call_retry_configs_pk primary key (id)
);

comment on table revox.call_retry_configs is
    'When and how often a call is tried again. One line per distinct configuration, shared by the campaigns, assistants and calls that have it, never changed once written; live while one of its owners is.';
comment on column revox.call_retry_configs.id is
    'Key: a hash of the configuration''s content made by the mirror (the API gives it no id). Equal configurations have equal ids.';
comment on column revox.call_retry_configs.max_retry_attempts is
    'Retries at most, a count; the API''s default is 3. Null when not given.';
comment on column revox.call_retry_configs.timezone is
    'IANA time zone in which windows and days are read, such as Europe/Paris. Null: the zone follows from the country code of the number that is called.';
comment on column revox.call_retry_configs.allowed_days is
    'Days on which calls are allowed, in that time zone: monday, tuesday, wednesday, thursday, friday, saturday, sunday, and whatever the API adds later. Newer API only; null when not given (its default is Monday to Friday).';
comment on column revox.call_retry_configs.call_twice_in_a_row is
    'Whether the second attempt follows at once when the first reached no human. Newer API only.';
comment on column revox.call_retry_configs._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';

create table revox.calling_windows (
    call_retry_config_id text collate "C" not null,
    window_index integer not null,
    start_time text,
    end_time text,
    starts_at time,
    ends_at time,
    retry_delay_seconds bigint,
    _extra jsonb,
    constraint calling_windows_pk primary key (call_retry_config_id, window_index),
    constraint calling_windows_call_retry_config_fk foreign key (call_retry_config_id)
        references revox.call_retry_configs (id) on delete cascade
);

comment on table revox.calling_windows is
    'The hours of the day within which calls of a retry configuration may go out. Part of call_retry_configs: live while its owner is.';
comment on column revox.calling_windows.call_retry_config_id is
    'The configuration that the window belongs to: call_retry_configs.id.';
comment on column revox.calling_windows.window_index is
    'Place in the configuration''s list of windows, from 0.';
comment on column revox.calling_windows.start_time is
    'Start of the window exactly as the API writes it: 24-hour such as 09:00 or 12-hour such as 10am.';
comment on column revox.calling_windows.end_time is
    'End of the window exactly as the API writes it: 24-hour such as 17:00 or 12-hour such as 6pm.';
comment on column revox.calling_windows.starts_at is
    'start_time as a time of day, in the configuration''s time zone or else the recipient''s. Null when the text cannot be read as one.';
comment on column revox.calling_windows.ends_at is
    'end_time as a time of day, in the configuration''s time zone or else the recipient''s. Null when the text cannot be read as one.';
comment on column revox.calling_windows.retry_delay_seconds is
    'Pause between two attempts, in seconds; the API''s default is 7200. 0 means as soon as the window allows.';
comment on column revox.calling_windows._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
