//! What must hold when nothing is under way any more: every acknowledged write and what follows from it is there, once ([`audit`]); every
//! message that is recorded as sent has come, once ([`letters`]); and no outbox holds a call that was given up.
//!
//! [`audit`]: crate::audit
//! [`letters`]: crate::letters

use std::fmt;
use std::time::Duration;

use all_in_one::Part;
use anyhow::{Context, Result};
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::notification::v1::{ListNotificationsRequest, notification};
use proto::outbox::v1::outbox_service_client::OutboxServiceClient;
use proto::outbox::v1::{ListCallsRequest, call};
use rpc::Role;
use tokio::time::{MissedTickBehavior, interval};

use crate::audit::{self, Row};
use crate::book::Done;
use crate::dues::Dues;
use crate::firings::Firings;
use crate::found::Found;
use crate::letters::Letters;
use crate::outside::Outside;
use crate::world::World;

/// How often it is looked whether all is quiet.
const LOOK: Duration = Duration::from_millis(200);

/// Numbers, and what does not hold.
#[derive(Debug)]
pub struct Verdict {
    rows: Vec<Row>,
    letters: Letters,
    pub firings: Firings,
    pub faults: Vec<String>,
}

/// Whoever looks.
#[derive(Debug)]
pub struct Auditor {
    pub portal: Outside,
    pub supervisor: Outside,
    pub administrator: Outside,
}

/// Waits for quiet, then compares. `is_sent`: messages go as far as the SMS centre and the mail relay.
///
/// # Errors
/// A service can't be asked.
pub async fn reach(world: &World, done: &Done, dues: &Dues, is_sent: bool) -> Result<Verdict> {
    let auditor = Auditor::new(world)?;
    dues.settled(world).await?;
    auditor.quiet().await?;
    let found = Found::read(world, &auditor, &done.filed, &dues.planned).await?;
    let letters = if is_sent {
        Letters::sort(&done.filed, &found.notifications, world.smsc.submits(), world.relay.mails())
    } else {
        Letters::default()
    };
    let (rows, firings) = (audit::rows(done, &dues.planned, &found), Firings::of(&found.due));
    let faults = letters.faults.iter().chain(&firings.faults).cloned().collect();
    let mut verdict = Verdict { rows, letters, firings, faults };
    verdict.judge();
    for state in [call::State::Dead, call::State::Refused] {
        for part in Part::ALL {
            if auditor.has_calls(part, state).await? {
                verdict.faults.push(format!("{part} has {state:?} calls in its outbox"));
            }
        }
    }
    Ok(verdict)
}

// === impl Auditor ===

impl Auditor {
    /// # Errors
    /// Nobody can sign in.
    pub fn new(world: &World) -> Result<Self> {
        Ok(Self {
            portal: Outside::new(world, "systems/portal", Role::System)?,
            supervisor: Outside::new(world, "staff/head", Role::Supervisor)?,
            administrator: Outside::new(world, "staff/admin", Role::Administrator)?,
        })
    }

    /// Until nothing is under way.
    ///
    /// # Errors
    /// A service can't be asked.
    pub async fn quiet(&self) -> Result<()> {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_quiet().await? {
            looks.tick().await;
        }
        Ok(())
    }

    /// No outbox has a call waiting and no notification is queued; in the order of the work.
    async fn is_quiet(&self) -> Result<bool> {
        for part in [Part::Ticket, Part::Sla, Part::Identity] {
            if self.has_calls(part, call::State::Waiting).await? {
                return Ok(false);
            }
        }
        let state = notification::State::Queued.into();
        let queued = ListNotificationsRequest { state, page_size: 1, ..ListNotificationsRequest::default() };
        let mut client = NotificationServiceClient::new(self.administrator.channel(Part::Notification));
        let queued = client.list_notifications(self.administrator.ask(queued)).await?.into_inner();
        Ok(queued.notifications.is_empty() && !self.has_calls(Part::Notification, call::State::Waiting).await?)
    }

    async fn has_calls(&self, part: Part, state: call::State) -> Result<bool> {
        let request = ListCallsRequest { state: state.into(), page_size: 1, ..ListCallsRequest::default() };
        let mut client = OutboxServiceClient::new(self.administrator.channel(part));
        let answer = client.list_calls(self.administrator.ask(request)).await;
        Ok(!answer.with_context(|| format!("listing {part}'s calls"))?.into_inner().calls.is_empty())
    }
}

// === impl Verdict ===

impl Verdict {
    fn judge(&mut self) {
        for row in &self.rows {
            let (kind, lost, doubled) = (row.kind, row.lost(), row.doubled());
            self.faults.extend(lost.iter().map(|it| format!("{kind}: {it} is lost")));
            self.faults.extend(doubled.iter().map(|it| format!("{kind}: {it} is doubled, or nobody was told of it")));
            if lost.is_empty() && doubled.is_empty() && !row.can_fail() {
                self.faults.push(format!("{kind}: nothing was compared, or a loss would not be seen"));
            }
        }
        self.faults.extend(self.letters.lost.iter().chain(&self.letters.doubled).cloned());
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, letters: Letters { sms, mails, lost, doubled, .. }, .. } = self;
        let all_lost = lost.len() + rows.iter().map(|row| row.lost().len()).sum::<usize>();
        let all_doubled = doubled.len() + rows.iter().map(|row| row.doubled().len()).sum::<usize>();
        write!(f, "lost {all_lost}, doubled {all_doubled}")?;
        rows.iter().try_for_each(|row| write!(f, "\nrollout:   {row}"))?;
        let (lost, doubled) = (lost.len(), doubled.len());
        write!(f, "\nrollout:   messages outside: {sms} SMS, {mails} e-mails, lost {lost}, doubled {doubled}")
    }
}
