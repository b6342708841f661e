//! The stored form of the journal. Rows live for years: what is written today is read by every later version.

use super::super::event::{Begun, Term};
use super::super::extension::Lapse;
use super::*;

fn form(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

#[test]
fn events_are_stored_as_they_always_were() {
    let due = vec![NewDue { clock: ClockKind::Resolution, epoch: 2, due_time: monday() }];
    let golden = [
        (Event::Assigned { assignee: "anna".into() }, r#"{"type":"assigned","assignee":"anna"}"#),
        (
            Event::MessagePosted { message: 3, author: Author::Staff, visibility: Visibility::Internal },
            r#"{"type":"message_posted","message":3,"author":"staff","visibility":"internal"}"#,
        ),
        (Event::FirstAnswered { message: 1 }, r#"{"type":"first_answered","message":1}"#),
        (
            Event::AnswerAwaited {
                epoch: 2,
                term: Term {
                    due_time: monday(),
                    allowance: deadline::Allowance::WorkingDays(1),
                    calendar: "working_days".into(),
                    calendar_version: 2,
                },
            },
            r#"{"type":"answer_awaited","epoch":2,"term":{"due_time":"2026-03-02T09:00:00Z","allowance":{"working_days":1},"calendar":"working_days","calendar_version":2}}"#,
        ),
        (Event::NextAnswered { message: 4 }, r#"{"type":"next_answered","message":4}"#),
        (
            Event::InfoRequested {
                message: 2,
                need: Need::Verification,
                suspension: SuspensionReason::AwaitingVerification,
                resume_time: None,
                remind_time: None,
            },
            r#"{"type":"info_requested","message":2,"need":"verification","suspension":"awaiting_verification"}"#,
        ),
        (
            Event::InfoProvided { message: None, due, expected_time: monday() },
            r#"{"type":"info_provided","message":null,"due":[{"clock":"resolution","epoch":2,"due_time":"2026-03-02T09:00:00Z"}],"expected_time":"2026-03-02T09:00:00Z"}"#,
        ),
        (
            Event::ExtensionProposed(Proposed {
                reason: deadline::ExtensionReason::FurtherAnalysis,
                length: deadline::Allowance::WorkingDays(5),
                old_due_time: monday(),
                due_time: monday() + hours(24),
                notice: Uuid::nil(),
            }),
            r#"{"type":"extension_proposed","reason":"further_analysis","length":{"working_days":5},"old_due_time":"2026-03-02T09:00:00Z","due_time":"2026-03-03T09:00:00Z","notice":"00000000-0000-0000-0000-000000000000"}"#,
        ),
        (
            Event::Extended {
                due: Some(NewDue { clock: ClockKind::Resolution, epoch: 2, due_time: monday() }),
                expected_time: Some(monday()),
            },
            r#"{"type":"extended","due":{"clock":"resolution","epoch":2,"due_time":"2026-03-02T09:00:00Z"},"expected_time":"2026-03-02T09:00:00Z"}"#,
        ),
        (
            Event::ExtensionLapsed { cause: Lapse::NoticeFailed },
            r#"{"type":"extension_lapsed","cause":"notice_failed"}"#,
        ),
        (
            Event::InfoRequested {
                message: 2,
                need: Need::Information,
                suspension: SuspensionReason::AwaitingApplicant,
                resume_time: Some(monday() + hours(24)),
                remind_time: Some(monday()),
            },
            r#"{"type":"info_requested","message":2,"need":"information","suspension":"awaiting_applicant","resume_time":"2026-03-03T09:00:00Z","remind_time":"2026-03-02T09:00:00Z"}"#,
        ),
        (
            Event::BodyAsked {
                body: "tax_service".into(),
                message: 5,
                clock: Some(Begun {
                    epoch: 1,
                    term: Term {
                        due_time: monday(),
                        allowance: deadline::Allowance::WorkingDays(3),
                        calendar: "working_days".into(),
                        calendar_version: 2,
                    },
                }),
            },
            r#"{"type":"body_asked","body":"tax_service","message":5,"clock":{"epoch":1,"term":{"due_time":"2026-03-02T09:00:00Z","allowance":{"working_days":3},"calendar":"working_days","calendar_version":2}}}"#,
        ),
        (
            Event::BodyAsked { body: "tax_service".into(), message: 5, clock: None },
            r#"{"type":"body_asked","body":"tax_service","message":5}"#,
        ),
        (
            Event::BodyAnswered { outcome: BodyOutcome::GivenUp, message: 6 },
            r#"{"type":"body_answered","outcome":"given_up","message":6}"#,
        ),
        (Event::ApplicantReminded, r#"{"type":"applicant_reminded"}"#),
        (
            Event::PauseEnded {
                due: vec![NewDue { clock: ClockKind::Resolution, epoch: 2, due_time: monday() }],
                expected_time: monday(),
            },
            r#"{"type":"pause_ended","due":[{"clock":"resolution","epoch":2,"due_time":"2026-03-02T09:00:00Z"}],"expected_time":"2026-03-02T09:00:00Z"}"#,
        ),
        (
            Event::Reopened {
                message: 5,
                due: Vec::new(),
                expected_time: monday(),
                anew: Some(Term {
                    due_time: monday(),
                    allowance: deadline::Allowance::WorkingDays(3),
                    calendar: "working_days".into(),
                    calendar_version: 2,
                }),
            },
            r#"{"type":"reopened","message":5,"due":[],"expected_time":"2026-03-02T09:00:00Z","anew":{"due_time":"2026-03-02T09:00:00Z","allowance":{"working_days":3},"calendar":"working_days","calendar_version":2}}"#,
        ),
        (
            Event::Escalated(Escalated {
                clock: Some(ClockKind::NextAnswer),
                epoch: Some(2),
                level: 1,
                role: Some(Level::Supervisor),
                expected_time: None,
                handed: None,
                lateness: None,
                unseen: false,
            }),
            r#"{"type":"escalated","clock":"next_answer","epoch":2,"level":1,"role":"supervisor","expected_time":null,"handed":null,"lateness":null}"#,
        ),
        (Event::Withdrawn, r#"{"type":"withdrawn"}"#),
        (Event::Accepted, r#"{"type":"accepted"}"#),
        (
            Event::DeadlineWarned(RungNote {
                clock: ClockKind::Acceptance,
                epoch: 1,
                level: -1,
                outcome_time: monday(),
                due_time: None,
                reason: None,
                lateness: None,
            }),
            r#"{"type":"deadline_warned","clock":"acceptance","epoch":1,"level":-1,"outcome_time":"2026-03-02T09:00:00Z","due_time":null,"reason":null,"lateness":null}"#,
        ),
        (Event::EscalationAcknowledged { level: None }, r#"{"type":"escalation_acknowledged"}"#),
        (Event::EscalationAcknowledged { level: Some(1) }, r#"{"type":"escalation_acknowledged","level":1}"#),
        (
            Event::Rebased(Box::new(Rebased {
                promise: Promise { policy: "high".into(), set_version: 4, set_hash: "ab".into() },
                terms: vec![RebasedTerm {
                    clock: ClockKind::Resolution,
                    epoch: 2,
                    old_due_time: Some(monday()),
                    due_time: None,
                    allowance: deadline::Allowance::WorkingDays(5),
                    calendar: "working_days".into(),
                    calendar_version: 2,
                }],
                expected_time: None,
            })),
            r#"{"type":"rebased","promise":{"policy":"high","set_version":4,"set_hash":"ab"},"terms":[{"clock":"resolution","epoch":2,"old_due_time":"2026-03-02T09:00:00Z","due_time":null,"allowance":{"working_days":5},"calendar":"working_days","calendar_version":2}],"expected_time":null}"#,
        ),
        (
            Event::Escalated(Escalated {
                clock: Some(ClockKind::FirstAnswer),
                epoch: Some(1),
                level: 1,
                role: None,
                expected_time: None,
                handed: Some(Handed::Queue(Level::SeniorSpecialist)),
                lateness: Some(SignedDuration::from_secs(61)),
                unseen: false,
            }),
            r#"{"type":"escalated","clock":"first_answer","epoch":1,"level":1,"expected_time":null,"handed":{"queue":"senior_specialist"},"lateness":"PT1M1S"}"#,
        ),
    ];
    for (event, stored) in golden {
        assert_eq!(form(&event), stored);
        assert_eq!(serde_json::from_str::<Event>(stored).unwrap(), event);
    }
}

#[test]
fn the_name_in_the_journal_is_the_type_that_is_stored() {
    let appeal = in_progress();
    let mut journal = run_file("consultation", Channel::Portal).events;
    for (by, command) in [
        (staff_actor("spec"), give("boss")),
        (staff_actor("spec"), post(Visibility::Public)),
        (staff_actor("spec"), ask(Need::Information)),
        (staff_actor("spec"), Command::Resolve { assertion: None }),
        (Actor::Citizen(citizen()), Command::Withdraw),
        (staff_actor("spec"), extend(1, 2)),
        (sla(), rung(&appeal, ClockKind::Resolution, 1, monday())),
        (sla(), warned(&appeal)),
        (sla(), noticed()),
    ] {
        journal.extend(run(&appeal, &command, &by, monday() + hours(3)).unwrap().events);
    }
    for recorded in journal {
        let stored = serde_json::to_value(&recorded.event).unwrap();
        assert_eq!(stored["type"], recorded.event.kind());
    }
}
