//! A re-base over what was promised by the service itself: what its preview takes and tells, and whether it then does just that.

mod figures;
mod filed;

use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context as _, Result, ensure};
use clock::{Clock as _, SystemClock};
use deadline::PolicySet;
use proto::sla::v1::sla_service_client::SlaServiceClient;
use proto::sla::v1::{
    GetPolicySetRequest, GetRebaseRequest, ListPolicySetsRequest, PreviewChangeResponse, PreviewPolicyChangeRequest,
    PublishPolicyRequest, Rebase, StartRebaseRequest, rebase::State,
};
use sqlx::{Connection as _, PgConnection};
use tests::{Bearer, forms, free_ports, other_resolutions};
use tokio::time::{sleep, timeout};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use self::figures::{ByKey, Figures, done, of_groups, previewed};
use crate::Stage;
use crate::figure::{grouped, number, time};
use crate::peer::Peers;
use crate::postgres::count;
use crate::report::{Section, Table};

/// Deadlines a second: the most that may be asked for.
const RATE: i32 = 1_000;
/// For whatever is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

type Sla = SlaServiceClient<InterceptedService<Channel, Bearer>>;

/// Measures it.
///
/// # Errors
/// The re-base does something else than its preview told.
pub async fn measure(stage: &Stage) -> Result<Section> {
    let url = stage.server.database("rebase").await?;
    let ticket_role = stage.house.migrate(Part::Ticket, &url).await?;
    let sla_role = stage.house.migrate(Part::Sla, &url).await?;
    let [ticket_port, sla_port, others] = free_ports()?;
    // Recipients and notices are taken and forgotten.
    let _peers = Peers::start(others, false).await?;
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    // There is somebody who may ask an applicant.
    let more = [("PEERS__SLA__URL", at(sla_port)), ("STAFF__SEED_SAMPLES", "true".to_owned())];
    let of_ticket = stage.house.environment(Part::Ticket, &ticket_role, others, &more);
    let of_sla = stage.house.environment(Part::Sla, &sla_role, others, &[("PEERS__TICKET__URL", at(ticket_port))]);
    let sla = stage.house.start_at(Part::Sla, sla_port, &of_sla).await?;
    let ticket = stage.house.start_at(Part::Ticket, ticket_port, &of_ticket).await?;
    let mut admin = PgConnection::connect(&url).await?;

    // Somewhat more than 100,000 clocks: those of whom something was asked have one.
    let appeals = stage.sizes.of(53_000, 200);
    let asked = filed::file(stage, ticket_port, appeals).await?;
    settled(&mut admin).await?;
    let watched = count(&mut admin, "SELECT count(*) FROM sla.deadline WHERE state = 'tracked'").await?;
    ensure!(usize::try_from(watched)? == appeals, "{watched} of {appeals} are watched");

    let mut client = client(sla_port, &stage.house.token("administrator")?)?;
    let published = publish(&mut client).await?;
    settled(&mut admin).await?;
    let began = Instant::now();
    let seen = preview(&mut client, &published).await?;
    let looked = began.elapsed();
    ensure!(usize::try_from(seen.looked_count)? == appeals, "{} deadlines were looked at", seen.looked_count);

    let began = Instant::now();
    let (rebase, worked) = rebase(&mut client, &published).await?;
    let took = began.elapsed();
    let (told, is) = (previewed(&seen), done(&mut admin).await?);
    ensure!(told == is, "the re-base does something else than its preview told:\n{told:?}\n{is:?}");
    let wrong = count(&mut admin, "SELECT count(*) FROM sla.deadline WHERE mismatch").await?;
    ensure!(wrong == 0, "{wrong} promises are not what our arithmetic gives");
    ensure!(rebase.pending_count == 0 && rebase.refused_count == 0, "{rebase:?}");
    ticket.stop().await?;
    sla.stop().await?;
    stage.server.drop_database("rebase").await?;
    Ok(Section {
        title: "Re-base".to_owned(),
        method: vec![format!(
            "{} appeals of ten categories, filed over gRPC; the applicants of {} were asked, so that their clocks are paused. A set halves real \
             time, and gives working days one more and working time an hour more. It is looked at, and then applied, {} deadlines a second at \
             most; the ticket service decides each. What the log has of each clock is held to what the preview told, by clock, category and \
             group and by clock and region: a difference would end the run.",
            grouped(i64::try_from(appeals)?),
            grouped(i64::try_from(asked)?),
            grouped(RATE.into()),
        )],
        tables: vec![table(&told, appeals, looked, worked, took, &rebase)],
        ..Section::default()
    })
}

fn table(told: &ByKey, appeals: usize, looked: Duration, worked: Duration, took: Duration, rebase: &Rebase) -> Table {
    let all = |of: fn(&Figures) -> i64| of_groups(told).map(of).sum::<i64>();
    let (same, later, earlier) = (all(|it| it.same_due_time), all(|it| it.later), all(|it| it.earlier));
    let clocks = same + later + earlier;
    let row = |what: &str, figure: String| vec![what.to_owned(), figure];
    let rate = |count: f64, time: Duration| number(count / time.as_secs_f64());
    let rows = vec![
        row("open clocks", grouped(clocks)),
        row("of them: due later, earlier, at the same time", [later, earlier, same].map(grouped).join(", ")),
        row("the preview takes", format!("{}; {} clocks per s", time(looked), rate(clocks as f64, looked))),
        row(
            "the pass that asks for them takes",
            format!("{}; {} appeals per s", time(worked), rate(appeals as f64, worked)),
        ),
        row("until a pass that began a minute later found nothing, and all was answered", time(took)),
        row("clocks that are promised under the set now", grouped(rebase.rebased_count)),
        row("clocks of which the log tells something else than the preview", "0".to_owned()),
    ];
    Table::new("", &["", ""], rows)
}

fn client(port: u16, token: &str) -> Result<Sla> {
    let channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?.connect_lazy();
    Ok(SlaServiceClient::with_interceptor(channel, Bearer(Some(token.trim().to_owned()))))
}

/// Until neither service has anything to tell the other.
async fn settled(admin: &mut PgConnection) -> Result<()> {
    let left = "SELECT (SELECT count(*) FROM ticket.outbox WHERE destination = 'sla' AND state = 'waiting')
        + (SELECT count(*) FROM sla.outbox WHERE destination = 'ticket' AND state = 'waiting')";
    let wait = async {
        while count(admin, left).await? > 0 {
            sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, wait).await.context("calls are left after ten minutes")?
}

/// Publishes the other rules, and waits until they are in force; the set's name.
async fn publish(client: &mut Sla) -> Result<String> {
    let newest = client.list_policy_sets(ListPolicySetsRequest::default()).await?.into_inner().policy_sets.remove(0);
    let set = client.get_policy_set(GetPolicySetRequest { name: newest.name.clone() }).await?.into_inner();
    let request = PublishPolicyRequest {
        document: other_resolutions(&PolicySet::published(&set.document)?),
        base: newest.name,
        note: "load".to_owned(),
        request_id: forms::request_id(),
        ..PublishPolicyRequest::default()
    };
    let published = client.publish_policy(request).await?.into_inner();
    let effective = published.effective_time.as_ref().and_then(proto::from_wire).context("when it counts")?;
    let left = effective.duration_since(SystemClock.now());
    sleep(Duration::try_from(left).unwrap_or_default() + Duration::from_secs(1)).await;
    Ok(published.name)
}

async fn preview(client: &mut Sla, set: &str) -> Result<PreviewChangeResponse> {
    let request = PreviewPolicyChangeRequest { policy_set: set.to_owned(), ..PreviewPolicyChangeRequest::default() };
    let mut stream = client.preview_policy_change(request).await?.into_inner();
    let mut last = PreviewChangeResponse::default();
    while let Some(message) = stream.message().await? {
        last = message;
    }
    ensure!(last.complete, "the preview ends in the middle");
    Ok(last)
}

/// Applies the set to its end; and how long it took until nothing more was asked for or under way.
async fn rebase(client: &mut Sla, set: &str) -> Result<(Rebase, Duration)> {
    let request = StartRebaseRequest {
        policy_set: set.to_owned(),
        deadlines_per_second: RATE,
        note: "load".to_owned(),
        request_id: forms::request_id(),
    };
    let began = Instant::now();
    let begun = client.start_rebase(request).await?.into_inner();
    let (mut seen, mut worked) = ((0, 0), Duration::ZERO);
    let wait = async {
        loop {
            let shown = client.get_rebase(GetRebaseRequest { name: begun.name.clone() }).await?.into_inner();
            let now = (shown.asked_count, shown.pending_count);
            if now != seen {
                (seen, worked) = (now, began.elapsed());
            }
            if shown.state() == State::Complete {
                return anyhow::Ok((shown, worked));
            }
            sleep(Duration::from_millis(500)).await;
        }
    };
    timeout(PATIENCE, wait).await.context("the re-base is not complete after ten minutes")?
}
