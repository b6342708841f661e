//! GetRebase.

use std::sync::Arc;

use ::store::Error;
use proto::sla::v1::{GetRebaseRequest, Rebase};
use rpc::{Caller, Refusal};

use crate::grpc::convert::{no_rebase, rebase_id, rebase_to_wire};
use crate::{App, store};

pub(crate) async fn run(app: Arc<App>, _: Caller, request: GetRebaseRequest) -> Result<Rebase, Refusal> {
    let id = rebase_id(&request.name)?;
    let mut db = app.db.pool().acquire().await.map_err(Error::from)?;
    let rebase = store::rebase::get(&mut db, id).await?.ok_or_else(|| no_rebase(&request.name))?;
    Ok(rebase_to_wire(&rebase, &store::rebase::tally(&mut db, id).await?))
}
