//! What people do, each held to what must come of it.

use anyhow::{Context, Result, bail, ensure};
use proto::sla::v1::ExtensionReason;
use proto::ticket::v1::record_other_body_answer_request::Outcome;
use proto::ticket::v1::request_info_request::Need;
use proto::ticket::v1::{
    self as wire, AcknowledgeEscalationRequest, AssignAppealRequest, Channel, ClaimNextAppealRequest,
    message::Visibility,
};
use tests::forms;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::catalogue::members;
use crate::desk::why;
use crate::model::Appeal;
use crate::op::{Act, Form};
use crate::rules::{Expect, actor, expect, expect_assignment, needs_proof, next_for, state_taken, taken};
use crate::world::World;

/// A request with who sent it and what it was answered, so that it can be repeated.
#[derive(Clone, Debug)]
pub struct Asked {
    who: String,
    request: Request,
    answer: Result<Vec<u8>, (Code, String)>,
}

/// What people ask of the ticket service.
#[derive(Clone, Debug)]
pub enum Request {
    File(Box<wire::FileAppealRequest>),
    Assign(wire::AssignAppealRequest),
    Claim(wire::ClaimNextAppealRequest),
    Post(wire::PostMessageRequest),
    Ask(wire::RequestInfoRequest),
    Inform(wire::ProvideInfoRequest),
    Resolve(wire::ResolveAppealRequest),
    Reopen(wire::ReopenAppealRequest),
    Withdraw(wire::WithdrawAppealRequest),
    Acknowledge(wire::AcknowledgeEscalationRequest),
    Extend(wire::ExtendDeadlineRequest),
    AskBody(wire::AskOtherBodyRequest),
    FromBody(wire::RecordOtherBodyAnswerRequest),
}

fn bytes<M: prost::Message>(answer: Response<M>) -> Vec<u8> {
    answer.into_inner().encode_to_vec()
}

// === impl World ===

impl World {
    async fn send(&mut self, who: &str, request: Request) -> Result<Vec<u8>, Status> {
        let mut ticket = self.desk.ticket(&self.suite, who);
        match request {
            Request::File(it) => ticket.file_appeal(*it).await.map(bytes),
            Request::Assign(it) => ticket.assign_appeal(it).await.map(bytes),
            Request::Claim(it) => ticket.claim_next_appeal(it).await.map(bytes),
            Request::Post(it) => ticket.post_message(it).await.map(bytes),
            Request::Ask(it) => ticket.request_info(it).await.map(bytes),
            Request::Inform(it) => ticket.provide_info(it).await.map(bytes),
            Request::Resolve(it) => ticket.resolve_appeal(it).await.map(bytes),
            Request::Reopen(it) => ticket.reopen_appeal(it).await.map(bytes),
            Request::Withdraw(it) => ticket.withdraw_appeal(it).await.map(bytes),
            Request::Acknowledge(it) => ticket.acknowledge_escalation(it).await.map(bytes),
            Request::Extend(it) => ticket.extend_deadline(it).await.map(bytes),
            Request::AskBody(it) => ticket.ask_other_body(it).await.map(bytes),
            Request::FromBody(it) => ticket.record_other_body_answer(it).await.map(bytes),
        }
    }

    /// Sends it for the first time, and remembers it.
    async fn ask(&mut self, who: &str, request: Request) -> Result<Vec<u8>, (Code, String)> {
        let answer = self.send(who, request.clone()).await.map_err(|status| why(&status));
        self.asked = Some(Asked { who: who.to_owned(), request, answer: answer.clone() });
        answer
    }

    /// The last request once more, under its own id. An answer that was given is given again, letter by letter; other content is refused. What
    /// was refused was not noted, so it may fare otherwise this time, and is not repeated here.
    pub async fn again(&mut self, changed: bool) -> Result<()> {
        let Some(Asked { who, mut request, answer: Ok(answer) }) = self.asked.clone() else { return Ok(()) };
        self.learn(None).await?;
        let changed = changed && request.change();
        let again = self.send(&who, request).await.map_err(|status| why(&status));
        let expected = if changed { Err((Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned())) } else { Ok(answer) };
        self.tally.count(if changed { "again: other content refused" } else { "again: answered alike" });
        // What was answered is not printed: it is a form with a person's words.
        let short = |answer: &Result<Vec<u8>, (Code, String)>| answer.as_ref().map(Vec::len).map_err(Clone::clone);
        let (which, got) = (if changed { ", changed" } else { "" }, short(&again));
        ensure!(again == expected, "asked again{which}: {got:?} in place of {:?}", short(&expected));
        self.unchanged().await
    }

    /// Nothing came into any journal since the last look, and no appeal came to be that nobody was told of.
    async fn unchanged(&mut self) -> Result<()> {
        let first = self.appeals.first().map(|it| it.id).unwrap_or_default();
        self.learn(Some((first, &[]))).await.context("it changed something")?;
        let sql = "SELECT count(*) FROM ticket.appeal WHERE create_time >= $1";
        let began = jiff_sqlx::ToSqlx::to_sqlx(self.began);
        let count: i64 = sqlx::query_scalar(sql).bind(began).fetch_one(&mut self.db).await?;
        ensure!(
            usize::try_from(count)? == self.appeals.len(),
            "{count} appeals, of {} somebody was told",
            self.appeals.len()
        );
        Ok(())
    }

    /// Files an appeal.
    pub async fn file(&mut self, form: &Form) -> Result<()> {
        self.learn(None).await?;
        let phone = self.new_phone();
        let citizen = if form.login { Some(self.citizen(&phone).await?) } else { None };
        let mut request = forms::filled(self.suite.now(), form.category, form.language);
        let appeal = request.appeal.as_mut().context("a filled form")?;
        appeal.channel =
            Channel::from_str_name(&format!("CHANNEL_{}", form.channel.to_uppercase())).context("a channel")?.into();
        appeal.contact =
            Some(wire::AppealContact { phone: format!("+{phone}"), email: format!("p{phone}@example.org") });
        if form.language == "en" {
            "Asia/Vladivostok".clone_into(&mut appeal.time_zone);
        }
        if let (Some(citizen), Some(applicant)) = (&citizen, &mut appeal.applicant) {
            applicant.citizen.clone_from(citizen);
        }
        let who = citizen.clone().unwrap_or_else(|| "portal".to_owned());
        let answer = self.ask(&who, Request::File(Box::new(request))).await;
        let answer = answer.map_err(|why| anyhow::anyhow!("a right form is refused: {why:?}"))?;
        let filed: wire::Appeal = prost::Message::decode(answer.as_slice())?;
        let id: Uuid = filed.uid.parse()?;
        ensure!(!self.appeals.iter().any(|it| it.id == id || it.number == filed.number), "a number was given twice");
        self.appeals.push(Appeal::new(id, filed.number.clone(), phone, form.clone(), citizen));
        self.tally.count("filed");
        self.learn(Some((id, &["filed"]))).await?;
        let known = self.appeals.last().context("just pushed")?;
        let due = filed.due_time.as_ref().and_then(proto::from_wire);
        ensure!(
            due == known.resolution.due_time && due.is_some(),
            "due {due:?} was told, {:?} is kept",
            known.resolution.due_time
        );
        Ok(())
    }

    /// Gives an appeal to a member.
    pub async fn assign(&mut self, appeal: usize, member: usize) -> Result<()> {
        let Some(index) = self.pick(appeal) else { return Ok(()) };
        self.learn(None).await?;
        let to = &members()[member % members().len()];
        let expected = expect_assignment(&self.appeals[index], to);
        let request = AssignAppealRequest {
            name: self.appeals[index].name.clone(),
            assignee: format!("staff/{}", to.id),
            request_id: forms::request_id(),
            ..AssignAppealRequest::default()
        };
        let answer = self.ask("staff/supervisor-1:supervisor", Request::Assign(request)).await;
        self.hold(index, "assign", &expected, answer).await
    }

    /// A member takes the most urgent appeal that waits.
    pub async fn claim(&mut self, member: usize) -> Result<()> {
        self.learn(None).await?;
        let by = &members()[member % members().len()];
        let expected = next_for(&self.appeals, by).map(|it| (it.id, state_taken(it).to_owned(), taken(it)));
        let request = ClaimNextAppealRequest { request_id: forms::request_id() };
        let answer = self.ask(&by.who(), Request::Claim(request)).await;
        let answer = answer.map_err(|why| anyhow::anyhow!("a claim is refused: {why:?}"))?;
        let given: wire::ClaimNextAppealResponse = prost::Message::decode(answer.as_slice())?;
        let given = given.appeal.map(|it| it.uid.parse::<Uuid>()).transpose()?;
        ensure!(given == expected.as_ref().map(|it| it.0), "{} is given {given:?} in place of {expected:?}", by.id);
        let Some((id, state, events)) = expected else {
            self.tally.count("claim: nothing waits");
            return self.unchanged().await;
        };
        self.tally.count("claim: given");
        self.learn(Some((id, &events))).await?;
        let claimed = self.appeals.iter().find(|it| it.id == id).context("one of ours")?;
        ensure!(
            (claimed.state == state) && claimed.assignee.as_ref() == Some(&by.id),
            "claimed by {:?}",
            claimed.assignee
        );
        Ok(())
    }

    /// Somebody does something about an appeal.
    pub async fn act(&mut self, act: Act, appeal: usize) -> Result<()> {
        let Some(index) = self.pick(appeal) else { return Ok(()) };
        if act == Act::Prove {
            return self.prove(index).await;
        }
        self.learn(None).await?;
        let it = &self.appeals[index];
        let by = actor(act, it);
        let expected = expect(act, it, by, self.suite.now());
        let is_staffs = !matches!(act, Act::Inform | Act::Write | Act::Reopen | Act::Withdraw);
        let who = if is_staffs { by.who() } else { it.applicant.clone() };
        let brings_proof = match act {
            Act::Resolve => needs_proof(it) && it.is_open() && it.state != "registered",
            Act::Inform => it.state == "awaiting_verification",
            _ => false,
        };
        let proof = it.proof.as_ref().filter(|_| brings_proof).map(|(token, _)| token.clone()).unwrap_or_default();
        let request = Request::of(act, &it.name, proof.clone());
        let answer = self.ask(&who, request).await;
        if answer.is_ok() && !proof.is_empty() {
            self.appeals[index].proof = None;
        }
        self.hold(index, act.word(), &expected, answer).await
    }

    /// Holds an answer, and what is in the journal now, to what was expected.
    async fn hold(
        &mut self,
        index: usize,
        what: &str,
        expected: &Expect,
        answer: Result<Vec<u8>, (Code, String)>,
    ) -> Result<()> {
        let id = self.appeals[index].id;
        match (expected, answer) {
            (Expect::Done(events, state), Ok(_)) => {
                self.tally.count(&format!("{what}: {}", if events.is_empty() { "done before" } else { "done" }));
                self.learn(Some((id, events))).await?;
                ensure!(self.appeals[index].state == *state, "it is {} in place of {state}", self.appeals[index].state);
            }
            (Expect::Refused(code, reason), Err(why)) if (*code, *reason) == (why.0, why.1.as_str()) => {
                self.tally.count(&format!("{what}: {reason}"));
                self.unchanged().await?;
            }
            (expected, Ok(_)) => bail!("done, in place of {expected}"),
            (expected, Err(why)) => bail!("refused with {why:?}, in place of {expected}"),
        }
        Ok(())
    }
}

// === impl Request ===

impl Request {
    fn of(act: Act, name: &str, assertion: String) -> Self {
        let post = |visibility: Visibility| {
            let mut request = forms::message(name, "Разбираемся.");
            if let Some(message) = &mut request.message {
                message.visibility = visibility.into();
            }
            Self::Post(request)
        };
        match act {
            Act::Ask => Self::Ask(forms::question(name)),
            Act::AskIdentity => {
                Self::Ask(wire::RequestInfoRequest { need: Need::Verification.into(), ..forms::question(name) })
            }
            Act::Inform => Self::Inform(wire::ProvideInfoRequest { assertion, ..forms::information(name) }),
            Act::Answer | Act::Write | Act::Prove => post(Visibility::Public),
            Act::Note => post(Visibility::Internal),
            Act::Resolve | Act::Meddle => {
                Self::Resolve(wire::ResolveAppealRequest { assertion, ..forms::resolution(name) })
            }
            Act::Reopen => Self::Reopen(forms::reopening(name)),
            Act::Withdraw => Self::Withdraw(forms::withdrawal(name)),
            Act::Acknowledge => Self::Acknowledge(AcknowledgeEscalationRequest {
                name: name.to_owned(),
                request_id: forms::request_id(),
            }),
            Act::Extend => Self::Extend(forms::extension(name)),
            Act::AskBody => Self::AskBody(forms::to_body(name)),
            Act::BodyAnswers => Self::FromBody(forms::from_body(name)),
            Act::GiveBodyUp => Self::FromBody(wire::RecordOtherBodyAnswerRequest {
                outcome: Outcome::GivenUp.into(),
                ..forms::from_body(name)
            }),
        }
    }

    /// Changes what it says; false where nothing can be said otherwise.
    fn change(&mut self) -> bool {
        let text = match self {
            Self::File(it) => it.appeal.as_mut().map(|appeal| &mut appeal.description),
            Self::Assign(it) => {
                let others = ["staff/operator-1", "staff/operator-2"];
                it.assignee = others[usize::from(it.assignee == others[0])].to_owned();
                return true;
            }
            Self::Extend(it) => {
                it.reason = ExtensionReason::FurtherAnalysis.into();
                return true;
            }
            Self::Post(it) => it.message.as_mut().map(|message| &mut message.text),
            Self::Ask(it) => Some(&mut it.text),
            Self::AskBody(it) => Some(&mut it.text),
            Self::FromBody(it) => Some(&mut it.text),
            Self::Inform(it) => Some(&mut it.text),
            Self::Resolve(it) => Some(&mut it.answer),
            Self::Reopen(it) => Some(&mut it.text),
            Self::Claim(_) | Self::Withdraw(_) | Self::Acknowledge(_) => None,
        };
        text.is_some_and(|text| {
            text.push_str(" И ещё.");
            true
        })
    }
}
