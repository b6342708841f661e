//! People: those who file, and those who work on what was filed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use proto::identity::v1::verification::Method;
use proto::identity::v1::{
    AssuranceLevel, ConfirmCodeRequest, IssueAssertionRequest, StartVerificationRequest, Verification,
};
use proto::ticket::v1::{self as wire, Appeal};
use proto::to_wire;
use uuid::Uuid;

use super::phone;
use super::script::{Act, Channel, Cue, Deed, Filer, Form, Script};
use super::stage::Stage;

const CITIZEN: &str = "citizens/00000000-0000-4000-8000-000000000001";
const PORTAL: &str = "systems/portal";
const OPERATOR: &str = "staff/operator-1";
/// Looks at everything and gives work to others.
pub(super) const SUPERVISOR: &str = "staff/supervisor-1";

/// The appeals so far, and who is who.
pub(super) struct Cast<'a> {
    pub forms: &'a [Form],
    /// As they were filed, by their place in the script.
    pub filed: BTreeMap<usize, Appeal>,
    /// The verification that a citizen has begun.
    verification: Option<String>,
    /// Names of members of staff by resource name.
    pub members: BTreeMap<String, String>,
}

// === impl Cast ===

impl<'a> Cast<'a> {
    pub(super) async fn new(script: &'a Script, stage: &Stage) -> Result<Self> {
        let all = wire::ListMembersRequest { page_size: 100, ..Default::default() };
        let members = stage.staff().list_members(stage.by(SUPERVISOR, all)?).await?.into_inner().members;
        let members = members.into_iter().map(|it| (it.name, it.display_name)).collect();
        Ok(Self { forms: &script.appeals, filed: BTreeMap::new(), verification: None, members })
    }

    /// Somebody does what the script says.
    pub(super) async fn perform(&mut self, stage: &Stage, cue: Cue) -> Result<()> {
        let form = &self.forms[cue.form];
        match cue.act {
            None => {
                let filed = file(stage, form).await.with_context(|| format!("filing {:?}", form.subject))?;
                self.filed.insert(cue.form, filed);
                Ok(())
            }
            Some(act) => {
                let (act, appeal) = (&form.acts[act], &self.filed[&cue.form]);
                let done = match act.act {
                    Deed::Code => ask_for_code(stage, appeal).await.map(|it| self.verification = Some(it)),
                    Deed::Confirm => confirm(stage, form, act, appeal, self.verification.take()).await,
                    _ => perform(stage, form, act, &appeal.name).await,
                };
                done.with_context(|| format!("{:?} {:?}", act.act, form.subject))
            }
        }
    }

    /// What a cue asks for; `None` for a filing.
    pub(super) fn deed(&self, cue: Cue) -> Option<Deed> {
        cue.act.map(|act| self.forms[cue.form].acts[act].act)
    }

    /// How a caller is called: staff by name.
    pub(super) fn name<'n>(&'n self, who: &'n str) -> &'n str {
        self.members.get(who).map_or(who, String::as_str)
    }
}

fn filer(form: &Form) -> &'static str {
    match form.by {
        Filer::Portal => PORTAL,
        Filer::Citizen => CITIZEN,
        Filer::Operator => OPERATOR,
    }
}

async fn file(stage: &Stage, form: &Form) -> Result<Appeal> {
    let channel = match form.channel {
        Channel::WebForm => wire::Channel::WebForm,
        Channel::Portal => wire::Channel::Portal,
        Channel::Phone => wire::Channel::Phone,
    };
    let appeal = Appeal {
        channel: channel.into(),
        category: form.category.clone(),
        subject: form.subject.clone(),
        description: form.description.clone(),
        applicant: Some(wire::Applicant { full_name: form.name.clone(), ..Default::default() }),
        contact: Some(wire::AppealContact { phone: form.phone.clone(), email: form.email.clone() }),
        consent: Some(wire::Consent { version: "2026-01".to_owned(), agree_time: Some(to_wire(stage.now())) }),
        language_code: form.language.clone(),
        ..Appeal::default()
    };
    let request = wire::FileAppealRequest { appeal: Some(appeal), request_id: request_id(), validate_only: false };
    Ok(stage.ticket().file_appeal(stage.by(filer(form), request)?).await?.into_inner())
}

async fn perform(stage: &Stage, form: &Form, act: &Act, name: &str) -> Result<()> {
    let (name, text, request_id) = (name.to_owned(), act.text.clone(), request_id());
    // By phone the operator does what the applicant asks for.
    let applicant = filer(form);
    match act.act {
        Deed::Assign => {
            let assignee = format!("staff/{}", act.to);
            let request = wire::AssignAppealRequest { name, assignee, request_id, ..Default::default() };
            stage.ticket().assign_appeal(stage.by(SUPERVISOR, request)?).await?;
        }
        Deed::Answer => {
            let who = assignee(stage, &name).await?;
            let message = wire::Message { text, ..Default::default() };
            let request = wire::PostMessageRequest { parent: name, message: Some(message), request_id };
            stage.ticket().post_message(stage.by(&who, request)?).await?;
        }
        Deed::Ask => {
            let who = assignee(stage, &name).await?;
            let request = wire::RequestInfoRequest { name, text, request_id, ..Default::default() };
            stage.ticket().request_info(stage.by(&who, request)?).await?;
        }
        Deed::Inform => {
            let request = wire::ProvideInfoRequest { name, text, request_id, ..Default::default() };
            stage.ticket().provide_info(stage.by(applicant, request)?).await?;
        }
        Deed::Resolve => resolve(stage, name, text, String::new()).await?,
        // They need more than the appeal's name.
        Deed::Code | Deed::Confirm => {}
        Deed::Reopen => {
            let request = wire::ReopenAppealRequest { name, text, request_id };
            stage.ticket().reopen_appeal(stage.by(applicant, request)?).await?;
        }
        Deed::Withdraw => {
            let request = wire::WithdrawAppealRequest { name, request_id };
            stage.ticket().withdraw_appeal(stage.by(applicant, request)?).await?;
        }
    }
    Ok(())
}

async fn resolve(stage: &Stage, name: String, answer: String, assertion: String) -> Result<()> {
    let who = assignee(stage, &name).await?;
    let request =
        wire::ResolveAppealRequest { name, answer, assertion, request_id: request_id(), ..Default::default() };
    stage.ticket().resolve_appeal(stage.by(&who, request)?).await?;
    Ok(())
}

/// Whoever has the appeal; the supervisor, when it waits in a queue.
async fn assignee(stage: &Stage, name: &str) -> Result<String> {
    let request = wire::GetAppealRequest { name: name.to_owned() };
    let appeal = stage.ticket().get_appeal(stage.by(SUPERVISOR, request)?).await?.into_inner();
    Ok(if appeal.assignee.is_empty() { SUPERVISOR.to_owned() } else { appeal.assignee })
}

async fn ask_for_code(stage: &Stage, appeal: &Appeal) -> Result<String> {
    let verification = Verification {
        citizen: CITIZEN.to_owned(),
        method: Method::SmsCode.into(),
        appeal: appeal.name.clone(),
        action: appeal.required_action.clone(),
        ..Default::default()
    };
    let request = StartVerificationRequest { verification: Some(verification), request_id: request_id() };
    Ok(stage.identity().start_verification(stage.by(CITIZEN, request)?).await?.into_inner().name)
}

/// The citizen types in the code that came to their phone, and gets an assertion for this appeal alone; with it the appeal is resolved.
async fn confirm(stage: &Stage, form: &Form, act: &Act, appeal: &Appeal, verification: Option<String>) -> Result<()> {
    let verification = verification.context("no code was asked for")?;
    let code = phone::code(&phone::received(&stage.paper, 0)?, &form.phone).context("no code came")?;
    let request = ConfirmCodeRequest { name: verification.clone(), code, request_id: request_id() };
    stage.identity().confirm_code(stage.by(CITIZEN, request)?).await?;
    let request = IssueAssertionRequest {
        verification,
        appeal: appeal.name.clone(),
        action: appeal.required_action.clone(),
        level: AssuranceLevel::Simplified.into(),
        request_id: request_id(),
    };
    let assertion = stage.identity().issue_assertion(stage.by(CITIZEN, request)?).await?.into_inner().token;
    resolve(stage, appeal.name.clone(), act.text.clone(), assertion).await
}

fn request_id() -> String {
    Uuid::new_v4().to_string()
}
