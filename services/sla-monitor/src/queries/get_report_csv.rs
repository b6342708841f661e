//! GetReportCsv: the same figures as a file.

use std::sync::Arc;

use futures::{Stream, stream};
use proto::sla::v1::{GetReportCsvRequest, GetReportCsvResponse};
use rpc::{Caller, Refusal};

use super::get_report::rows;
use crate::App;
use crate::grpc::convert::{report_pieces, report_scope};

/// Most rows of a file: what is held while a slow reader takes it, some tens of megabytes.
const ROWS: usize = 20_000;

/// Everything is read before the first piece is sent: a slow reader holds no connection, and no snapshot.
pub(crate) async fn run(
    app: Arc<App>,
    _: Caller,
    request: GetReportCsvRequest,
) -> Result<impl Stream<Item = Result<GetReportCsvResponse, Refusal>> + Send + 'static, Refusal> {
    let scope = report_scope(request.scope.as_ref())?;
    let pieces = report_pieces(&scope, rows(&app, &scope, ROWS).await?);
    Ok(stream::iter(pieces.map(|piece| piece.map(|content| GetReportCsvResponse { content }))))
}
