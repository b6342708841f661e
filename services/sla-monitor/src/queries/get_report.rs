//! GetReport: how promises were kept (L9), from sums.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::Error;
use jiff::Timestamp;
use proto::sla::v1::{ErrorReason, GetReportRequest, GetReportResponse};
use proto::to_wire;
use rpc::{Caller, Refusal};

use crate::domain::{Figures, Key, Scope, micros};
use crate::grpc::convert::{report_row, report_scope};
use crate::{App, store};

/// Most rows of an answer: at some 400 bytes each, half of what a message may hold.
const ROWS: usize = 5_000;

pub(crate) async fn run(app: Arc<App>, _: Caller, request: GetReportRequest) -> Result<GetReportResponse, Refusal> {
    let scope = report_scope(request.scope.as_ref())?;
    // Before the sums are read: what is counted meanwhile is more than is said.
    let complete = complete_time(&app).await?;
    let rows = rows(&app, &scope, ROWS).await?;
    let rows = rows.into_iter().map(|(key, figures)| report_row(key, &figures)).collect();
    Ok(GetReportResponse { rows, complete_time: Some(to_wire(complete)) })
}

/// The rows of a report that are not empty.
pub(super) async fn rows(app: &App, scope: &Scope, most: usize) -> Result<BTreeMap<Key, Figures>, Refusal> {
    let mut connection = app.db.pool().acquire().await.map_err(Error::from)?;
    let Some(mut rows) = store::rollup::report(&mut connection, scope, most).await? else {
        let text = "has more rows than are answered; narrow it, or tell rows apart by less";
        return Err(Refusal::precondition(ErrorReason::ReportTooLarge, "report", text).with("most", most.to_string()));
    };
    rows.retain(|_, figures| !figures.is_empty());
    Ok(rows)
}

/// Until when everything is counted.
async fn complete_time(app: &App) -> Result<Timestamp, Error> {
    let now = micros(app.db.now());
    Ok(store::closing::oldest(app.db.pool()).await?.map_or(now, |oldest| oldest.min(now)))
}
