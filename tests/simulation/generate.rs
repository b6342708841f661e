//! Random lists: mostly what people and the machinery do in turn, with faults among it.

use proptest::prelude::*;
use proptest::sample::select;
use tests::Part;

use crate::op::{Act, CATEGORIES, CHANNELS, Centre, Fate, Form, LANGUAGES, METHODS, MailRelay, Op, Wait};

/// The ops of a list. It begins with a filing, as without one nothing else happens; and mostly somebody has it, since what is in a queue is
/// refused most of what can be done.
pub fn ops() -> impl Strategy<Value = Vec<Op>> {
    let taken = prop::option::weighted(0.7, member().prop_map(|member| Op::Assign(0, member)));
    let heard = prop::option::weighted(0.5, Just(Op::Run));
    // What goes wrong mostly needs few things in the right order, so most lists are short; some are as long as a bad month.
    let scenes = prop_oneof![
        6 => prop::collection::vec(scene(), 1..6),
        3 => prop::collection::vec(scene(), 6..14),
        1 => prop::collection::vec(scene(), 14..30),
    ];
    let closed = prop::option::weighted(0.1, Just(Op::Close));
    (form(), taken, heard, scenes, closed).prop_map(|(form, taken, heard, scenes, closed)| {
        let begun = [Op::File(form)].into_iter().chain(taken).chain(heard);
        begun.chain(scenes.into_iter().flatten()).chain(closed).collect()
    })
}

/// Mostly one op; now and then some that only mean something together, which chance alone would seldom put side by side.
fn scene() -> impl Strategy<Value = Vec<Op>> {
    let done_and_undone = prop_oneof![
        4 => Just((Act::Resolve, Act::Reopen)),
        4 => Just((Act::Ask, Act::Inform)),
        3 => Just((Act::AskBody, Act::BodyAnswers)),
        1 => Just((Act::AskIdentity, Act::Inform)),
    ];
    let long = prop_oneof![4 => wait(), 1 => (6..20_u32).prop_map(|days| Wait::For(86_400 * days))];
    prop_oneof![
        24 => op().prop_map(|op| vec![op]),
        2 => (done_and_undone, long, appeal()).prop_map(|((act, undo), wait, appeal)| {
            vec![Op::Act(act, appeal), Op::Wait(wait), Op::Act(undo, appeal)]
        }),
        // Something is to be sent, and the dispatcher dies with it.
        1 => form().prop_map(|form| {
            vec![Op::File(form), Op::Relay(Part::Ticket), Op::Relay(Part::Ticket), Op::DieSending]
        }),
        // The time of something has come, and two monitors see it.
        1 => Just(vec![Op::Run, Op::Wait(Wait::Next(0)), Op::TwoTicks]),
        // The applicant is asked, and does not answer for as long as they are waited for, or just at its end.
        1 => (appeal(), any::<bool>(), -1..2_i32).prop_map(|(appeal, answers, seconds)| {
            let asked = [Op::Act(Act::Ask, appeal), Op::Wait(Wait::Next(seconds)), Op::Wait(Wait::Next(seconds))].into_iter();
            asked.chain(answers.then_some(Op::Act(Act::Inform, appeal))).chain([Op::Run]).collect()
        }),
        // It can't be told that we are late before the answer is told.
        1 => (0..20_u32, appeal()).prop_map(|(days, appeal)| {
            let overdue = [Op::Run, Op::Wait(Wait::For(86_400 * days)), Op::Wait(Wait::Next(0))].into_iter();
            let held_up = [Op::Sms(Centre::Down), Op::Mail(MailRelay::Down), Op::Run, Op::Act(Act::Resolve, appeal)];
            let goes_on = [Op::Sms(Centre::Up), Op::Mail(MailRelay::Up), Op::Run];
            overdue.chain(held_up).chain(goes_on).collect()
        }),
        // More time is asked for, and the citizen is told about when the old time passes: before, after, or never.
        2 => (appeal(), wait(), select(Centre::ALL), select(MailRelay::ALL), any::<bool>()).prop_map(|(appeal, wait, centre, relay, twice)| {
            let extend = Op::Act(Act::Extend, appeal);
            let asked = [Op::Run, extend.clone()].into_iter().chain(twice.then_some(extend)).chain([Op::Sms(centre), Op::Mail(relay)]);
            asked.chain([Op::Relay(Part::Ticket), Op::Wait(wait), Op::Dispatch, Op::Wait(Wait::Next(0)), Op::Tick]).collect()
        }),
        // The applicant writes, waits too long for an answer, and then the same again.
        1 => (appeal(), 3..9_u32).prop_map(|(appeal, days)| {
            let wait = [
                Op::Act(Act::Answer, appeal),
                Op::Act(Act::Write, appeal),
                Op::Run,
                Op::Wait(Wait::For(86_400 * days)),
                Op::Run,
            ];
            wait.iter().chain(&wait).cloned().collect()
        }),
        // Another body is asked, and is late.
        1 => (appeal(), 1..9_u32, any::<bool>()).prop_map(|(appeal, days, answers)| {
            let last = if answers { Act::BodyAnswers } else { Act::GiveBodyUp };
            vec![
                Op::Run,
                Op::Act(Act::AskBody, appeal),
                Op::Run,
                Op::Wait(Wait::Next(0)),
                Op::Tick,
                Op::Wait(Wait::For(43_200 * days)),
                Op::Run,
                Op::Act(last, appeal),
            ]
        }),
        // The hand-over is applied, and its answer is heard of much later.
        2 => (wait(), any::<bool>(), 1..60_u32).prop_map(|(wait, dies, hours)| {
            let mishap = if dies {
                vec![Op::Die { part: Part::Sla, applied: true }]
            } else {
                vec![Op::Lose { answer: true, method: "EscalateAppeal" }, Op::Relay(Part::Sla)]
            };
            let before = [Op::Run, Op::Wait(wait), Op::Wait(Wait::Next(0)), Op::Tick].into_iter();
            before.chain(mishap).chain([Op::Wait(Wait::For(3600 * hours))]).collect()
        }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => form().prop_map(Op::File),
        6 => any::<bool>().prop_map(|changed| Op::Again { changed }),
        7 => (appeal(), member()).prop_map(|(appeal, member)| Op::Assign(appeal, member)),
        6 => member().prop_map(Op::Claim),
        36 => (act(), appeal()).prop_map(|(act, appeal)| Op::Act(act, appeal)),
        25 => wait().prop_map(Op::Wait),
        12 => part().prop_map(Op::Relay),
        7 => (any::<bool>(), select(&METHODS[..])).prop_map(|(answer, method)| Op::Lose { answer, method }),
        4 => (part(), any::<bool>()).prop_map(|(part, applied)| Op::Die { part, applied }),
        8 => Just(Op::Tick),
        2 => Just(Op::TwoTicks),
        8 => Just(Op::Dispatch),
        2 => Just(Op::DieSending),
        5 => select(Centre::ALL).prop_map(Op::Sms),
        3 => select(MailRelay::ALL).prop_map(Op::Mail),
        4 => select(Fate::ALL).prop_map(Op::Receipt),
        2 => part().prop_map(Op::Restart),
        16 => Just(Op::Run),
        5 => Just(Op::Settle),
    ]
}

/// Mostly the first.
fn appeal() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0_usize), 1 => 1..3_usize]
}

/// By their places in the file of members.
fn member() -> impl Strategy<Value = usize> {
    0..7_usize
}

fn form() -> impl Strategy<Value = Form> {
    let login = prop_oneof![3 => Just(false), 1 => Just(true)];
    let language = prop_oneof![3 => Just(LANGUAGES[0]), 1 => Just(LANGUAGES[1])];
    (select(&CHANNELS[..]), select(&CATEGORIES[..]), login, language)
        .prop_map(|(channel, category, login, language)| Form { channel, category, login, language })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Ask),
        1 => Just(Act::AskIdentity),
        4 => Just(Act::Inform),
        4 => Just(Act::Write),
        4 => Just(Act::Answer),
        1 => Just(Act::Note),
        5 => Just(Act::Resolve),
        1 => Just(Act::Meddle),
        4 => Just(Act::Reopen),
        2 => Just(Act::Withdraw),
        1 => Just(Act::Acknowledge),
        3 => Just(Act::Extend),
        2 => Just(Act::Prove),
        2 => Just(Act::AskBody),
        1 => Just(Act::BodyAnswers),
        1 => Just(Act::GiveBodyUp),
    ]
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        2 => (1..40_u32).prop_map(Wait::For),
        2 => (1..60_u32).prop_map(|minutes| Wait::For(60 * minutes)),
        1 => (1..30_u32).prop_map(|hours| Wait::For(3600 * hours)),
        1 => (1..6_u32).prop_map(|days| Wait::For(86_400 * days)),
        8 => (-2..3_i32).prop_map(Wait::Next),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    // Identity verification has little to say.
    prop_oneof![4 => Just(Part::Ticket), 4 => Just(Part::Sla), 3 => Just(Part::Notification), 1 => Just(Part::Identity)]
}
