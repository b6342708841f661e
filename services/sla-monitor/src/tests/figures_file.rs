//! The figures as a file.

use std::sync::Arc;

use futures::TryStreamExt as _;
use proto::sla::v1::report_scope::Dimension;
use proto::sla::v1::{self as wire, GetReportCsvRequest, ReportScope};
use rpc::Caller;
use tonic::Code;

use super::figures::{fill, march, report, rows};
use super::rig::{Rig, answered, hours, over, revised, start};
use crate::{fold, queries};

/// The file, whole.
pub async fn file(rig: &Rig, scope: ReportScope) -> Vec<u8> {
    while fold::fold(&rig.app).await.unwrap() > 0 {}
    let request = GetReportCsvRequest { scope: Some(scope) };
    let caller = Caller::of_staff("anna", []);
    let pieces = queries::get_report_csv::run(Arc::clone(&rig.app), caller, request).await.unwrap();
    let pieces: Vec<_> = pieces.map_ok(|piece| piece.content).try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| piece.ends_with(b"\r\n")), "whole lines");
    pieces.concat()
}

#[tokio::test]
async fn the_file_says_what_the_report_says_and_holds_no_formula() {
    let rig = Rig::new().await;
    let scope = || march(&[Dimension::Date, Dimension::Category, Dimension::Group]);
    let header = String::from_utf8(file(&rig, scope()).await).unwrap();
    assert!(header.starts_with("clock,category,group,date,kept_count,late_count,"), "{header}");
    assert_eq!(header.lines().count(), 1, "nothing was promised");
    let odd = ["=HYPERLINK(\"http://x\";\"y\")", "+1", "-1", "@SUM(A1)", "quoted \"a\", b", "выдача; копии"];
    for (at, category) in odd.iter().enumerate() {
        let told = wire::Deadline { category: (*category).into(), group: format!("g{at}"), ..answered() };
        rig.track(&told).await;
        rig.update(&revised(&told, |clock| over(clock, start() + hours(20 + at as i64)))).await;
    }
    let rows = rows(&rig, scope()).await;
    let content = file(&rig, scope()).await;
    let mut reader = csv::ReaderBuilder::new().from_reader(content.as_slice());
    let titles: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((lines.len(), rows.len()), (odd.len(), odd.len()));
    for (line, row) in lines.iter().zip(&rows) {
        let of = |title: &str| &line[titles.iter().position(|it| it == title).unwrap()];
        let is_formula = row.category.starts_with(['=', '+', '-', '@']);
        let text = of("category");
        assert_eq!(text, if is_formula { format!("'{}", row.category) } else { row.category.clone() });
        let date = row.date.as_ref().unwrap();
        assert_eq!(of("date"), format!("2026-03-{:02}", date.day));
        assert_eq!((of("clock"), of("group")), ("resolution", row.group.as_str()));
        assert_eq!((of("kept_count"), of("late_count")), (&*row.kept_count.to_string(), &*row.late_count.to_string()));
        let share: f64 = of("kept_share").parse().unwrap();
        assert!((share - row.kept_share.unwrap()).abs() < 1e-4);
        let seconds = |it: Option<&prost_types::Duration>| it.map_or_else(String::new, |it| it.seconds.to_string());
        let late = row.lateness.as_ref();
        assert_eq!(of("lateness_p90"), seconds(late.and_then(|it| it.p90.as_ref())));
        assert_eq!(of("time_used_mean"), seconds(row.time_used.as_ref().and_then(|it| it.mean.as_ref())));
    }
    assert!(lines.iter().any(|line| &line[5] == "1"), "one is late");
}

#[tokio::test]
async fn a_report_with_too_many_rows_is_refused_and_a_file_of_them_comes_in_pieces() {
    let rig = Rig::new().await;
    // A category of its own for each: 5,400 rows, which a file may have and an answer may not.
    fill(&rig, 5_400, 5_400).await;
    let scope = || march(&[Dimension::Category]);
    let content = file(&rig, scope()).await;
    assert_eq!(content.iter().filter(|byte| **byte == b'\n').count(), 5_401);
    let refusal = report(&rig, scope()).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (Code::FailedPrecondition, "REPORT_TOO_LARGE"));
    assert_eq!(report(&rig, march(&[])).await.unwrap().rows[0].kept_count, 5_400);
}
