//! Appeals of many categories, some of whose applicants are asked.

use anyhow::{Context as _, Result};
use clock::{Clock as _, SystemClock};
use proto::ticket::v1::AssignAppealRequest;
use proto::ticket::v1::ticket_service_client::TicketServiceClient;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tests::{Bearer, forms};
use tokio::task::JoinSet;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use crate::Stage;

/// At once.
const CLIENTS: usize = 32;

/// Where applicants live; of some nobody tells it.
const REGIONS: [&str; 4] = ["RU-MOW", "RU-SA", "RU-KDA", ""];

type Ticket = TicketServiceClient<InterceptedService<Channel, Bearer>>;

/// Files so many, and asks the applicant of each tenth; how many were asked.
///
/// # Errors
/// Somebody is refused.
pub async fn file(stage: &Stage, port: u16, appeals: usize) -> Result<usize> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?.tcp_nodelay(true);
    let client = |who: &str| -> Result<Ticket> {
        let token = stage.house.token(who)?.trim().to_owned();
        Ok(TicketServiceClient::with_interceptor(endpoint.connect_lazy(), Bearer(Some(token))))
    };
    let mut all = JoinSet::new();
    for at in 0..CLIENTS {
        let (portal, staff) = (client("portal")?, client("supervisor")?);
        let number = appeals / CLIENTS + usize::from(at < appeals % CLIENTS);
        all.spawn(some(portal, staff, number, StdRng::seed_from_u64(at as u64)));
    }
    let mut asked = 0;
    while let Some(one) = all.join_next().await {
        asked += one.context("a client")??;
    }
    Ok(asked)
}

async fn some(mut portal: Ticket, mut staff: Ticket, number: usize, mut random: StdRng) -> Result<usize> {
    let mut asked = 0;
    for _ in 0..number {
        let category = forms::CATEGORIES[random.random_range(0..forms::CATEGORIES.len())];
        let mut form = forms::filled(SystemClock.now(), category, "ru");
        let applicant = form.appeal.as_mut().and_then(|it| it.applicant.as_mut()).context("a filled form")?;
        REGIONS[random.random_range(0..REGIONS.len())].clone_into(&mut applicant.region);
        let filed = portal.file_appeal(form).await?.into_inner();
        if random.random_ratio(1, 10) {
            let assign = AssignAppealRequest {
                name: filed.name.clone(),
                assignee: "staff/supervisor-1".into(),
                request_id: forms::request_id(),
                ..AssignAppealRequest::default()
            };
            staff.assign_appeal(assign).await?;
            staff.request_info(forms::question(&filed.name)).await?;
            asked += 1;
        }
    }
    Ok(asked)
}
