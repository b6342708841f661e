//! What is read, what is refused, and what is shown to whom.

mod forms;
mod refusals;
mod requests;
mod views;

use jiff::Timestamp;
use proto::ticket::v1 as wire;
use proto::{Date, to_wire};
use rpc::{Caller, Refusal, Role};
use uuid::Uuid;

use super::*;
use crate::domain::*;

const REQUEST_ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn id() -> Uuid {
    Uuid::from_u128(0x42)
}

fn citizen() -> Caller {
    Caller::of_citizen(Uuid::from_u128(0x11))
}

fn operator() -> Caller {
    Caller::of_staff("op", vec![Role::Operator])
}

/// Field and reason of every fault, in the order of the form.
fn faults(refusal: &Refusal) -> Vec<(&str, &str)> {
    refusal.violations().iter().map(|fault| (fault.field.as_str(), fault.reason)).collect()
}

fn form() -> wire::FileAppealRequest {
    wire::FileAppealRequest {
        request_id: REQUEST_ID.into(),
        validate_only: false,
        appeal: Some(wire::Appeal {
            channel: wire::Channel::WebForm.into(),
            category: "access_recovery".into(),
            subject: " Не могу войти ".into(),
            description: "Код не приходит.\r\nПомогите.".into(),
            applicant: Some(wire::Applicant {
                full_name: "Петрова  Анна".into(),
                snils: "112-233-445 95".into(),
                inn: "500100732259".into(),
                passport: Some(wire::Passport {
                    series: "45 12".into(),
                    number: "123456".into(),
                    issue_date: Some(Date { year: 2012, month: 5, day: 17 }),
                }),
                birth_date: Some(Date { year: 1990, month: 2, day: 28 }),
                preferred_answer: wire::applicant::PreferredAnswer::Sms.into(),
                call_time: "по будням после 18".into(),
                region: "RU-SA".into(),
                group: "large_family".into(),
                ..Default::default()
            }),
            contact: Some(wire::AppealContact { phone: "8 (916) 123-45-67".into(), email: "Anna@Example.org".into() }),
            consent: Some(wire::Consent { version: "2026-01".into(), agree_time: Some(to_wire(now())) }),
            ..Default::default()
        }),
    }
}

fn read(request: &wire::FileAppealRequest, caller: &Caller) -> Result<super::file_appeal::Filing, Refusal> {
    file_appeal(request, caller, Catalogue::builtin(), now())
}

/// The appeal of [`form`] as `caller` filed it, and its papers.
fn filed(caller: &Caller) -> (Appeal, Papers) {
    let filing = read(&form(), caller).unwrap().filing;
    let published = std::sync::Arc::new(deadline::Published::shipped());
    let rules = Rules { published, reopen_days: 10, reopen_calendar: "working_days" };
    let by: Actor = caller.subject.parse().unwrap();
    let decision = file(&filing, id(), Number::from_random(5), &by, now(), &rules).unwrap();
    (decision.after, filing.papers)
}
