//! Appeals at scheduled times, whatever became of those before.

use std::time::Duration;

use anyhow::Result;

use super::{Filing, HEADER, Runs, compared};
use crate::cost::Meter;
use crate::figure::{number, time};
use crate::pgbench::{self, Length};
use crate::report::Table;
use crate::statistics::median_time;

/// Scheduled arrivals at a rate; the latency counts from the schedule. Answers p99 and the longest of ours.
pub(super) async fn measure(it: &Filing<'_>, rate: f64) -> Result<(Table, (Duration, Duration))> {
    let (stage, length) = (it.stage, it.stage.sizes.seconds);
    let (mut mine, mut other, mut sent_back, mut late) = (Runs::default(), Runs::default(), 0, Vec::new());
    for _ in 0..stage.sizes.runs {
        stage.server.checkpoint().await?;
        let meter = Meter::start(&stage.server, Some(it.service))?;
        let run = it.portal.open(rate, length).await?;
        sent_back += run.sent_back;
        late.push(run.late);
        mine.add(run.rate, run.latencies, meter.stop(&stage.server)?);
        stage.server.checkpoint().await?;
        let run = pgbench::run(&stage.server, it.bare, it.script, 32, Length::Time(length), Some(rate)).await?;
        other.add(run.rate, run.latencies, run.spent);
    }
    let rows = vec![mine.row("FileAppeal"), other.row("bare SQL"), compared(&mine, &other)];
    let caption = format!(
        "Open loop: {} appeals a second at random moments, latency from the scheduled time (of ours {} are the portal's own timer, p50); \
         {sent_back} times too many were in flight and the appeal was sent again",
        number(rate),
        time(median_time(late)),
    );
    Ok((Table::new(&caption, &HEADER, rows), (mine.percentile(99.0), mine.max())))
}
