//! What is promised already is to be promised by other rules: first one looks what that would do, then it is done, and it is what was seen.

use std::collections::BTreeMap;

use deadline::ClockKind as Kind;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use proto::sla::v1::{
    ClockKind, ErrorReason, GetRebaseRequest, ListRebaseEntriesRequest, PreviewChangeResponse,
    PreviewPolicyChangeRequest, PreviewedChange, PublishPolicyRequest, Rebase, RebaseEntry, StartRebaseRequest,
    StopRebaseRequest, rebase, rebase_entry::Outcome,
};
use proto::ticket::v1::appeal_event::Type;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{Connection, PgConnection};
use tests::{Part, Suite, SuiteOptions, forms, other_resolutions};
use uuid::Uuid;

use crate::story::{SUPERVISOR, appeal, ask, events, file_this, instant, last_of, texts_to, why, with_phone};

const ADMIN: &str = "staff/root:administrator";

/// The newest set, and what is asked to be published after it.
pub async fn change(suite: &Suite) -> PublishPolicyRequest {
    let (base, set) = suite.policies().await;
    PublishPolicyRequest {
        document: other_resolutions(&set),
        base,
        note: "Приказ 17".into(),
        request_id: forms::request_id(),
        ..PublishPolicyRequest::default()
    }
}

async fn preview(suite: &Suite, request: PreviewPolicyChangeRequest) -> PreviewChangeResponse {
    last_of(suite.sla(SUPERVISOR).preview_policy_change(request).await).await
}

async fn preview_of(suite: &Suite, set: &str) -> PreviewChangeResponse {
    preview(suite, PreviewPolicyChangeRequest { policy_set: set.to_owned(), ..Default::default() }).await
}

pub fn begin(set: &str) -> StartRebaseRequest {
    StartRebaseRequest {
        policy_set: set.to_owned(),
        deadlines_per_second: 1_000,
        note: "Приказ 17, пункт 3".into(),
        request_id: forms::request_id(),
    }
}

async fn show(suite: &Suite, name: &str) -> Rebase {
    suite.sla(ADMIN).get_rebase(GetRebaseRequest { name: name.to_owned() }).await.unwrap().into_inner()
}

async fn entries(suite: &Suite, name: &str) -> Vec<RebaseEntry> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListRebaseEntriesRequest { parent: name.to_owned(), page_size: 1_000, page_token: token };
        let page = suite.sla(SUPERVISOR).list_rebase_entries(request).await.unwrap().into_inner();
        all.extend(page.entries);
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

#[tokio::test]
async fn an_order_shortens_what_is_promised_already_and_the_citizen_hears_of_it() {
    let suite = Suite::start().await;
    let file =
        async |category, phone| file_this(&suite, with_phone(forms::filled(suite.now(), category, "ru"), phone)).await;
    let one = file("code_not_arriving", "+79161230041").await;
    let asked = file("code_not_arriving", "+79161230042").await;
    suite.settle().await;
    ask(&suite, &asked.name).await;
    suite.settle().await;

    let publish = change(&suite).await;
    let draft = PreviewPolicyChangeRequest {
        document: publish.document.clone(),
        base: publish.base.clone(),
        ..PreviewPolicyChangeRequest::default()
    };
    let seen = preview(&suite, draft).await;
    assert_eq!(seen.looked_count, 2);
    let of = |clock: ClockKind| seen.changes.iter().find(|it| it.clock() == clock).unwrap();
    let resolution = of(ClockKind::Resolution);
    assert_eq!((resolution.earlier_count, resolution.other_terms_count, resolution.later_count), (1, 1, 0));
    assert_eq!(of(ClockKind::FirstAnswer).unchanged_count, 1, "the other one was answered with the question");

    let published = suite.sla(ADMIN).publish_policy(publish).await.unwrap().into_inner();
    let early = suite.sla(ADMIN).start_rebase(begin(&published.name)).await.unwrap_err();
    assert_eq!(why(&early).1, ErrorReason::PolicySetNotInForce.as_str_name().trim_start_matches("ERROR_REASON_"));
    suite.settle().await;
    suite.hand.set(instant(published.effective_time));
    let request = begin(&published.name);
    let begun = suite.sla(ADMIN).start_rebase(request.clone()).await.unwrap().into_inner();
    assert_eq!(suite.sla(ADMIN).start_rebase(request).await.unwrap().into_inner(), begun);
    let second = suite.sla(ADMIN).start_rebase(begin(&published.name)).await.unwrap_err();
    assert_eq!(why(&second).1, "REBASE_UNDER_WAY");
    suite.settle().await;
    assert_eq!(show(&suite, &begun.name).await.state(), rebase::State::Running, "another pass is to come");
    suite.advance(SignedDuration::from_secs(61)).await;

    let done = show(&suite, &begun.name).await;
    assert_eq!((done.state(), done.looked_count, done.asked_count), (rebase::State::Complete, 2, 2));
    assert_eq!((done.pending_count, done.rebased_count, done.moved_count, done.refused_count), (0, 3, 1, 0));
    let after = appeal(&suite, &one.name).await;
    let (filed, was, is) = (instant(one.create_time), instant(one.due_time), instant(after.due_time));
    assert_eq!(is.duration_since(filed) * 2, was.duration_since(filed));
    assert_eq!(after.expected_time, after.due_time);
    let entry = events(&suite, &one.name).await.into_iter().find(|it| it.r#type() == Type::Rebased).unwrap();
    assert_eq!((entry.due_time, entry.epoch, entry.actor.as_str()), (after.due_time, 2, "systems/sla"));
    let told = |phone| texts_to(&suite, phone).iter().filter(|text| text.contains("изменился")).count();
    assert_eq!((told("+79161230041"), told("+79161230042")), (1, 0), "who is asked has no time to be told of");

    // What waits for its applicant counts by the new term once they answer.
    suite.ticket("portal").provide_info(forms::information(&asked.name)).await.unwrap();
    suite.settle().await;
    let answered = appeal(&suite, &asked.name).await;
    let span = instant(answered.due_time).duration_since(instant(asked.create_time));
    assert!(span < instant(asked.due_time).duration_since(instant(asked.create_time)));
    let again = preview_of(&suite, &published.name).await;
    assert!(again.changes.iter().all(|it| touched(it) == 0 && it.unchanged_count > 0), "{again:?}");
    for appeal in [&one, &asked] {
        let id: Uuid = appeal.name.trim_start_matches("appeals/").parse().unwrap();
        assert_eq!(suite.audit().await.unwrap().differs(id).await.unwrap(), None);
    }

    // One that is stopped goes no further, and one for the same set finds nothing left to do.
    let idle = suite.sla(ADMIN).start_rebase(begin(&published.name)).await.unwrap().into_inner();
    let stop = StopRebaseRequest { name: idle.name, request_id: forms::request_id() };
    let stopped = suite.sla(ADMIN).stop_rebase(stop).await.unwrap().into_inner();
    assert_eq!((stopped.state(), stopped.asked_count), (rebase::State::Stopped, 0));
    let last = suite.sla(ADMIN).start_rebase(begin(&published.name)).await.unwrap().into_inner();
    suite.settle().await;
    suite.advance(SignedDuration::from_secs(61)).await;
    let last = show(&suite, &last.name).await;
    assert_eq!((last.state(), last.looked_count, last.asked_count), (rebase::State::Complete, 2, 0));
}

fn touched(it: &PreviewedChange) -> i64 {
    it.other_terms_count + it.later_count + it.earlier_count + it.not_rebased_count
}

/// What was seen and what was done, for one clock, category and group.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    same_due_time: i64,
    later: i64,
    earlier: i64,
    newly_late: i64,
    no_longer_late: i64,
}

/// Where applicants live; of some nobody tells it.
const REGIONS: [&str; 4] = ["RU-MOW", "RU-SA", "RU-KDA", ""];

type ByKey = BTreeMap<(i32, String, String), Figures>;

fn previewed(seen: &PreviewChangeResponse) -> ByKey {
    let figures = |it: &PreviewedChange| Figures {
        same_due_time: it.unchanged_count + it.other_terms_count,
        later: it.later_count,
        earlier: it.earlier_count,
        newly_late: it.newly_late_count,
        no_longer_late: it.no_longer_late_count,
    };
    let of_group = |it: &PreviewedChange| ((it.clock, it.category.clone(), it.group.clone()), figures(it));
    let of_region = |it: &PreviewedChange| (region_key(it.clock, &it.region), figures(it));
    seen.changes.iter().map(of_group).chain(seen.regions.iter().map(of_region)).collect()
}

/// Among the others, whose categories are lower-case.
fn region_key(clock: i32, region: &str) -> (i32, String, String) {
    (clock, format!("REGION {region}"), String::new())
}

/// Appeals of every category, filed within two weeks, a fifth of them asked, half of these answered.
async fn file_many(suite: &Suite, appeals: usize, random: &mut StdRng) {
    // Several at a time: the services answer on every core.
    const AT_ONCE: usize = 4;
    let turns = appeals.div_ceil(AT_ONCE);
    let pause = SignedDuration::from_secs(14 * 24 * 3_600) / i32::try_from(turns).unwrap();
    let mut asked = Vec::new();
    for turn in 0..turns {
        let number = AT_ONCE.min(appeals - turn * AT_ONCE);
        let categories: Vec<_> =
            (0..number).map(|_| forms::CATEGORIES[random.random_range(0..forms::CATEGORIES.len())]).collect();
        let regions: Vec<_> = (0..number).map(|_| REGIONS[random.random_range(0..REGIONS.len())]).collect();
        let form = |(category, region): (&&str, &&str)| {
            let mut form = forms::filled(suite.now(), category, "ru");
            let applicant = form.appeal.as_mut().and_then(|it| it.applicant.as_mut()).unwrap();
            (*region).clone_into(&mut applicant.region);
            file_this(suite, form)
        };
        for filed in join_all(categories.iter().zip(&regions).map(form)).await {
            if random.random_ratio(1, 5) {
                ask(suite, &filed.name).await;
                asked.push(filed.name);
            }
        }
        if asked.len() > 20 && random.random_ratio(2, 5) {
            let name = asked.swap_remove(random.random_range(0..asked.len()));
            suite.ticket("portal").provide_info(forms::information(&name)).await.unwrap();
        }
        suite.hand.advance(pause * random.random_range(0..=2));
    }
}

/// Delivers what the ticket service has to tell the monitor, and the other way round, until there is nothing.
async fn deliver(suite: &Suite, admin: &mut PgConnection) {
    let waiting = "SELECT (SELECT count(*) FROM ticket.outbox WHERE destination = 'sla' AND state = 'waiting')
        + (SELECT count(*) FROM sla.outbox WHERE destination = 'ticket' AND state = 'waiting')";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *admin).await.unwrap() > 0 {
        suite.relay_once(Part::Ticket).await;
        suite.relay_once(Part::Sla).await;
    }
}

/// Nobody is told anything meanwhile, and nothing fires: what is looked at is the arithmetic of both services.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_is_what_the_re_base_then_does() {
    // Some ten thousand clocks.
    const APPEALS: usize = 5_200;
    let suite = Suite::with(SuiteOptions { without: vec![Part::Notification], ..SuiteOptions::default() }).await;
    let mut admin = PgConnection::connect(&suite.admin_url()).await.unwrap();
    let seed = rand::random();
    println!("seed {seed}");
    file_many(&suite, APPEALS, &mut StdRng::seed_from_u64(seed)).await;
    deliver(&suite, &mut admin).await;
    let publish = change(&suite).await;
    let published = suite.sla(ADMIN).publish_policy(publish).await.unwrap().into_inner();
    deliver(&suite, &mut admin).await;
    suite.hand.set(instant(published.effective_time));

    let now = suite.now();
    let seen = preview_of(&suite, &published.name).await;
    assert_eq!(seen.looked_count, i64::try_from(APPEALS).unwrap());
    let begun = suite.sla(ADMIN).start_rebase(begin(&published.name)).await.unwrap().into_inner();
    while show(&suite, &begun.name).await.state() == rebase::State::Running {
        if suite.step(Part::Sla, "rebase").await == 0 {
            deliver(&suite, &mut admin).await;
            suite.hand.advance(SignedDuration::from_secs(1));
        }
    }

    // What the log tells, with the clocks that nobody had to ask for.
    let rows: Vec<(String, String, String, String, String)> = sqlx::query_as(
        "SELECT 'deadlines/' || deadline_id, clock.kind, category, queue_group, coalesce(region, '')
        FROM sla.deadline JOIN sla.clock USING (deadline_id)
        WHERE clock.state IN ('running', 'paused') AND deadline.state = 'tracked'",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let log: BTreeMap<(String, i32), RebaseEntry> =
        entries(&suite, &begun.name).await.into_iter().map(|it| ((it.deadline.clone(), it.clock), it)).collect();
    assert!(log.values().all(|it| it.outcome() == Outcome::Rebased));
    let mut done = ByKey::new();
    for (deadline, clock, category, group, region) in rows {
        let clock = if clock == Kind::Resolution.as_str() { ClockKind::Resolution } else { ClockKind::FirstAnswer };
        let entry = log.get(&(deadline, clock.into()));
        let moved = entry.and_then(|it| Some((instant_of(it.old_due_time)?, instant_of(it.due_time)?)));
        for key in [(clock.into(), category, group), region_key(clock.into(), &region)] {
            count(done.entry(key).or_default(), moved, now);
        }
    }
    assert_eq!(previewed(&seen), done);
    // Every clock was counted by its group and by its region.
    done.retain(|(_, category, _), _| !category.starts_with("REGION"));
    let clocks: i64 = done.values().map(|it| it.same_due_time + it.later + it.earlier).sum();
    assert!(clocks > i64::try_from(APPEALS + APPEALS / 2).unwrap(), "{clocks} clocks");
    let all = |of: fn(&Figures) -> i64| done.values().map(of).sum::<i64>();
    let (later, earlier) = (all(|it| it.later), all(|it| it.earlier));
    println!("{later} later, {earlier} earlier, {} of them late at once", all(|it| it.newly_late));
    assert!(later > 0 && earlier > 0 && all(|it| it.newly_late) > 0 && all(|it| it.same_due_time) > 0);

    let shown = show(&suite, &begun.name).await;
    assert_eq!((shown.pending_count, shown.moved_count), (0, later + earlier));
    assert!(preview_of(&suite, &published.name).await.changes.iter().all(|it| touched(it) == 0));
    let wrong = "SELECT count(*) FROM sla.deadline WHERE mismatch";
    assert_eq!(sqlx::query_scalar::<_, i64>(wrong).fetch_one(&mut admin).await.unwrap(), 0);
}

fn instant_of(time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    time.as_ref().and_then(proto::from_wire)
}

fn count(figures: &mut Figures, moved: Option<(Timestamp, Timestamp)>, now: Timestamp) {
    match moved {
        Some((from, to)) if to > from => {
            figures.later += 1;
            figures.no_longer_late += i64::from(from <= now && now < to);
        }
        Some((from, to)) if to < from => {
            figures.earlier += 1;
            figures.newly_late += i64::from(to <= now && now < from);
        }
        _ => figures.same_due_time += 1,
    }
}
