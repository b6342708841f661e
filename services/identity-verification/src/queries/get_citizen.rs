//! GetCitizen.

use std::sync::Arc;

use proto::identity::v1::{self as wire, ErrorReason, GetCitizenRequest};
use rpc::{Caller, Refusal};

use crate::domain::{Level, parse_name};
use crate::grpc::convert::{allow, citizen_to_wire};
use crate::{App, store};

pub(crate) async fn run(app: Arc<App>, caller: Caller, request: GetCitizenRequest) -> Result<wire::Citizen, Refusal> {
    let id = parse_name("citizens", &request.name);
    allow(&caller, id)?;
    let unknown = |name: &str| Refusal::not_found(ErrorReason::CitizenNotFound, "citizen", name);
    // A malformed name is not repeated: anything may have been typed there.
    let id = id.ok_or_else(|| unknown("(malformed)"))?;
    let mut connection = app.db.pool().acquire().await.map_err(::store::Error::from)?;
    let citizen = store::citizen::get(&mut connection, &app.ring, id).await?.ok_or_else(|| unknown(&request.name))?;
    let confirmed = store::verification::is_confirmed(&mut connection, id, app.clock.now()).await?;
    Ok(citizen_to_wire(&citizen, if confirmed { Level::Simplified } else { Level::None }))
}
