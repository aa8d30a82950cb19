-- Which time zone a phone number belongs to, so that "at which hour do people answer" can be asked by their own clocks.
-- The facts are those of libphonenumber. A prefix is listed when it says something else than the prefixes that it begins
-- with; zones whose clocks have agreed since 1970 count as one.

create table revox.number_zones (
    prefix text collate "C" not null,
    zone text,
    constraint number_zones_pk primary key (prefix),
    constraint number_zones_prefix_is_digits check (prefix ~ '^[1-9][0-9]{0,7}$')
);

comment on table revox.number_zones is
    'The time zones of phone numbers by their first digits: the longest prefix that a number begins with decides. Where numbers of a prefix lie in several zones, none is given.';
comment on column revox.number_zones.prefix is
    'Key: first digits of a number with its country code and without the plus sign, at most 8.';
comment on column revox.number_zones.zone is
    'Time zone of those numbers, an IANA name such as Europe/Paris. Null when they lie in several, though a shorter prefix names one.';

create function revox.number_zone(phone_number text) returns text
language sql stable parallel safe
as $$
    select z.zone
    from revox.number_zones z
    where phone_number ~ '^\+?[1-9][0-9]{6,14}$'
      and z.prefix = any (array[
          left(ltrim(phone_number, '+'), 1), left(ltrim(phone_number, '+'), 2),
          left(ltrim(phone_number, '+'), 3), left(ltrim(phone_number, '+'), 4),
          left(ltrim(phone_number, '+'), 5), left(ltrim(phone_number, '+'), 6),
          left(ltrim(phone_number, '+'), 7), left(ltrim(phone_number, '+'), 8)
      ])
    order by length(z.prefix) desc
    limit 1
$$;

comment on function revox.number_zone(text) is
    'The time zone of an E.164 number, with its plus sign or without. Null for anything else, and where the number does not tell.';
