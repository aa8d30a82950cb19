//! Leases: two processes never work on one campaign at once, and one that lost its lease cannot commit.
//!
//! The last statement before each commit renews the lease where holder and epoch match and it has not expired
//! by the database's clock: one row, or the transaction is rolled back. A takeover raises the epoch.
//!
//! None of it waits for the disk: a server that crashes may forget a lease, whose holder can then commit nothing any more.

use super::StoreError;
use super::open::{APPLICATION, Store, commit};
use super::statement::{query, query_as, query_scalar};
use crate::observe::{LeaseChange, count_lease};
use sqlx::postgres::types::PgInterval;
use sqlx::postgres::{PgArguments, PgQueryResult};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres, Row};
use std::time::Duration;

/// Who holds leases: this process, told apart from every other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

impl Holder {
    /// This process.
    #[must_use]
    pub fn this_process() -> Self {
        let process = std::process::id();
        let token = uuid::Uuid::new_v4().simple().to_string();
        let started = started_at(process).unwrap_or_default();
        Self(format!("{}/{process}/{started}/{token}", machine()))
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// This boot of this machine and, on Linux, this namespace of process ids: where a process id means something.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid")
        .map(|link| link.to_string_lossy().into_owned())
        .unwrap_or_default();
    let namespace: String = namespace.chars().filter(char::is_ascii_digit).collect();
    format!("{}.{namespace}", boot.trim())
}

/// When a process was started, in clock ticks since the boot (Linux); none when there is no such process.
fn started_at(process: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; the fields after it are fixed.
    stat.rsplit_once(") ")?.1.split(' ').nth(19).map(ToOwned::to_owned)
}

/// Whether `holder` names a process of this machine that no longer runs.
pub(super) fn is_dead(holder: &str) -> bool {
    let mut fields = holder.split('/');
    let (Some(of), Some(process), Some(started)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    if started.is_empty() || of != machine() {
        return false;
    }
    process.parse().is_ok_and(|process| started_at(process).as_deref() != Some(started))
}

/// A lease that was taken.
#[derive(Debug, Clone)]
pub struct Lease {
    scope: String,
    holder: Holder,
    epoch: i64,
    ttl: PgInterval,
}

/// The statement that renews a lease, or the end of one that does something else, too: each statement is an answer to wait for.
macro_rules! renewal {
    () => {
        "update revox_sync.leases
         set expires_at = clock_timestamp() + $4, renewed_at = clock_timestamp()
         where scope = $1 and holder = $2 and epoch = $3 and expires_at > clock_timestamp()"
    };
}
pub(super) use renewal;

/// A length of time as Postgres has it.
pub(super) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

impl Lease {
    /// What it is on.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Renews it within a transaction, as its last statement; fails when it is another's by now.
    pub(super) async fn renew(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let renewal = self.bind(query(renewal!()));
        let renewed = renewal.execute(connection).await.map_err(StoreError::query("renewing a lease"))?;
        self.judge(&renewed)
    }

    /// Gives [`renewal`] what it asks for.
    pub(super) fn bind<'q>(
        &'q self,
        renewal: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        renewal.bind(&self.scope).bind(self.holder.as_str()).bind(self.epoch).bind(self.ttl)
    }

    /// Fails when [`renewal`] has found that the lease is another's by now.
    pub(super) fn judge(&self, renewed: &PgQueryResult) -> Result<(), StoreError> {
        if renewed.rows_affected() == 1 {
            Ok(())
        } else {
            count_lease(LeaseChange::Lost);
            Err(StoreError::LeaseLost { scope: self.scope.clone() })
        }
    }
}

impl Store {
    /// Takes the lease on `scope`, when it is free, has expired, or is held by a process of this machine that
    /// is dead. `None` while another holds it.
    pub async fn take_lease(&self, scope: &str, holder: &Holder) -> Result<Option<Lease>, StoreError> {
        let doing = "taking a lease";
        let ttl = interval(self.lease_ttl());
        let mut transaction = self.begin_repeatable().await?;
        let current: Option<(String, i64, bool, bool)> = query_as(
            "select holder, epoch, expires_at > clock_timestamp(),
                    coalesce(expires_at < renewed_at + $2, true)
             from revox_sync.leases
             where scope = $1
             for update",
        )
        .bind(scope)
        .bind(ttl)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?;
        let held = current.as_ref().filter(|(_, _, holds, _)| *holds);
        if held.is_some_and(|(holder, ..)| !is_dead(holder)) {
            return Ok(None);
        }
        let dead_epoch = held.map(|(_, epoch, ..)| *epoch);
        let given_back = held.is_none() && current.as_ref().is_none_or(|(.., given_back)| *given_back);
        let epoch: Option<i64> = query(
            "insert into revox_sync.leases as l (scope, holder, epoch, expires_at, renewed_at)
             values ($1, $2, 1, clock_timestamp() + $3, clock_timestamp())
             on conflict (scope) do update
             set holder = excluded.holder, epoch = l.epoch + 1,
                 expires_at = excluded.expires_at, renewed_at = excluded.renewed_at
             where l.expires_at <= clock_timestamp() or l.epoch = $4
             returning epoch",
        )
        .bind(scope)
        .bind(holder.as_str())
        .bind(ttl)
        .bind(dead_epoch)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query(doing))?
        .map(|row| row.get(0));
        commit(transaction).await?;
        if let Some(epoch) = epoch {
            let change = if given_back { LeaseChange::Taken } else { LeaseChange::TakenOver };
            if change == LeaseChange::TakenOver {
                tracing::info!(scope, epoch, "a lease was taken over: its holder was gone");
                if let Err(error) = self.end_frozen_copies().await {
                    tracing::warn!(scope, %error, "what its holder may have left open could not be looked for");
                }
            }
            count_lease(change);
        }
        Ok(epoch.map(|epoch| Lease { scope: scope.to_owned(), holder: holder.clone(), epoch, ttl }))
    }

    /// Ends the `COPY`s of processes that stand still in the middle of one: the server waits for their next piece for ever, whatever
    /// a statement or a transaction may take, and what they have locked stays locked.
    async fn end_frozen_copies(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let ended: i64 = query_scalar(
            "select count(*) filter (where pg_terminate_backend(pid))
             from pg_stat_activity
             where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
               and application_name = $1 and query like 'copy revox%'
               and state = 'active' and wait_event = 'ClientRead' and query_start < clock_timestamp() - $2",
        )
        .bind(APPLICATION)
        .bind(interval(self.lease_ttl() / 2))
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for processes that stand still"))?;
        if ended > 0 {
            tracing::warn!(ended, "connections were ended that stood still in the middle of a COPY");
        }
        Ok(())
    }

    /// Whether somebody holds the lease on `scope`, who is not known to be dead.
    pub async fn is_leased(&self, scope: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let holder: Option<String> = query_scalar(
            "select holder from revox_sync.leases where scope = $1 and expires_at > clock_timestamp()",
        )
        .bind(scope)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for a lease"))?;
        Ok(holder.is_some_and(|holder| !is_dead(&holder)))
    }

    /// The scopes that begin with `prefix` and are held by somebody who is not known to be dead.
    pub async fn leased_scopes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.begin().await?;
        let held: Vec<(String, String)> = query_as(
            "select scope, holder from revox_sync.leases
             where starts_with(scope, $1) and expires_at > clock_timestamp()
             order by scope",
        )
        .bind(prefix)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::query("looking for leases"))?;
        Ok(held.into_iter().filter(|(_, holder)| !is_dead(holder)).map(|(scope, _)| scope).collect())
    }

    /// Forgets leases whose scopes begin with `prefix` and are a single process's own, once they have run out.
    pub async fn forget_leases(&self, prefix: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        query(
            "delete from revox_sync.leases
             where starts_with(scope, $1) and expires_at < clock_timestamp() - interval '1 hour'",
        )
        .bind(prefix)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("forgetting leases"))?;
        commit(transaction).await
    }

    /// Renews a lease while nothing is being committed; fails when it is another's by now.
    pub async fn keep_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        lease.renew(&mut transaction).await?;
        commit(transaction).await
    }

    /// Gives a lease back. Its epoch stays, so that a holder of old cannot pass for the next one.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut transaction = self.begin_repeatable().await?;
        query(
            "update revox_sync.leases set expires_at = clock_timestamp()
             where scope = $1 and holder = $2 and epoch = $3",
        )
        .bind(&lease.scope)
        .bind(lease.holder.as_str())
        .bind(lease.epoch)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::query("giving back a lease"))?;
        commit(transaction).await?;
        count_lease(LeaseChange::Released);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Holder, is_dead, machine, started_at};

    #[test]
    fn a_holder_is_dead_only_when_it_ran_here_and_runs_no_more() {
        let here = machine();
        let me = std::process::id();
        let cases = [
            (Holder::this_process().0, false, "this process"),
            (format!("{here}/{me}/1/x"), true, "a process of old with this process's number"),
            (format!("{here}/4194305/77/x"), true, "no such process"),
            (format!("elsewhere.1/{me}/1/x"), false, "another machine"),
            (format!("{here}/{me}//x"), false, "a start that is not known"),
            ("nonsense".to_owned(), false, "nonsense"),
        ];
        assert!(started_at(me).is_some());
        for (holder, dead, case) in cases {
            assert_eq!(is_dead(&holder), dead, "{case}");
        }
    }
}
