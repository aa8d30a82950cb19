-- The two lists of an assistant that people ask about: the data it has to find out in a call, and the questions
-- it can answer. Both are replaced as a whole together with their assistant, hence keyed by their places.

create table revox.assistant_structured_output_fields (
    assistant_id text collate "C" not null,
    field_index integer not null,
    name text,
    type text,
    required boolean,
    description text,
    enum_options text[],
    _extra jsonb,
    constraint assistant_structured_output_fields_pk primary key (assistant_id, field_index),
    constraint assistant_structured_output_fields_assistant_fk foreign key (assistant_id)
        references revox.assistants (id) on delete cascade
);

comment on table revox.assistant_structured_output_fields is
    'The data that an assistant is to find out in a call; the findings are in call_attempts.structured_output under the same names. Part of assistants: live while its owner is.';
comment on column revox.assistant_structured_output_fields.assistant_id is
    'The assistant that asks: assistants.id.';
comment on column revox.assistant_structured_output_fields.field_index is
    'Place in the assistant''s list of fields, from 0.';
comment on column revox.assistant_structured_output_fields.name is
    'The field''s name: the key in call_attempts.structured_output.';
comment on column revox.assistant_structured_output_fields.type is
    'Kind of value: string, number, boolean, enum, date, datetime, and whatever the API adds later.';
comment on column revox.assistant_structured_output_fields.required is
    'Whether a value has to be found.';
comment on column revox.assistant_structured_output_fields.description is
    'What the field means, in the words of its author.';
comment on column revox.assistant_structured_output_fields.enum_options is
    'Allowed values when the type is enum; null otherwise.';
comment on column revox.assistant_structured_output_fields._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';

create table revox.assistant_faq_items (
    assistant_id text collate "C" not null,
    item_index integer not null,
    id text collate "C",
    question text,
    answer text,
    source text,
    needs_human_answer boolean,
    _extra jsonb,
    constraint assistant_faq_items_pk primary key (assistant_id, item_index),
    constraint assistant_faq_items_assistant_fk foreign key (assistant_id)
        references revox.assistants (id) on delete cascade
);

comment on table revox.assistant_faq_items is
    'Questions that an assistant knows the answer to, or that wait for one. Part of assistants: live while its owner is.';
comment on column revox.assistant_faq_items.assistant_id is
    'The assistant that knows: assistants.id.';
comment on column revox.assistant_faq_items.item_index is
    'Place in the assistant''s list of questions, from 0.';
comment on column revox.assistant_faq_items.id is
    'The API''s id of the item. May be null; not the key.';
comment on column revox.assistant_faq_items.question is
    'The question.';
comment on column revox.assistant_faq_items.answer is
    'The answer.';
comment on column revox.assistant_faq_items.source is
    'Who wrote it: human, ai, and whatever the API adds later.';
comment on column revox.assistant_faq_items.needs_human_answer is
    'Whether a human has yet to answer it.';
comment on column revox.assistant_faq_items._extra is
    'Fields of the API that have no column here, as JSON, secrets scrubbed. Null when there are none.';
