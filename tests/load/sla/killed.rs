//! The same flow with two monitors, of which one after the other is killed at random moments: every rung fires once all the same, and each of its
//! calls is made, by whoever is there.

use std::collections::BTreeSet;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Result, ensure};
use clock::{Clock as _, SystemClock};
use jiff::SignedDuration;

use super::flow::{LEAD, shift};
use super::seed::{Due, Seed, ids};
use crate::Stage;
use crate::figure::grouped;
use crate::peer::Peers;
use crate::postgres::execute;
use crate::report::Table;
use tests::free_ports;

/// Deadlines that fall due in a second.
const RATE: usize = 1_000;
/// A replica lives so long at most, in seconds.
const LONGEST: f64 = 3.0;
/// Whatever a killed one held is taken up by another after its lease of 30 s.
const PATIENCE: SignedDuration = SignedDuration::from_secs(180);

/// Measures it.
///
/// # Errors
/// A rung that did not fire, or a call that was made twice.
pub async fn measure(stage: &Stage, seed: &Seed) -> Result<Table> {
    let number = RATE * stage.sizes.of(30, 5);
    // What came of the flow before as its service stopped, and was not recorded, would come again and be none of these.
    execute(&mut seed.admin().await?, "TRUNCATE outbox, outbox_key").await?;
    let every = 1_000_000 / i64::try_from(RATE)?;
    seed.due("K", number, SystemClock.now() + SignedDuration::from_hours(24 * 300), every, Due::ByTurns).await?;
    let begin = SystemClock.now() + LEAD;
    shift(seed, "K", number, begin).await?;
    let [port] = free_ports()?;
    let peers = Peers::start(port, true).await?;
    let environment = stage.house.environment(Part::Sla, &seed.role_url, port, &[]);
    let mut replicas =
        [stage.house.start(Part::Sla, &environment).await?, stage.house.start(Part::Sla, &environment).await?];
    let end = begin + SignedDuration::from_micros(every * i64::try_from(number)?);
    // Before that there is nothing to be in the middle of.
    tokio::time::sleep(Duration::try_from(begin.duration_since(SystemClock.now())).unwrap_or_default()).await;
    let (mut kills, mut down) = (0_usize, Duration::ZERO);
    while SystemClock.now() < end {
        tokio::time::sleep(Duration::from_secs_f64(LONGEST * rand::random::<f64>())).await;
        let victim = &mut replicas[usize::from(rand::random::<bool>())];
        victim.kill().await?;
        // The other works alone meanwhile.
        *victim = stage.house.start(Part::Sla, &environment).await?;
        down += victim.start;
        kills += 1;
    }
    // Every second one hands over and tells the citizen, the others tell the journal.
    let wanted = number + number / 2;
    let all = ids("K", number);
    let calls = format!("FROM outbox WHERE ordering_key IN (SELECT 'appeals/' || id FROM ({all}) AS made)");
    let settled = format!("SELECT count(*) {calls} AND state = 'done'");
    let patience = SystemClock.now() + PATIENCE;
    while seed.count(&settled).await? < wanted {
        ensure!(SystemClock.now() < patience, "{} of {wanted} calls are settled", seed.count(&settled).await?);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    for replica in replicas {
        replica.stop().await?;
    }
    let rungs = format!("FROM rung WHERE deadline_id IN ({all}) AND act_time >= fire_time");
    let warned = seed.count(&format!("SELECT count(*) {rungs} AND level <= 0 AND rung.state = 'acted'")).await?;
    let handed = seed.count(&format!("SELECT count(*) {rungs} AND level > 0 AND rung.state = 'acted'")).await?;
    ensure!((warned, handed) == (number / 2, number / 2), "{warned} warnings and {handed} hand-overs of {number}");
    let made = seed.count(&format!("SELECT count(*) {calls}")).await?;
    let different = seed.count(&format!("SELECT count(DISTINCT (ordering_key, method)) {calls}")).await?;
    ensure!((made, different) == (wanted, wanted), "{made} calls, {different} of them different, of {wanted}");
    let arrivals = peers.arrivals();
    // A call that is delivered again is the same to the last byte, its request id with it: the receiver knows it.
    let known: BTreeSet<_> = arrivals.iter().map(|it| (&it.method, &it.request)).collect();
    ensure!(known.len() == wanted, "{} different calls came of {wanted}", known.len());
    let told = |count: usize| grouped(i64::try_from(count).unwrap_or(i64::MAX));
    let row = [number, kills, warned + handed, made, known.len(), arrivals.len() - known.len()].map(told).to_vec();
    let caption = format!(
        "{RATE} a second fall due for {} s, and one of two monitors is killed (SIGKILL) at random moments; a new one is ready {:.0} ms later",
        number / RATE,
        down.as_secs_f64() * 1_000.0 / kills.max(1) as f64,
    );
    let header = [
        "due",
        "killed",
        "rungs fired, each once",
        "calls made, each once",
        "came",
        "came again, known by their request ids",
    ];
    Ok(Table::new(&caption, &header, vec![row]))
}
