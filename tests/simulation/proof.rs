//! Citizens with an account, and how they are confirmed: a code by SMS, then an assertion for one appeal.

use anyhow::{Result, ensure};
use proto::from_wire;
use proto::identity::v1::{
    AssuranceLevel, Citizen, ConfirmCodeRequest, CreateCitizenRequest, IssueAssertionRequest, StartVerificationRequest,
    Verification, verification::Method,
};
use tests::{Part, forms};
use tonic::Response;

use crate::desk::why;
use crate::world::World;

/// A code that is to come to somebody.
#[derive(Clone, Debug)]
pub struct Code {
    /// `verifications/…`.
    pub verification: String,
    /// The part of the recipient's name behind the slash.
    pub recipient: String,
    /// Digits.
    pub phone: String,
}

// === impl World ===

impl World {
    /// A citizen with an account, by name.
    pub async fn citizen(&mut self, phone: &str) -> Result<String> {
        let citizen = Citizen {
            full_name: "Смирнова Ольга".to_owned(),
            phone: format!("+{phone}"),
            email: format!("p{phone}@example.org"),
            ..Citizen::default()
        };
        let request = CreateCitizenRequest { citizen: Some(citizen), request_id: forms::request_id() };
        let created = self.desk.identity(&self.suite, "portal").create_citizen(request).await;
        Ok(created.map_err(|status| anyhow::anyhow!("a citizen is refused: {:?}", why(&status)))?.into_inner().name)
    }

    /// The applicant asks for a code and, if it comes at once, confirms with it.
    pub async fn prove(&mut self, index: usize) -> Result<()> {
        self.learn(None).await?;
        let phone = self.appeals[index].phone.clone();
        let citizen = match self.appeals[index].citizen.clone() {
            Some(citizen) => citizen,
            // Who can't log in has an account all the same.
            None => self.citizen(&phone).await?,
        };
        self.appeals[index].citizen = Some(citizen.clone());
        let appeal = self.appeals[index].clone();
        let action = match appeal.form.category {
            "access_recovery" => "recover_access",
            "personal_data_change" => "change_personal_data",
            _ => "resolve",
        };
        let recipient = citizen.trim_start_matches("citizens/").to_owned();
        let verification = Verification {
            citizen,
            method: Method::SmsCode.into(),
            appeal: appeal.name.clone(),
            action: action.to_owned(),
            ..Verification::default()
        };
        let request = StartVerificationRequest { verification: Some(verification), request_id: forms::request_id() };
        let mut identity = self.desk.identity(&self.suite, &appeal.applicant);
        let started = match identity.start_verification(request).await.map(Response::into_inner) {
            Ok(started) => started,
            Err(status) => {
                let why = why(&status);
                ensure!(why == (tonic::Code::ResourceExhausted, "SEND_LIMIT".to_owned()), "no code is sent: {why:?}");
                self.tally.count("prove: SEND_LIMIT");
                return Ok(());
            }
        };
        self.codes.push(Code { verification: started.name.clone(), recipient, phone: phone.clone() });
        let before = self.texts.len();
        // The recipient, then the message to them.
        self.relay(Part::Identity).await?;
        self.relay(Part::Identity).await?;
        self.dispatch().await?;
        // An older code may come together with the living one; the letters before it tell them apart, as they tell a person.
        let to_them = |text: &&(_, testkit::smsc::Submitted)| {
            text.1.to == phone
                && text.1.message_id.is_some()
                && text.1.text.contains(&format!("{}:", started.code_prefix))
        };
        let code = self.texts[before..].iter().filter(to_them).find_map(|(_, submit)| code_of(&submit.text));
        let Some(code) = code else {
            self.tally.count("prove: no code came");
            return Ok(());
        };
        let request = ConfirmCodeRequest { name: started.name.clone(), code, request_id: forms::request_id() };
        let confirmed = identity.confirm_code(request).await;
        confirmed.map_err(|status| anyhow::anyhow!("the right code is refused: {:?}", why(&status)))?;
        let request = IssueAssertionRequest {
            verification: started.name,
            appeal: appeal.name,
            action: action.to_owned(),
            level: AssuranceLevel::Simplified.into(),
            request_id: forms::request_id(),
        };
        let issued = identity.issue_assertion(request).await;
        let issued = issued.map_err(|status| anyhow::anyhow!("no assertion: {:?}", why(&status)))?.into_inner();
        let until = issued.expire_time.as_ref().and_then(from_wire).unwrap_or(self.suite.now());
        self.appeals[index].proof = Some((issued.token, until));
        self.tally.count("prove: confirmed");
        Ok(())
    }
}

/// Six or eight digits on their own, in a text that tells nobody to pass them on.
fn code_of(text: &str) -> Option<String> {
    let is_code = text.contains("код") || text.contains("Код") || text.contains("code");
    let mut words = text.split(|c: char| !c.is_ascii_digit());
    words.find(|word| is_code && matches!(word.len(), 6 | 8)).map(str::to_owned)
}
