//! The dispatcher: messages a second to an SMS centre that takes everything, against bare lease-and-complete (goal 6), and a code behind
//! mass mail.

mod mail;

use std::sync::Arc;
use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::{Context as _, Result, ensure};
use rusmpp::values::MessageState;
use testkit::smsc::{Receipts, Smsc};

use self::mail::{Mail, PATIENCE};
use crate::Stage;
use crate::cost::{Meter, Spent};
use crate::figure::{grouped, number, ratio, time};
use crate::house::Running;
use crate::pgbench::{self, Length};
use crate::postgres;
use crate::report::{Bar, Goal, Script, Section, Table};
use crate::sampler::Sampler;
use crate::statistics::{Latencies, median};
use crate::waits::{Seen, Waits, is_beside};
use tests::free_ports;

const BARE: &str = include_str!("bare.sql");
/// Rows that the script leases at once, as the dispatcher does.
const BATCH: usize = 100;
/// The baseline's workers.
const WORKERS: usize = 4;
/// A registration in Russian is longer than one SMS.
const PARTS: usize = 2;

/// Measures it.
///
/// # Errors
/// A message that was not sent, or not recorded.
pub async fn measure(stage: &Stage) -> Result<Section> {
    let smsc = Smsc::start().await;
    let url = stage.server.database("dispatch").await?;
    let role = stage.house.migrate(Part::Notification, &url).await?;
    let [nobody] = free_ports()?;
    let environment = stage.house.environment(Part::Notification, &role, nobody, &centre(&smsc));
    let service = stage.house.start(Part::Notification, &environment).await?;
    let mail = Mail::new(&url, stage.house.ring(Part::Notification)?);
    // Nobody works there but the baseline.
    let other = stage.server.database("dispatch_bare").await?;
    stage.house.migrate(Part::Notification, &other).await?;
    let other = Mail::new(&other, stage.house.ring(Part::Notification)?);

    let messages = stage.sizes.of(10_000, 300);
    let (mut mine, mut bare, mut spent) = (Vec::new(), Vec::new(), Spent::default());
    for _ in 0..stage.sizes.runs {
        let (rate, used) = send(stage, &smsc, &service, &mail, messages).await?;
        mine.push(rate);
        spent += used;
        other.clear().await?;
        other.fill("normal", messages, Duration::ZERO).await?;
        stage.server.checkpoint().await?;
        bare.push(send_bare(stage, &other, messages).await?);
    }
    let [mine, bare] = [mine, bare].map(median);
    println!("{} against {} messages per s", number(mine), number(bare));
    postgres::forget_statements(&url).await?;
    send(stage, &smsc, &service, &mail, messages).await?;
    let profile = postgres::statements(&url, messages, "message").await?;
    let (where_it_is, told) = looked_at(stage, &smsc, &service, &mail, messages).await?;
    smsc.receipts(Receipts::Automatic(MessageState::Delivered));
    // Receipts are taken one by one, and what is too many for the queue comes again after a second.
    let few = stage.sizes.of(1_000, 100);
    let receipts = receipts(&smsc, &mail, few).await?;
    smsc.receipts(Receipts::OnDemand);
    let code = codes(stage, &smsc, &service, &mail).await?;
    service.stop().await?;
    stage.server.drop_database("dispatch").await?;
    stage.server.drop_database("dispatch_bare").await?;

    let share = mine / bare;
    let trips = profile.rows.last().map(|row| row[1].clone()).unwrap_or_default();
    let why = format!(
        "{trips} statements a message; CPU µs each, service / Postgres / SMS centre: {}. {told}. The service's CPU by crate stands under \
         Dispatcher. The limit only leases and completes: it opens, renders and sends nothing, tells no sender and keeps no reference for receipts",
        spent.each(messages * stage.sizes.runs)
    );
    let goal = Goal::at_least(
        6,
        "dispatch, results recorded: 60 % of bare lease-and-complete at batch 100",
        &format!("{} per s, {:.0} %", number(mine), share * 100.0),
        share,
        0.6,
    );
    let rates = vec![
        vec!["dispatcher, over SMPP to a centre that takes everything".to_owned(), number(mine), ratio(share)],
        vec![
            format!("{} of them until the centre's receipt of each is recorded (one run)", count(few)),
            number(receipts),
            ratio(receipts / bare),
        ],
        vec![format!("bare SQL, {WORKERS} workers, batch {BATCH}"), number(bare), "1.00".to_owned()],
    ];
    Ok(Section {
        title: "Dispatcher".to_owned(),
        method: vec![
            "Registration SMS of two parts, sealed, all due at one moment, sent by SMPP to a centre in this process that answers at once (window 1000). \
             Counted from the first submit until the last result is committed, with what the sender is to hear of it in the outbox (nobody takes it from there). The baseline leases a \
             batch in one transaction and completes it by ids in another, and does nothing else."
                .to_owned(),
        ],
        tables: [vec![Table::new("Messages sent and recorded", &["", "per s", "ratio"], rates), profile], where_it_is, vec![code]]
            .concat(),
        scripts: vec![Script { name: "The baseline's script (pgbench)".to_owned(), text: BARE.to_owned() }],
        goals: vec![goal.because(&why)],
        bars: vec![Bar { label: "dispatcher: sent and recorded".to_owned(), share, goal: Some(0.6) }],
        ..Section::default()
    })
}

/// What makes a notification service send SMS to this centre.
pub fn centre(smsc: &Smsc) -> [(&'static str, String); 7] {
    [
        ("SMS__PROVIDER", "smpp".to_owned()),
        ("SMPP__HOST", "127.0.0.1".to_owned()),
        ("SMPP__PORT", smsc.port().to_string()),
        ("SMPP__SYSTEM_ID", "otklik".to_owned()),
        ("SMPP__SOURCE_ADDR", "Gosuslugi".to_owned()),
        ("SMPP__WINDOW", "1000".to_owned()),
        ("EMAIL__PROVIDER", "none".to_owned()),
    ]
}

/// Messages a second, from the first submit to the last record.
async fn send(stage: &Stage, smsc: &Smsc, service: &Running, mail: &Mail, messages: usize) -> Result<(f64, Spent)> {
    let seen = begin(stage, smsc, mail, messages).await?;
    sent(stage, smsc, service, mail, (seen, messages)).await
}

/// The same, looked at: the service's CPU by crate, and what the connections do for a message.
async fn looked_at(
    stage: &Stage,
    smsc: &Smsc,
    service: &Running,
    mail: &Mail,
    messages: usize,
) -> Result<(Vec<Table>, String)> {
    let seen = begin(stage, smsc, mail, messages).await?;
    let sampler = Sampler::start(service.pid(), stage.house.folder().join("perf.data"))?;
    let waits = Waits::start(&stage.server.admin_url(), "dispatch", Arc::default()).await?;
    let (rate, spent) = sent(stage, smsc, service, mail, (seen, messages)).await?;
    let doing = waits.stop().await?;
    let took = Duration::from_secs_f64(messages as f64 / rate);
    let row = |it: String| {
        let each = doing.each(&it, took, messages);
        vec![it, each]
    };
    let rows: Vec<Vec<String>> = Seen::doings(&[&doing], 0).into_iter().map(row).collect();
    let told: Vec<String> = rows.iter().filter(|row| !is_beside(&row[0])).map(|row| row.join(" ")).collect();
    let whole = time(took.div_f64(messages as f64));
    let caption = format!(
        "One run that is looked at, {whole} a message: what the database's connections do meanwhile, several at once (so the parts are more than \
         the whole)"
    );
    let mut tables = vec![Table::new(&caption, &["", "for each message"], rows)];
    if let Some(sampler) = sampler {
        tables.push(sampler.stop(spent.service, messages, "message").await?);
    }
    Ok((tables, format!("Of {whole} a message the database's connections, several at once: {}", told.join("; "))))
}

/// Queues messages; answers how many submits there had been when the first one of theirs comes.
async fn begin(stage: &Stage, smsc: &Smsc, mail: &Mail, messages: usize) -> Result<usize> {
    mail.clear().await?;
    stage.server.checkpoint().await?;
    let seen = smsc.submits_seen();
    mail.fill("normal", messages, Duration::from_secs(1)).await?;
    smsc.submits_reach(seen + 1).await;
    Ok(seen)
}

async fn sent(
    stage: &Stage,
    smsc: &Smsc,
    service: &Running,
    mail: &Mail,
    (seen, messages): (usize, usize),
) -> Result<(f64, Spent)> {
    let (began, meter) = (Instant::now(), Meter::start(&stage.server, Some(service.pid()))?);
    handed_over(smsc, seen + messages * PARTS).await?;
    mail.until_none("state IN ('queued', 'sending')").await?;
    let took = began.elapsed();
    let spent = meter.stop(&stage.server)?;
    ensure!(mail.left("state = 'accepted'").await? == messages, "not all were accepted");
    let submits = smsc.submits_seen() - seen;
    ensure!(submits == messages * PARTS, "{submits} submits of {messages} messages");
    Ok((messages as f64 / took.as_secs_f64(), spent))
}

async fn receipts(smsc: &Smsc, mail: &Mail, messages: usize) -> Result<f64> {
    mail.clear().await?;
    let seen = smsc.submits_seen();
    mail.fill("normal", messages, Duration::from_secs(1)).await?;
    smsc.submits_reach(seen + 1).await;
    let began = Instant::now();
    handed_over(smsc, seen + messages * PARTS).await?;
    mail.until_none("state <> 'delivered'").await?;
    Ok(messages as f64 / began.elapsed().as_secs_f64())
}

/// Waits for so many submits. Until then nobody looks into the tables: a look costs the Postgres that is measured.
async fn handed_over(smsc: &Smsc, submits: usize) -> Result<()> {
    let all = tokio::time::timeout(PATIENCE, smsc.submits_reach(submits)).await;
    all.with_context(|| format!("{} of {submits} submits after {} s", smsc.submits_seen(), PATIENCE.as_secs()))
}

async fn send_bare(stage: &Stage, mail: &Mail, messages: usize) -> Result<f64> {
    let turns = messages.div_ceil(BATCH * WORKERS);
    let run = pgbench::run(&stage.server, &mail.admin_url, BARE, WORKERS, Length::Transactions(turns), None).await?;
    let left = mail.left("state <> 'accepted'").await?;
    ensure!(left * 10 < messages, "the baseline left {left} of {messages}");
    Ok((messages - left) as f64 * run.rate / (turns * WORKERS) as f64)
}

/// How long a code takes while mass mail is being sent.
async fn codes(stage: &Stage, smsc: &Smsc, service: &Running, mail: &Mail) -> Result<Table> {
    let (bulk, codes) = (stage.sizes.of(100_000, 2_000), stage.sizes.of(100, 10));
    let client = mail::Client::new(service.port, &stage.house.token("services/identity")?)?;
    mail.clear().await?;
    // What is made when it is first needed is made now.
    client.send_code(&client.phone()).await?;
    let mut rows = Vec::new();
    for (what, messages) in [("nothing else", 0), ("mass mail", bulk)] {
        if messages > 0 {
            let seen = smsc.submits_seen();
            mail.fill("bulk", messages, Duration::from_secs(1)).await?;
            smsc.submits_reach(seen + 1).await;
        }
        let mut latencies = Vec::new();
        for _ in 0..codes {
            let phone = client.phone();
            let began = Instant::now();
            client.send_code(&phone).await?;
            smsc.submitted_to(&phone).await;
            latencies.push(began.elapsed());
        }
        let (latencies, left) = (Latencies::new(latencies), mail.left("lane = 'bulk' AND state = 'queued'").await?);
        let [p50, p99, max] = [latencies.percentile(50.0), latencies.percentile(99.0), latencies.max()].map(time);
        let behind = format!("{what}: {} queued, {} left at the end", count(messages), count(left));
        rows.push(vec![behind, p50, p99, max]);
    }
    mail.clear().await?;
    let caption = format!("A code, from the request to its submit at the centre, {codes} one after the other, behind");
    Ok(Table::new(&caption, &["", "p50", "p99", "max"], rows))
}

fn count(of: usize) -> String {
    grouped(i64::try_from(of).unwrap_or_default())
}
