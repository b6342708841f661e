//! Reports: what is told is counted, once, whoever folds it and however often it is told.

use std::collections::HashMap;
use std::sync::Arc;

use ::store::{Error, Tx, transaction};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use proto::Date;
use proto::sla::v1::report_scope::Dimension;
use proto::sla::v1::{self as wire, GetReportRequest, ReportRow, ReportScope, StopDeadlineRequest};
use rpc::{Caller, Refusal};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::rig::{
    RESOLUTION, Rig, answered, hours, instant, minutes, over, promise, request_id, revised, run_on, start, ticket,
};
use crate::grpc::convert::report_scope;
use crate::{commands, fold, purge, queries};

/// The whole of March 2026, the resolution alone.
pub fn march(dimensions: &[Dimension]) -> ReportScope {
    ReportScope {
        first_date: Some(Date { year: 2026, month: 3, day: 1 }),
        last_date: Some(Date { year: 2026, month: 3, day: 31 }),
        dimensions: dimensions.iter().map(|it| (*it).into()).collect(),
        clock: wire::ClockKind::Resolution.into(),
        ..ReportScope::default()
    }
}

pub async fn report(rig: &Rig, scope: ReportScope) -> Result<wire::GetReportResponse, Refusal> {
    let request = GetReportRequest { scope: Some(scope) };
    queries::get_report::run(Arc::clone(&rig.app), Caller::of_staff("anna", []), request).await
}

/// The rows, after everything was folded.
pub async fn rows(rig: &Rig, scope: ReportScope) -> Vec<ReportRow> {
    while fold::fold(&rig.app).await.unwrap() > 0 {}
    report(rig, scope).await.unwrap().rows
}

/// The only row.
async fn row(rig: &Rig) -> ReportRow {
    let mut rows = rows(rig, march(&[])).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

/// Kept, late, cancelled, cancelled late, reopened.
fn counts(row: &ReportRow) -> [i64; 5] {
    [row.kept_count, row.late_count, row.cancelled_count, row.cancelled_late_count, row.reopened_count]
}

pub async fn met(rig: &Rig, after: SignedDuration) -> wire::Deadline {
    let told = answered();
    rig.track(&told).await;
    let met = revised(&told, |clock| over(clock, start() + after));
    rig.update(&met).await;
    met
}

fn cancel(clock: &mut wire::Clock, at: Timestamp) {
    over(clock, at);
    clock.state = wire::clock::State::Cancelled.into();
}

#[tokio::test]
async fn kept_late_and_cancelled_are_told_apart_with_how_late_and_how_long() {
    let rig = Rig::new().await;
    assert_eq!(report(&rig, march(&[])).await.unwrap().rows, [], "nothing was promised");
    for after in [1, 2, 3, 24] {
        met(&rig, hours(after)).await;
    }
    met(&rig, hours(25)).await;
    met(&rig, hours(124)).await;
    for after in [3, 30] {
        let told = answered();
        rig.track(&told).await;
        rig.update(&revised(&told, |clock| cancel(clock, start() + hours(after)))).await;
    }
    let row = row(&rig).await;
    assert_eq!(counts(&row), [4, 2, 1, 1, 0]);
    assert!((row.kept_share.unwrap() - 4.0 / 6.0).abs() < 1e-9);
    let (late, used) = (row.lateness.unwrap(), row.time_used.unwrap());
    let seconds = |it: Option<prost_types::Duration>| it.unwrap().seconds as f64;
    assert_eq!(seconds(late.mean), 50.5 * 3_600.0);
    assert_eq!(seconds(used.mean), (179.0_f64 / 6.0 * 3_600.0).round());
    for (told, hours) in [(late.p50, 1.0), (late.p90, 100.0), (late.p99, 100.0), (used.p50, 3.0), (used.p99, 124.0)] {
        let off = seconds(told) / (hours * 3_600.0);
        assert!((1.0 / 1.091..1.091).contains(&off), "{off} times {hours} hours");
    }
    assert!(row.policy.is_empty() && row.date.is_none() && row.hour.is_none(), "told apart by nothing");
}

#[tokio::test]
async fn a_stop_that_is_told_again_counts_once() {
    let rig = Rig::new().await;
    let told = answered();
    rig.track(&told).await;
    let stopped = revised(&told, |clock| over(clock, start() + hours(5)));
    let stop = async |deadline: &wire::Deadline, request_id: String| {
        let request = StopDeadlineRequest { deadline: Some(deadline.clone()), request_id };
        commands::stop_deadline::run(Arc::clone(&rig.app), ticket(), request).await.unwrap();
    };
    let id = request_id();
    for id in [id.clone(), id, request_id()] {
        stop(&stopped, id).await;
    }
    // A later revision that changes something else.
    stop(&wire::Deadline { revision: 9, priority: "low".into(), ..stopped }, request_id()).await;
    assert_eq!(counts(&row(&rig).await), [1, 0, 0, 0, 0]);
    let all = rows(&rig, ReportScope { clock: 0, ..march(&[]) }).await;
    assert_eq!(all.len(), 2, "the first answer was given at once");
    assert_eq!((all[0].clock(), counts(&all[0])), (wire::ClockKind::FirstAnswer, [1, 0, 0, 0, 0]));
}

#[tokio::test]
async fn a_reopened_one_counts_by_how_it_ended_for_good() {
    let rig = Rig::new().await;
    let first = met(&rig, hours(5)).await;
    assert_eq!(counts(&row(&rig).await), [1, 0, 0, 0, 0]);
    let again = rig.update(&revised(&first, |clock| run_on(clock, start() + hours(40)))).await;
    assert_eq!(counts(&row(&rig).await), [0, 0, 0, 0, 1], "nobody knows yet how it ends");
    rig.update(&revised(&again, |clock| over(clock, start() + hours(41)))).await;
    let by_date = rows(&rig, march(&[Dimension::Date])).await;
    let told: Vec<_> = by_date.iter().map(|row| (row.date.as_ref().unwrap().day, counts(row))).collect();
    assert_eq!(told, [(2, [0, 0, 0, 0, 1]), (4, [0, 1, 0, 0, 0])]);
    assert_eq!(by_date[1].lateness.as_ref().unwrap().mean.as_ref().unwrap().seconds, 3_600);
}

#[tokio::test]
async fn rows_are_told_apart_and_narrowed_by_what_is_asked() {
    let rig = Rig::new().await;
    for (category, group, end) in [("a", "one", 1), ("a", "two", 13), ("b", "two", 14), ("b", "", 15)] {
        let told = wire::Deadline { category: category.into(), group: group.into(), ..answered() };
        rig.track(&told).await;
        rig.update(&revised(&told, |clock| over(clock, start() + hours(end)))).await;
    }
    let of = |row: &ReportRow| (row.category.clone(), row.group.clone(), row.kept_count);
    let by = rows(&rig, march(&[Dimension::Category, Dimension::Group])).await;
    let told = |category: &str, group: &str| (category.to_owned(), group.to_owned(), 1);
    assert_eq!(
        by.iter().map(of).collect::<Vec<_>>(),
        [told("a", "one"), told("a", "two"), told("b", ""), told("b", "two")]
    );
    let two = rows(&rig, ReportScope { group: "two".into(), ..march(&[]) }).await;
    assert_eq!(two.iter().map(of).collect::<Vec<_>>(), [(String::new(), String::new(), 2)]);
    let none = rows(&rig, ReportScope { channel: "phone".into(), ..march(&[]) }).await;
    assert_eq!(none, []);

    // Ends at 10:00, 22:00, 23:00 and 24:00 UTC of the 2nd: at 13, 01, 02 and 03 in Moscow, three of them on the 3rd.
    let moscow = ReportScope { time_zone: "Europe/Moscow".into(), ..march(&[Dimension::Date, Dimension::Hour]) };
    let by: Vec<_> =
        rows(&rig, moscow.clone()).await.iter().map(|it| (it.date.as_ref().unwrap().day, it.hour.unwrap())).collect();
    assert_eq!(by, [(2, 13), (3, 1), (3, 2), (3, 3)]);
    let third = Some(Date { year: 2026, month: 3, day: 3 });
    let third = ReportScope { first_date: third, last_date: third, ..moscow };
    assert_eq!(rows(&rig, third).await.len(), 3);
}

#[tokio::test]
async fn a_bad_scope_names_all_its_faults() {
    let rig = Rig::new().await;
    let bad = ReportScope {
        first_date: Some(Date { year: 2026, month: 2, day: 30 }),
        last_date: None,
        time_zone: "Moscow".into(),
        dimensions: vec![1, 77],
        clock: 9,
        category: "\0".into(),
        ..ReportScope::default()
    };
    let refusal = report(&rig, bad).await.unwrap_err();
    let fields: Vec<_> = refusal.violations().iter().map(|it| it.field.as_str()).collect();
    let named = ["first_date", "last_date", "time_zone", "dimensions[1]", "clock", "category"];
    assert_eq!(fields, named.map(|field| format!("scope.{field}")));
    for (zone, last) in [("Asia/Kolkata", 31), ("", 0)] {
        let last_date = Some(Date { year: if last == 0 { 2027 } else { 2026 }, month: 12, day: 31 });
        let refusal = report(&rig, ReportScope { time_zone: zone.into(), last_date, ..march(&[]) }).await.unwrap_err();
        assert_eq!(refusal.violations().len(), 1);
    }
}

#[tokio::test]
async fn a_report_says_until_when_it_is_complete_and_the_lag_is_a_metric() {
    let rig = Rig::new().await;
    let complete = async || instant(report(&rig, march(&[])).await.unwrap().complete_time.as_ref()).unwrap();
    assert_eq!(complete().await, rig.now());
    rig.at(minutes(1));
    met(&rig, hours(1)).await;
    rig.at(minutes(8));
    assert_eq!(complete().await, start() + minutes(1));
    let lag = async || {
        bootstrap::Step::step(&crate::monitor::Lag(Arc::clone(&rig.app))).await.unwrap();
        let metrics = rig.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix("otklik_sla_fold_lag_seconds "));
        line.unwrap().to_owned()
    };
    assert_eq!(lag().await, "420.0");
    assert_eq!(row(&rig).await.kept_count, 1);
    assert_eq!((complete().await, lag().await), (rig.now(), "0.0".to_owned()));
}

/// Four replicas at once on real threads, in the same few sums: each closing once, whoever folds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_fold_at_once_count_each_once() {
    const CLOSINGS: i64 = 3_000;
    let rig = Rig::new().await;
    let mut replicas = vec![Arc::clone(&rig.app)];
    for _ in 0..3 {
        replicas.push(rig.replica(Arc::new(rig.hand.clone())).await.app);
    }
    fill(&rig, CLOSINGS, 40).await;
    let folded = join_all(replicas.into_iter().map(|app| {
        tokio::spawn(async move {
            let mut folded = 0;
            loop {
                match fold::fold(&app).await.unwrap() {
                    0 => return folded,
                    some => folded += some as i64,
                }
            }
        })
    }));
    let folded: Vec<i64> = folded.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(folded.iter().sum::<i64>(), CLOSINGS, "{folded:?}");
    // Those that one held were passed over by the others.
    while fold::fold(&rig.app).await.unwrap() > 0 {}
    let counted: i64 =
        report(&rig, march(&[Dimension::Category])).await.unwrap().rows.iter().map(|it| it.kept_count).sum();
    assert_eq!(counted, CLOSINGS);
}

/// A fold that dies before its commit.
#[tokio::test]
async fn what_a_dying_fold_took_out_is_there_again() {
    let rig = Rig::new().await;
    met(&rig, hours(1)).await;
    let died = transaction!(rig.app.db, "test", |tx| -> Result<(), Error> {
        let tallies = crate::store::closing::take(tx, 10).await?;
        crate::store::rollup::add(tx, &crate::domain::fold(&tallies)).await?;
        assert_eq!(tallies.len(), 2);
        Err(Error::Other("killed".to_owned()))
    });
    assert!(died.is_err());
    assert_eq!(counts(&row(&rig).await), [1, 0, 0, 0, 0]);
}

/// Closings of the resolution, kept, in so many categories, through March.
pub async fn fill(rig: &Rig, closings: i64, categories: i64) {
    let fill = "INSERT INTO closing (record_time, taken_back, hour_time, clock, policy, category, priority, channel, queue_group,
            outcome, used_seconds, late_seconds)
        SELECT $1, false, date_trunc('hour', $1::timestamptz, 'UTC') + (n % 600) * interval '1 hour', 'resolution', 'standard',
            'c' || n % $3, 'normal', 'web_form', 'g' || n % 3, 'kept', n % 86400, 0
        FROM generate_series(1, $2) AS n";
    sqlx::query(fill).bind(start().to_sqlx()).bind(closings).bind(categories).execute(rig.app.db.pool()).await.unwrap();
}

#[tokio::test]
async fn a_report_of_a_day_reads_the_sums_of_the_day_and_nothing_else() {
    let rig = Rig::new().await;
    fill(&rig, 120_000, 7).await;
    while fold::fold(&rig.app).await.unwrap() > 0 {}
    // So does autovacuum.
    let mut admin = PgConnection::connect(&rig.admin_url()).await.unwrap();
    for table in ["rollup", "cell"] {
        sqlx::query(AssertSqlSafe(format!("ANALYZE sla.{table}"))).execute(&mut admin).await.unwrap();
    }
    let count = "SELECT count(*) FROM rollup WHERE hour_time >= $1 AND hour_time < $2";
    let day = ("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z");
    let [from, to] = [day.0, day.1].map(|it| it.parse::<Timestamp>().unwrap().to_sqlx());
    let of_day: i64 = sqlx::query_scalar(count).bind(from).bind(to).fetch_one(rig.app.db.pool()).await.unwrap();
    assert!((500..5_000).contains(&of_day), "{of_day}: a twentieth of what there is at most");

    let date = Some(Date { year: 2026, month: 3, day: 10 });
    let scope = ReportScope { first_date: date, last_date: date, ..march(&[Dimension::Category]) };
    let scope = report_scope(Some(&scope)).unwrap();
    let (told, read) = transaction!(rig.app.db, "test", |tx| -> Result<_, Error> {
        let mut before = read(tx).await;
        let told = crate::store::rollup::report(tx, &scope, 100).await?.unwrap();
        let mut after = read(tx).await;
        for (table, (scans, fetched)) in &mut after {
            let (scans_before, fetched_before) = before.remove(table).unwrap_or_default();
            (*scans, *fetched) = (*scans - scans_before, *fetched - fetched_before);
        }
        Ok((told, after))
    })
    .unwrap();
    assert_eq!(told.len(), 7);
    assert_eq!(told.values().map(|it| it.kept.count()).sum::<i64>(), 24 * 120_000 / 600);
    for (table, read) in read {
        match table.as_str() {
            "rollup" => assert_eq!(read, (0, of_day)),
            // 21 rows in all, however they are read.
            "cell" => {}
            _ => assert_eq!(read, (0, 0), "{table}"),
        }
    }
}

/// Whole scans and rows fetched by an index, of each table, in this transaction.
async fn read(tx: &mut Tx) -> HashMap<String, (i64, i64)> {
    let counts =
        "SELECT relname::text, COALESCE(seq_scan, 0), COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables";
    let rows = sqlx::query(counts).fetch_all(&mut **tx).await.unwrap();
    rows.into_iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}

#[tokio::test]
async fn old_sums_are_forgotten_and_young_ones_stay() {
    let rig = Rig::new().await;
    met(&rig, hours(1)).await;
    met(&rig, hours(30)).await;
    assert_eq!(row(&rig).await.kept_count, 1);
    rig.at(hours(24 * 1_100 + 2));
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 2, "the first answers and the first resolution");
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 0);
    assert_eq!(counts(&row(&rig).await), [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn the_first_answer_counts_when_it_is_given() {
    let rig = Rig::new().await;
    let told = promise();
    rig.track(&told).await;
    assert_eq!(rows(&rig, ReportScope { clock: 0, ..march(&[]) }).await, []);
    let mut given = told.clone();
    given.revision += 1;
    over(&mut given.clocks[0], start() + minutes(31));
    rig.update(&given).await;
    rig.update(&revised(&given, |clock| over(clock, start() + hours(2)))).await;
    let both = rows(&rig, ReportScope { clock: 0, ..march(&[]) }).await;
    assert_eq!(both.iter().map(counts).collect::<Vec<_>>(), [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]);
    assert_eq!(rig.get(&told).await.clocks[RESOLUTION].state(), wire::clock::State::Met);
}
