//! The state machine as a whole: by table, by journeys, and by random commands.

mod acceptance;
mod extensions;
mod journeys;
mod next_answer;
mod other_body;
mod pauses;
mod properties;
mod rebase;
mod reopening;
mod stored_form;
mod table;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use deadline::{PolicySet, Published};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::event::Escalated;
use super::*;

/// A Monday morning in Moscow, well before the horizon of every shipped calendar.
fn monday() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn citizen() -> Uuid {
    Uuid::from_u128(0x11)
}

fn filing(category: &str, channel: Channel, citizen: Option<Uuid>) -> FileAppeal {
    FileAppeal {
        citizen,
        channel,
        category: Catalogue::builtin().find(category).unwrap().clone(),
        language: Language::parse("").unwrap(),
        time_zone: Zone::parse("").unwrap(),
        region: None,
        papers: Papers {
            subject: Text::line("Не могу войти").unwrap(),
            description: Text::body("Код не приходит.").unwrap(),
            applicant: Applicant {
                full_name: PersonName::parse("Петрова Анна").unwrap(),
                account_number: None,
                snils: None,
                inn: None,
                passport: None,
                birth_date: None,
                preferred_answer: None,
                call_time: None,
                group: None,
            },
            contact: Contact {
                phone: Phone::parse("+79161234567").unwrap(),
                email: Email::parse("anna@example.org").unwrap(),
            },
            consent: Consent { version: "1".into(), agree_time: monday() },
        },
    }
}

fn filed(category: &str, channel: Channel) -> Appeal {
    run_file(category, channel).after
}

fn run_file(category: &str, channel: Channel) -> Decision {
    let by = Actor::Citizen(citizen());
    let filing = filing(category, channel, Some(citizen()));
    with_rules(|rules| file(&filing, Uuid::from_u128(7), Number::from_random(7), &by, monday(), rules)).unwrap()
}

fn with_rules<T>(run: impl FnOnce(&Rules<'_>) -> T) -> T {
    let later = monday() + hours(24 * 365 * 2);
    let published = Published::shipped().with([(ANSWERING.clone(), later), (NEXT_SET.clone(), later)]);
    run(&Rules { published: Arc::new(published), reopen_days: 10, reopen_calendar: "working_days" })
}

fn run(appeal: &Appeal, command: &Command, by: &Actor, now: Timestamp) -> Result<Decision, Refusal> {
    with_rules(|rules| decide(appeal, command, by, now, rules))
}

fn member(id: &str, level: Level, load: i32) -> Member {
    Member {
        id: id.into(),
        display_name: Text::line("Сотрудник").unwrap(),
        level,
        groups: Catalogue::builtin().all().map(|category| category.group.clone()).collect::<BTreeSet<_>>(),
        languages: vec![Language::parse("ru").unwrap()],
        on_duty: true,
        load,
        email: None,
        create_time: monday(),
        update_time: monday(),
    }
}

/// One of each level.
fn staff() -> Vec<Member> {
    vec![
        member("op", Level::Operator, 0),
        member("spec", Level::Specialist, 0),
        member("senior", Level::SeniorSpecialist, 0),
        member("boss", Level::Supervisor, 0),
    ]
}

fn staff_actor(id: &str) -> Actor {
    Actor::Staff(id.into())
}

fn sla() -> Actor {
    Actor::System("sla".into())
}

fn assertion(appeal: &Appeal, level: AssuranceLevel) -> Assertion {
    Assertion {
        citizen: citizen(),
        appeal: appeal.name(),
        action: appeal.required_action.clone(),
        level,
        jti: "jti".into(),
        expire_time: monday() + hours(24 * 365),
    }
}

fn post(visibility: Visibility) -> Command {
    Command::PostMessage { visibility, channel: None }
}

fn ask(need: Need) -> Command {
    Command::RequestInfo { need }
}

fn ask_body() -> Command {
    Command::AskBody { body: "tax_service".into() }
}

fn answer() -> Command {
    Command::ProvideInfo { text: true, assertion: None }
}

fn give(id: &str) -> Command {
    let member = staff().into_iter().find(|member| member.id == id).unwrap();
    Command::Assign { member }
}

fn rung(appeal: &Appeal, kind: ClockKind, level: u8, level_due_time: Timestamp) -> Command {
    let clock = Some(ClockRef { kind, epoch: appeal.clock(kind).map_or(1, |clock| clock.epoch) });
    let ask = Escalate { level: Some(level), clock, level_due_time: Some(level_due_time), lateness: None };
    Command::Escalate { ask, candidates: staff() }
}

fn warned(appeal: &Appeal) -> Command {
    Command::RecordDeadline(DeadlineOutcome {
        clock: ClockKind::Resolution,
        epoch: appeal.resolution.epoch,
        level: 0,
        outcome: RungOutcome::Warned,
        outcome_time: monday(),
        due_time: None,
        reason: None,
        lateness: None,
    })
}

fn noticed() -> Command {
    outcome_of(Uuid::from_u128(1), NoticeState::Delivered)
}

/// What became of the notice that was asked for by that request.
fn outcome_of(send_request: Uuid, state: NoticeState) -> Command {
    Command::RecordNotice(NoticeOutcome {
        notification: "notifications/1".into(),
        send_request,
        template: "registration".into(),
        state,
        outcome_time: monday(),
        reason: None,
    })
}

/// An extension by so many working days; `notice` is the request of its notice.
fn extend(days: u16, notice: u128) -> Command {
    Command::Extend(Extend {
        reason: deadline::ExtensionReason::FurtherAnalysis,
        length: deadline::Allowance::WorkingDays(days),
        notice: Uuid::from_u128(notice),
    })
}

/// Promised under a set: the shipped ones are older, and [`NEXT_SET`] follows them.
fn rebase(set: usize) -> Command {
    let set = PolicySet::shipped().get(set).unwrap_or(&NEXT_SET);
    Command::Rebase { set: set.content_hash().to_string() }
}

/// A set that is published and not in force for long: every answer, another body's too, is promised as the first one is, and what is late of it is the supervisor's
/// at once; what is opened again has three working days; and the applicant is waited for no longer than two,
/// and reminded after five hours.
static ANSWERING: LazyLock<PolicySet> = LazyLock::new(|| {
    later(1, |policy| {
        let mut next = policy["first_answer"].clone();
        next["ladder"].as_array_mut().unwrap().remove(0);
        let policy = policy.as_table_mut().unwrap();
        policy.insert("next_answer".into(), next);
        let first = policy["first_answer"].clone();
        policy.insert("other_body".into(), first);
        policy.insert("reopen".into(), "grant = { working_days = 3 }".parse::<toml::Table>().unwrap().into());
        policy.insert("longest_pause".into(), "working_days = 2".parse::<toml::Table>().unwrap().into());
        policy.insert("remind_applicant_after".into(), "real = \"5h\"".parse::<toml::Table>().unwrap().into());
    })
});

/// Likewise, and it follows that one: an hour of resolving becomes half an hour, and a working day two; the first and the last answer are
/// promised, and none between.
static NEXT_SET: LazyLock<PolicySet> = LazyLock::new(|| {
    later(2, |policy| {
        let allowance = policy["resolution"]["allowance"].as_table_mut().unwrap();
        if let Some(days) = allowance.get("working_days").and_then(toml::Value::as_integer) {
            allowance.insert("working_days".into(), (2 * days).into());
        } else if let Some(hours) = allowance.get("real").and_then(toml::Value::as_str) {
            let hours: SignedDuration = hours.parse().unwrap();
            allowance.insert("real".into(), (hours / 2).to_string().into());
        }
    })
});

/// The shipped set with policies that differ.
fn later(versions: i64, change: impl Fn(&mut toml::Value)) -> PolicySet {
    let mut document: toml::Table = PolicySet::builtin().to_toml().unwrap().parse().unwrap();
    let version = document["version"].as_integer().unwrap() + versions;
    document.insert("version".into(), version.into());
    document["policy"].as_array_mut().unwrap().iter_mut().for_each(change);
    PolicySet::published(&document.to_string()).unwrap()
}

/// The appeal after a list of commands, each an hour after the one before, none of which may be refused.
fn after(mut appeal: Appeal, steps: &[(Actor, Command)]) -> Appeal {
    for (by, command) in steps {
        let now = appeal.update_time + hours(1);
        appeal = run(&appeal, command, by, now).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}")).after;
        assert_eq!(appeal.fault(), None);
    }
    appeal
}

/// The same appeal, promised an answer to everything that its applicant writes.
fn answering(appeal: &Appeal) -> Decision {
    run(appeal, &Command::Rebase { set: ANSWERING.content_hash().to_string() }, &sla(), appeal.update_time).unwrap()
}

/// An appeal of a category that needs no assurance, at work with a specialist.
fn in_progress() -> Appeal {
    let spec = staff_actor("spec");
    after(filed("consultation", Channel::Portal), &[(spec.clone(), give("spec")), (spec, post(Visibility::Public))])
}
