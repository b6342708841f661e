//! Every state with every command.

use super::*;

/// In the order of [`commands`].
const COMMANDS: [&str; 17] = [
    "assign", "post", "note", "ask", "provide", "resolve", "reopen", "withdraw", "escalate", "ack", "rung", "notice",
    "extend", "rebase", "look", "body", "reply",
];

/// `+` happens, `=` was done already, `C` APPEAL_CLOSED, `S` STATE_NOT_ALLOWED, `P` CLOCK_NOT_RUNNING.
const TABLE: [(State, &str); 11] = [
    (State::Registered, "+++SSSS+++++++=SS"),
    (State::Assigned, "++++S+S+++++++=+S"),
    (State::InProgress, "++++S+S+++++++=+S"),
    (State::AwaitingApplicant, "+++S++S+++++P+=SS"),
    (State::AwaitingVerification, "+++S++S+++++P+=SS"),
    (State::AwaitingOtherBody, "+++SS+S+++++++=S+"),
    (State::Resolved, "CC+CCC+CCC++CC=CC"),
    (State::Closed, "CC+CCCCCCC++CC=CC"),
    (State::Rejected, "CC+CCCCCCC++CC=CC"),
    (State::Withdrawn, "CC+CCCC=CC++CC=CC"),
    (State::Merged, "CC+CCCCCCC++CC=CC"),
];

/// An appeal in that state, its assignee `spec` where it may have one.
fn in_state(state: State) -> Appeal {
    let spec = || staff_actor("spec");
    let at_work = in_progress();
    let ended = |state| Appeal { state, ..after(in_progress(), &[(Actor::Citizen(citizen()), Command::Withdraw)]) };
    match state {
        State::Registered => filed("consultation", Channel::Portal),
        State::Assigned => after(filed("consultation", Channel::Portal), &[(spec(), give("spec"))]),
        State::InProgress => at_work,
        State::AwaitingApplicant => after(at_work, &[(spec(), ask(Need::Information))]),
        State::AwaitingVerification => after(at_work, &[(spec(), ask(Need::Verification))]),
        State::Resolved => after(at_work, &[(spec(), Command::Resolve { assertion: None })]),
        State::AwaitingOtherBody => after(at_work, &[(spec(), ask_body())]),
        State::Closed | State::Rejected | State::Withdrawn | State::Merged => ended(state),
    }
}

fn commands(appeal: &Appeal) -> [(Actor, Command); 17] {
    let spec = || staff_actor("spec");
    let person = || Actor::Citizen(citizen());
    let pause = appeal.open_suspension().map_or(monday(), |open| open.start_time);
    let up = Escalate { level: None, clock: None, level_due_time: None, lateness: None };
    [
        (spec(), give("boss")),
        (spec(), post(Visibility::Public)),
        (spec(), post(Visibility::Internal)),
        (spec(), ask(Need::Information)),
        (person(), Command::ProvideInfo { text: true, assertion: Some(assertion(appeal, AssuranceLevel::Confirmed)) }),
        (spec(), Command::Resolve { assertion: None }),
        (person(), Command::Reopen),
        (person(), Command::Withdraw),
        (spec(), Command::Escalate { ask: up, candidates: staff() }),
        (spec(), Command::AcknowledgeEscalation),
        (sla(), warned(appeal)),
        (Actor::System("notification".into()), noticed()),
        (spec(), extend(1, 2)),
        (sla(), rebase(9)),
        // The policy waits for the applicant without end.
        (Actor::System("ticket".into()), Command::LookAtPause { start_time: pause }),
        (spec(), ask_body()),
        (spec(), Command::RecordBodyAnswer { outcome: BodyOutcome::Answered }),
    ]
}

#[test]
fn every_state_answers_every_command_as_the_contract_says() {
    let mut seen = BTreeSet::new();
    for (state, row) in TABLE {
        let mut appeal = in_state(state);
        assert_eq!((appeal.state, appeal.fault()), (state, None));
        // So that there is something to acknowledge; its receiver is who has it.
        appeal.escalation.level = 1;
        for ((name, wanted), (by, command)) in COMMANDS.iter().zip(row.chars()).zip(commands(&appeal)) {
            let mut appeal = appeal.clone();
            if matches!(*name, "ack" | "extend") && state == State::Registered {
                // Nobody has it, so nobody can have seen it or ask for more time: the state alone would allow it.
                appeal.assignee = Some("spec".into());
            }
            let got = match run(&appeal, &command, &by, monday() + hours(30)) {
                Ok(decision) if decision.already_applied() => '=',
                Ok(_) => '+',
                Err(Refusal::Closed { .. }) => 'C',
                Err(Refusal::StateNotAllowed { .. }) => 'S',
                Err(Refusal::ClockNotRunning { .. }) => 'P',
                Err(other) => panic!("{name} in {}: {other}", state.as_str()),
            };
            assert_eq!(got, wanted, "{name} in {}", state.as_str());
        }
        seen.insert(state);
    }
    assert_eq!(seen.len(), State::ALL.len());
}
