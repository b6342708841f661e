//! Reports: terms that had been extended, by reason (L4, L9).

use proto::sla::v1::ExtensionReason::{FurtherAnalysis, OtherDepartments};
use proto::sla::v1::{self as wire, allowance::Span};

use super::figures::{march, rows};
use super::figures_file::file;
use super::rig::{Rig, answered, hours, over, revised, run_on, start};
use crate::grpc::convert::duration_to_wire;

/// By an hour each.
fn extended(clock: &mut wire::Clock, reasons: &[wire::ExtensionReason]) {
    let length = || Some(wire::Allowance { span: Some(Span::RealTime(duration_to_wire(hours(1)))) });
    let extension = |reason: &wire::ExtensionReason| wire::Extension { reason: (*reason).into(), length: length() };
    clock.extensions = reasons.iter().map(extension).collect();
}

async fn counts(rig: &Rig) -> Vec<(i32, i64)> {
    let rows = rows(rig, march(&[])).await;
    assert_eq!(rows.len(), 1);
    rows[0].extensions.iter().map(|it| (it.reason, it.count)).collect()
}

#[tokio::test]
async fn an_extended_term_counts_with_each_of_its_reasons_and_is_taken_back_with_them() {
    let rig = Rig::new().await;
    let mut last = None;
    for (reasons, after) in [(&[][..], 3), (&[FurtherAnalysis], 4), (&[FurtherAnalysis, OtherDepartments], 40)] {
        let told = answered();
        rig.track(&told).await;
        let met = revised(&told, |clock| {
            extended(clock, reasons);
            over(clock, start() + hours(after));
        });
        rig.update(&met).await;
        last = Some(met);
    }
    assert_eq!(counts(&rig).await, [(FurtherAnalysis.into(), 2), (OtherDepartments.into(), 1)]);
    let content = String::from_utf8(file(&rig, march(&[])).await).unwrap();
    let mut reader = csv::ReaderBuilder::new().from_reader(content.as_bytes());
    let titles = reader.headers().unwrap().clone();
    let line = reader.records().next().unwrap().unwrap();
    let of = |title: &str| &line[titles.iter().position(|it| it == title).unwrap()];
    let columns = ["further_analysis", "missing_information", "other_departments", "for_other_reasons"];
    assert_eq!(columns.map(|it| of(&format!("extended_{it}_count"))), ["2", "0", "1", "0"]);

    let reopened = revised(&last.unwrap(), |clock| run_on(clock, start() + hours(90)));
    rig.update(&reopened).await;
    assert_eq!(counts(&rig).await, [(FurtherAnalysis.into(), 1)], "whoever is taken back is so with the reasons");
}
