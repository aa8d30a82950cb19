-- What was sent in writing because of an attempt (newer API): text messages to the person, and notifications by
-- email to the account's own people. Their API names are sms_log and email_log.

create table revox.sms_messages (
    call_attempt_id text collate "C" not null,
    id text collate "C" not null,
    created_at timestamptz,
    message_body text,
    provider text,
    provider_message_id text collate "C",
    to_phone_number text,
    type text,
    _extra jsonb,
    constraint sms_messages_pk primary key (call_attempt_id, id),
    constraint sms_messages_call_attempt_fk foreign key (call_attempt_id)
        references revox.call_attempts (id) on delete cascade
);

comment on table revox.sms_messages is
    'Text messages sent because of an attempt. Newer API only; what the AI sent during the call is in the transcript as a tool''s use. Part of call_attempts: live while its owner is.';
comment on column revox.sms_messages.call_attempt_id is
    'The attempt that it was sent for: call_attempts.id.';
comment on column revox.sms_messages.id is
    'The API''s id of the message.';
comment on column revox.sms_messages.created_at is
    'When it was sent.';
comment on column revox.sms_messages.message_body is
    'Its text.';
comment on column revox.sms_messages.provider is
    'Who carried it: twilio, vonage, and whatever the API adds later.';
comment on column revox.sms_messages.provider_message_id is
    'The carrier''s id of the message.';
comment on column revox.sms_messages.to_phone_number is
    'Number that it was sent to, usually E.164.';
comment on column revox.sms_messages.type is
    'What made it go out: in_call, voicemail, after_call, and whatever the API adds later.';
comment on column revox.sms_messages._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';

create table revox.email_messages (
    call_attempt_id text collate "C" not null,
    id text collate "C" not null,
    created_at timestamptz,
    from_address text,
    resend_message_id text collate "C",
    subject text,
    to_emails text[],
    _extra jsonb,
    constraint email_messages_pk primary key (call_attempt_id, id),
    constraint email_messages_call_attempt_fk foreign key (call_attempt_id)
        references revox.call_attempts (id) on delete cascade
);

comment on table revox.email_messages is
    'Notifications sent by email because of an attempt. Newer API only. Part of call_attempts: live while its owner is.';
comment on column revox.email_messages.call_attempt_id is
    'The attempt that it was sent for: call_attempts.id.';
comment on column revox.email_messages.id is
    'The API''s id of the message.';
comment on column revox.email_messages.created_at is
    'When it was sent.';
comment on column revox.email_messages.from_address is
    'Address that it was sent from.';
comment on column revox.email_messages.resend_message_id is
    'The id of the message at Resend, which carries it.';
comment on column revox.email_messages.subject is
    'Its subject line.';
comment on column revox.email_messages.to_emails is
    'Addresses that it was sent to.';
comment on column revox.email_messages._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
