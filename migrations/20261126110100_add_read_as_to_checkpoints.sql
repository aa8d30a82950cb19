-- A new version of the mirror, or a setting of what is kept, makes other lines out of the same answers. That shows in
-- nothing the API says, so that each campaign remembers how its rows were last read.

alter table revox_sync.checkpoints
    add column read_as text;

comment on column revox_sync.checkpoints.read_as is
    'How the last proven full walk read the rows: the version of what turns answers into lines, and settings of what is kept. When the mirror reads otherwise by now, everything is read again in the next pass. Null before this was noted.';
