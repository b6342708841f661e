//! What the machinery does, step by step, and what happens to it.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use bootstrap::Loop;
use rusmpp::CommandStatus;
use rusmpp::values::MessageState;
use testkit::mailbox::Reply;
use testkit::smsc::{Act, Form, Gate};
use tests::{Part, Replica};

use crate::op::{Centre, Fate, MailRelay, Op};
use crate::world::World;

// === impl World ===

impl World {
    /// Something that is no person's doing.
    pub async fn turn(&mut self, op: &Op) -> Result<()> {
        match op {
            Op::Relay(part) => self.relay(*part).await,
            Op::Lose { answer: false, method } => {
                self.suite.faults.lose_request(method);
                Ok(())
            }
            Op::Lose { answer: true, method } => {
                self.suite.faults.lose_answer(method);
                Ok(())
            }
            Op::Die { part, applied } => self.die(*part, *applied).await,
            Op::Tick => self.tick().await.map(drop),
            Op::TwoTicks => self.two_ticks().await,
            Op::Dispatch => self.dispatch().await,
            Op::DieSending => self.die_sending().await,
            Op::Sms(centre) => {
                self.turn_centre(*centre);
                Ok(())
            }
            Op::Mail(relay) => {
                self.turn_relay(*relay).await;
                Ok(())
            }
            Op::Receipt(fate) => self.receipt(*fate).await,
            Op::Restart(part) => self.restart(*part).await,
            Op::Run => self.run().await.map(drop),
            other => bail!("{other} is for people"),
        }
    }

    /// The running replica of a service.
    pub fn replica(&self, part: Part) -> Result<Arc<Replica>> {
        self.replicas.iter().find(|it| it.part == part).cloned().context("every service runs")
    }

    /// One step of the relay for each destination.
    pub async fn relay(&mut self, part: Part) -> Result<()> {
        let replica = self.replica(part)?;
        for lane in lanes(&replica) {
            step(lane).await?;
        }
        Ok(())
    }

    /// One step of the monitor.
    pub async fn tick(&mut self) -> Result<usize> {
        let replica = self.replica(Part::Sla)?;
        step(named(&replica, "monitor").first().context("the monitor's loop")?).await
    }

    /// One step of the dispatcher for each lane.
    pub async fn dispatch(&mut self) -> Result<()> {
        let replica = self.replica(Part::Notification)?;
        self.bound().await;
        for lane in named(&replica, "dispatch") {
            step(lane).await?;
            self.collect();
        }
        Ok(())
    }

    /// Waits until the SMS centre has a session: it comes back by the machine's time, which nobody here turns.
    pub async fn bound(&self) {
        self.suite.smsc.until(|it| it.binds > it.closed).await;
    }

    /// Takes over what came to the providers.
    pub fn collect(&mut self) {
        let now = self.suite.now();
        self.texts.extend(self.suite.smsc.take_submits().into_iter().map(|it| (now, it)));
        self.mails.extend(self.suite.mailbox.take_mails().into_iter().map(|it| (now, it)));
    }

    /// A relay dies with calls in its hands.
    async fn die(&mut self, part: Part, applied: bool) -> Result<()> {
        let replica = self.replica(part)?;
        self.suite.faults.die(applied);
        for lane in lanes(&replica) {
            tokio::select! {
                biased;
                () = self.suite.faults.died() => {
                    self.tally.count("a relay died");
                    break;
                }
                stepped = step(lane) => { stepped?; }
            }
        }
        self.suite.faults.live().await;
        Ok(())
    }

    /// A dispatcher dies while the SMS centre has a message of its.
    async fn die_sending(&mut self) -> Result<()> {
        let replica = self.replica(Part::Notification)?;
        self.bound().await;
        let gate = Gate::new();
        self.suite.smsc.script_first(Act::Hold(gate.clone()));
        for lane in named(&replica, "dispatch") {
            tokio::select! {
                biased;
                () = gate.reached() => {
                    self.tally.count("a dispatcher died");
                    break;
                }
                stepped = step(lane) => { stepped?; }
            }
        }
        self.suite.smsc.unhold();
        gate.open();
        // Its connection dies with it. What it had sent has been seen then, and none of it comes at a later time.
        self.bound().await;
        let closed = self.suite.smsc.record().closed;
        self.suite.smsc.drop_connections();
        self.suite.smsc.until(|it| it.closed > closed).await;
        self.bound().await;
        self.collect();
        Ok(())
    }

    fn turn_centre(&mut self, centre: Centre) {
        let smsc = &self.suite.smsc;
        match centre {
            Centre::Down => smsc.otherwise(Act::Refuse(CommandStatus::EsmeRsyserr)),
            Centre::Up => smsc.otherwise(Act::Accept),
            Centre::Silent => smsc.script([Act::AcceptThenDrop]),
            Centre::Lost => smsc.script([Act::DropBeforeAnswer]),
            Centre::Refuse => smsc.script([Act::Refuse(CommandStatus::EsmeRinvdstadr)]),
        }
    }

    async fn turn_relay(&mut self, relay: MailRelay) {
        let mailbox = &self.suite.mailbox;
        match relay {
            MailRelay::Away => mailbox.leave().await,
            MailRelay::Down => mailbox.otherwise(Reply::Sender(421)),
            MailRelay::Up => mailbox.calm().await,
            MailRelay::Silent => mailbox.script([Reply::TakeThenDrop]),
            MailRelay::Lost => mailbox.script([Reply::DropAtRecipient]),
            MailRelay::Refuse => mailbox.script([Reply::Recipient(550)]),
        }
    }

    /// A receipt for each part of the oldest text that has none yet.
    async fn receipt(&mut self, fate: Fate) -> Result<()> {
        self.collect();
        let Some(phone) = self.texts.get(self.receipts).map(|(_, submit)| submit.to.clone()) else { return Ok(()) };
        self.bound().await;
        let state = match fate {
            Fate::Delivered => MessageState::Delivered,
            Fate::Undeliverable => MessageState::Undeliverable,
        };
        let replica = self.replica(Part::Notification)?;
        let receipts = named(&replica, "receipts");
        let records = receipts.first().context("the loop of receipts")?;
        while let Some((_, submit)) = self.texts.get(self.receipts).filter(|(_, it)| it.to == phone) {
            self.receipts += 1;
            let Some(id) = submit.message_id.clone() else { continue };
            // It is answered once it is recorded.
            let mut told = std::pin::pin!(self.suite.smsc.deliver(&id, state, Form::Tlv));
            loop {
                tokio::select! {
                    biased;
                    answered = &mut told => {
                        ensure!(answered == Some(CommandStatus::EsmeRok), "a receipt is answered with {answered:?}");
                        break;
                    }
                    () = tokio::task::yield_now() => drop(step(records).await?),
                }
            }
            self.tally.count("a receipt came");
        }
        Ok(())
    }

    /// All faults end.
    pub async fn calm(&mut self) {
        self.suite.faults.forget();
        self.suite.smsc.calm();
        self.suite.mailbox.calm().await;
    }
}

/// The loops of that name.
pub fn named<'a>(replica: &'a Replica, name: &str) -> Vec<&'a Loop> {
    replica.loops.iter().filter(|it| it.name == name).collect()
}

/// One loop of the relay for each destination, in the order of their names; there are two, so that a slow call does not hold up the others.
pub fn lanes(replica: &Replica) -> Vec<&Loop> {
    named(replica, "relay").into_iter().step_by(2).collect()
}

/// One step; answers what it did.
pub async fn step(it: &Loop) -> Result<usize> {
    Ok(it.step.step().await.with_context(|| format!("a step of {}", it.name))?.count())
}
