//! The embedded Postgres: a cluster of the mirror's own, for people who have set up no database.
