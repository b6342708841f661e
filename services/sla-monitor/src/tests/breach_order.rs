//! The log behind WatchBreaches: its order under open transactions, what a restored or purged one says, what a look at it reads.

use ::store::Error;
use jiff::SignedDuration;
use jiff_sqlx::ToSqlx;
use rpc::Refusal;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tonic::Code;

use super::breaches::{heard, is_quiet, is_sign_of_life, next, numbers, past, resumed, told, watch, write, written};
use super::rig::{Rig, hours, minutes, start};
use crate::domain::Position;
use crate::{purge, store};

/// The trap: numbers are drawn when rows are written and seen when they are committed. Whoever remembers the highest number seen skips the
/// other one.
#[tokio::test]
async fn of_two_open_transactions_none_is_skipped_whichever_commits_first() {
    let rig = Rig::new().await;
    // Which of the two has the lower transaction id, which writes first, which commits first.
    for (case, (writes, commits)) in
        [([0, 1], [0, 1]), ([0, 1], [1, 0]), ([1, 0], [0, 1]), ([1, 0], [1, 0])].into_iter().enumerate()
    {
        let mut messages = watch(&rig).await;
        let mut runs = [rig.app.db.run("one"), rig.app.db.run("two")];
        let mut open = [Some(runs[0].begin().await.unwrap()), Some(runs[1].begin().await.unwrap())];
        for tx in open.iter_mut().flatten() {
            sqlx::query("SELECT pg_current_xact_id()").execute(&mut **tx).await.unwrap();
        }
        for at in writes {
            write(&rig, open[at].as_mut().unwrap(), &format!("{case}-{at}")).await;
        }
        let [first, second] = commits;
        runs[first].end(open[first].take().unwrap(), Ok::<_, Error>(())).await.unwrap().unwrap();
        if first == 1 {
            assert!(is_quiet(&rig, &mut messages).await, "{case}: the other might yet come in before it");
            let position = store::breach::last(rig.app.db.pool()).await.unwrap();
            let page = store::breach::from(rig.app.db.pool(), position, 10).await.unwrap();
            let all: Vec<_> = page.iter().map(|it| it.position).collect();
            assert_eq!(all, [position], "{case}: nor is it read by who looks unasked");
        } else {
            let told = heard(&rig, &mut messages, 1).await;
            assert_eq!(numbers(&told), [format!("{case}-0")]);
        }
        runs[second].end(open[second].take().unwrap(), Ok::<_, Error>(())).await.unwrap().unwrap();
        let rest = heard(&rig, &mut messages, if first == 1 { 2 } else { 1 }).await;
        let all = [format!("{case}-0"), format!("{case}-1")];
        assert_eq!(numbers(&rest), all[2 - rest.len()..], "in order of transactions");
        assert!(is_quiet(&rig, &mut messages).await, "{case}: and none is told twice");
    }
}

fn out_of_range(refusal: &Refusal) -> bool {
    (refusal.code(), refusal.reason()) == (Code::OutOfRange, "CURSOR_OUT_OF_RANGE")
}

async fn admin(rig: &Rig, statement: &str) {
    let mut admin = PgConnection::connect(&rig.admin_url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
}

#[tokio::test]
async fn a_restored_database_does_not_know_what_was_told_and_says_so() {
    let rig = Rig::new().await;
    past(&rig, &["one"]).await;
    let (mut knowing, mut untold) = (watch(&rig).await, watch(&rig).await);
    let mut busy = watch(&rig).await;
    written(&rig, "two").await;
    let cursor = told(&rig, &mut knowing).await.cursor;
    told(&rig, &mut busy).await;
    admin(&rig, "DELETE FROM sla.breach WHERE number = 'two'").await;
    assert!(out_of_range(&resumed(&rig, &cursor).await.err().unwrap()));

    rig.hand.advance(SignedDuration::from_secs(30));
    assert!(out_of_range(&next(&rig, &mut knowing).await.unwrap_err()), "in place of a sign of life");
    assert!(is_sign_of_life(&told(&rig, &mut untold).await), "what is gone was news to nobody else");
    // What is written where an entry is gone may stand before it as well as after it: whoever only looks after it may miss something.
    written(&rig, "three").await;
    assert!(out_of_range(&next(&rig, &mut busy).await.unwrap_err()), "in place of news");
    assert_eq!(numbers(&told(&rig, &mut untold).await.breaches), ["three"]);
}

#[tokio::test]
async fn entries_are_kept_as_long_as_configured_and_a_cursor_before_them_is_out_of_range() {
    let rig = Rig::new().await;
    let empty = told(&rig, &mut resumed(&rig, "").await.unwrap()).await.cursor;
    let mut messages = watch(&rig).await;
    let mut cursors: Vec<String> = Vec::new();
    for (day, number) in [(0, "one"), (1, "two"), (2, "three")] {
        rig.at(hours(24 * day));
        written(&rig, number).await;
        drop(messages);
        messages = resumed(&rig, cursors.last().unwrap_or(&empty)).await.unwrap();
        told(&rig, &mut messages).await;
        cursors.push(told(&rig, &mut messages).await.cursor);
    }
    rig.at(hours(24 * 91) + minutes(1));
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 1);
    assert!(out_of_range(&resumed(&rig, &empty).await.err().unwrap()), "before the first entry, and too long ago");
    assert!(out_of_range(&resumed(&rig, &cursors[0]).await.err().unwrap()));
    // The second one is as old, but nothing happened for a day after it: those who have heard it have missed nothing.
    let mut quiet = resumed(&rig, &cursors[1]).await.unwrap();
    told(&rig, &mut quiet).await;
    assert_eq!(numbers(&told(&rig, &mut quiet).await.breaches), ["three"]);
    // The newest stays, however long nothing happens.
    rig.at(hours(24 * 1_000));
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 1);
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 0);
    assert!(out_of_range(&resumed(&rig, &cursors[1]).await.err().unwrap()));
    let mut again = resumed(&rig, &cursors[2]).await.unwrap();
    told(&rig, &mut again).await;
    written(&rig, "four").await;
    assert_eq!(numbers(&told(&rig, &mut again).await.breaches), ["four"]);
}

#[tokio::test]
async fn entries_of_another_cluster_are_put_first_and_are_no_news() {
    let rig = Rig::new().await;
    past(&rig, &["one", "two"]).await;
    // As a dump brings them: with transactions that are past here too, and others that are still to come.
    admin(&rig, "UPDATE sla.breach SET xact = 1000000000000 WHERE number = 'two'").await;
    let mut messages = watch(&rig).await;
    written(&rig, "three").await;
    let message = told(&rig, &mut messages).await;
    assert_eq!(numbers(&message.breaches), ["three"]);
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 3);
    assert_eq!(purge::purge(&rig.app).await.unwrap(), 0);
    assert!(is_quiet(&rig, &mut messages).await);
    let all = store::breach::from(rig.app.db.pool(), Position { xact: -1, entry: 0 }, 10).await.unwrap();
    assert_eq!(all.iter().map(|it| it.breach.number.as_str()).collect::<Vec<_>>(), ["one", "two", "three"]);
    // Whoever watched can't know what they missed.
    assert!(out_of_range(&resumed(&rig, &message.cursor).await.err().unwrap()));
    let mut anew = watch(&rig).await;
    written(&rig, "four").await;
    assert!(out_of_range(&next(&rig, &mut messages).await.unwrap_err()));
    assert_eq!(numbers(&told(&rig, &mut anew).await.breaches), ["four"]);
}

/// On a log of some thousand pages, where a wrong plan shows. The statements are those of `store::breach`.
#[tokio::test]
async fn looks_and_pages_read_what_they_tell() {
    let rig = Rig::new().await;
    let fill = "INSERT INTO breach (xact, record_time, event, deadline_id, number, clock, epoch, level, policy, category, priority,
            channel, event_time)
        SELECT 1 + n / 100, $1, 'breached', gen_random_uuid(), n::text, 'resolution', 1, 1, 'p', 'c', 'normal', 'web_form', $1
        FROM generate_series(1, 50000) AS n";
    sqlx::query(fill).bind(start().to_sqlx()).execute(rig.app.db.pool()).await.unwrap();
    admin(&rig, "ANALYZE sla.breach").await;
    for (statement, most) in [
        (
            "SELECT xact, entry_id FROM breach WHERE xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            ORDER BY xact DESC, entry_id DESC LIMIT 1",
            5,
        ),
        (
            "SELECT number FROM breach WHERE (xact, entry_id) >= (250, 0)
                AND xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY xact, entry_id LIMIT 101",
            15,
        ),
        ("SELECT xact FROM breach WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint", 5),
        (
            "UPDATE breach SET xact = -1
            FROM (SELECT xact, entry_id FROM breach WHERE xact > -1 ORDER BY xact, entry_id LIMIT 1000) AS next
            WHERE breach.xact = next.xact AND breach.entry_id = next.entry_id
                AND EXISTS (SELECT FROM breach WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)",
            5,
        ),
    ] {
        let plan = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}");
        let row = sqlx::query(AssertSqlSafe(plan)).fetch_one(rig.app.db.pool()).await.unwrap();
        let plan: serde_json::Value = row.get(0);
        let pages = |key: &str| plan[0]["Plan"][key].as_i64().unwrap();
        let read = pages("Shared Hit Blocks") + pages("Shared Read Blocks");
        assert!(read <= most, "{read} pages: {plan:#}");
    }
}
