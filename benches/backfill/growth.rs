//! How cost grows from few rows to many.

use crate::mirror::Pass;
use crate::postgres::Server;
use crate::report::{Report, Stage};
use crate::{Arguments, migrated, simulate};

/// Rows of all campaigns together.
const SIZES: [usize; 6] = [1_000, 5_000, 20_000, 50_000, 100_000, 200_000];

/// How often each size is measured: peaks of memory differ by some MiB from one time to the next.
const TIMES: usize = 3;

/// A backfill and an unchanged full walk of each size up to `most`; the medians are shown.
pub(crate) async fn measure(
    arguments: &Arguments,
    most: usize,
    server: &Server,
    report: &mut Report,
) -> anyhow::Result<()> {
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        report.note_progress(&format!("{size} rows"));
        let simulator = simulate(arguments, size / arguments.campaigns).await?;
        for _ in 0..TIMES {
            let database = migrated(server, "grown").await?;
            let pass = Pass::new(server, &database, &simulator);
            report.add(Stage::GrownBackfill(size), size, pass.run().await?.pass);
            let full = Pass { arguments: &["--full"], ..pass };
            report.add(Stage::GrownUnchanged(size), size, full.run().await?.whole);
            server.drop_database(database).await?;
        }
        simulator.stop().await;
    }
    Ok(())
}
