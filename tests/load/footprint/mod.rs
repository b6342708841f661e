//! What the suite takes: time to start, memory, and disk by the appeal; and what the purge gives back (goal 8).

mod growth;

use std::time::{Duration, Instant};

use all_in_one::Part;
use anyhow::Result;
use testkit::smsc::Smsc;

use crate::Stage;
use crate::dispatch::centre;
use crate::figure::{bytes, grouped, number, time};
use crate::filing::Portal;
use crate::house::Running;
use crate::procs;
use crate::report::{Goal, Section, Table};
use crate::statistics::median_time;
use tests::free_ports;

/// After a start: what it needed once is given back by then.
const SETTLED: Duration = Duration::from_secs(2);
/// How long the calls and messages of all appeals may take.
const PATIENCE: Duration = Duration::from_secs(180);
const MIB: f64 = 1024.0 * 1024.0;

/// What one service takes.
struct Memory {
    resident: u64,
    /// Of it its own.
    private: u64,
    /// Pages that others map too by its part of them.
    proportional: u64,
}

/// Measures it.
///
/// # Errors
/// A service that does not start.
pub async fn measure(stage: &Stage) -> Result<Section> {
    let url = stage.server.database("footprint").await?;
    let mut urls = Vec::new();
    for part in Part::ALL {
        urls.push((part, stage.house.migrate(part, &url).await?));
    }
    let starts = starts(stage, &urls).await?;
    let smsc = Smsc::start().await;
    let services = together(stage, &urls, &smsc).await?;
    tokio::time::sleep(SETTLED).await;
    let idle = memory(&services)?;
    let portal = Portal::new(services[0].port, &stage.house.token("portal")?)?;
    let appeals = stage.sizes.of(50_000, 300);
    let (rate, left) = load(&portal, &url, appeals).await?;
    let loaded = memory(&services)?;
    let growth = growth::table(&url, appeals, Duration::from_secs_f64(appeals as f64 / rate), &left).await?;
    for service in services {
        service.stop().await?;
    }
    let purge = growth::purge(stage, &url, &urls[0].1).await?;
    stage.server.drop_database("footprint").await?;

    let rows = Part::ALL.iter().enumerate().map(|(at, part)| {
        let one = |it: &Memory| format!("{} ({})", bytes(it.resident), bytes(it.private));
        vec![part.to_string(), time(starts[at]), one(&idle[at]), one(&loaded[at])]
    });
    let sum = |all: &[Memory]| all.iter().map(|it| it.proportional).sum::<u64>();
    let added = bytes(loaded.iter().map(|it| it.resident).sum());
    let slowest = starts.iter().copied().max().unwrap_or_default();
    let each = |(at, part): (usize, &Part)| {
        let it = &loaded[at];
        format!("{part} {} (its own {}), ready in {}", bytes(it.resident), bytes(it.private), time(starts[at]))
    };
    let own = loaded.iter().map(|it| it.private).sum();
    let why = format!(
        "Heaps and stacks are {} of it, the rest is pages of the program itself. Each by itself: {}",
        bytes(own),
        Part::ALL.iter().enumerate().map(each).collect::<Vec<_>>().join("; ")
    );
    let total = vec!["together".to_owned(), time(slowest), bytes(sum(&idle)), bytes(sum(&loaded))];
    let caption = format!(
        "Start and memory; resident (of it the process's own, without the program's text), together with the pages of the one program \
         that they share counted once. Loaded: {} appeals filed at {} per s, with all that follows; {left}",
        grouped(i64::try_from(appeals)?),
        number(rate),
    );
    let memory =
        Table::new(&caption, &["service", "start to ready", "idle", "after load"], rows.chain([total]).collect());
    let worst = (sum(&loaded) as f64 / MIB / 100.0).max(slowest.as_secs_f64() / 0.100);
    let goal = Goal::at_most(
        8,
        "four services at most 100 MiB after load; start to serving at most 100 ms",
        &format!(
            "{} (resident sizes add up to {added}, the shared program four times); {}",
            bytes(sum(&loaded)),
            time(slowest)
        ),
        worst,
        1.0,
    );
    let method = "Each service is a process of its own on a migrated schema, started as often as there are runs: from its spawn until \
        its port for operators says that it is ready. Then all four together, with an SMS centre, while appeals are filed by 32 clients.";
    Ok(Section {
        title: "Footprint".to_owned(),
        method: vec![method.to_owned()],
        tables: vec![memory, growth, purge],
        goals: vec![goal.because(&why)],
        ..Section::default()
    })
}

async fn starts(stage: &Stage, urls: &[(Part, String)]) -> Result<Vec<Duration>> {
    let [nobody] = free_ports()?;
    let mut all = Vec::new();
    for (part, url) in urls {
        let environment = stage.house.environment(*part, url, nobody, &[]);
        let mut times = Vec::new();
        // The very first one makes the key ring.
        stage.house.start(*part, &environment).await?.stop().await?;
        for _ in 0..stage.sizes.runs {
            let running = stage.house.start(*part, &environment).await?;
            times.push(running.start);
            running.stop().await?;
        }
        all.push(median_time(times));
    }
    Ok(all)
}

/// All four, each knowing the others.
async fn together(stage: &Stage, urls: &[(Part, String)], smsc: &Smsc) -> Result<Vec<Running>> {
    let ports = free_ports::<4>()?;
    let mut services = Vec::new();
    for (at, (part, url)) in urls.iter().enumerate() {
        let mut environment = stage.house.environment(*part, url, 0, &[]);
        let name = part.name().to_uppercase();
        for (peer, port) in Part::ALL.into_iter().zip(ports).filter(|(peer, _)| part.peers().contains(&peer.name())) {
            let key = format!("OTKLIK_{name}__PEERS__{}__URL", peer.name().to_uppercase());
            environment.push((key, format!("http://127.0.0.1:{port}")));
        }
        if *part == Part::Notification {
            environment.extend(centre(smsc).map(|(key, value)| (format!("OTKLIK_{name}__{key}"), value)));
        }
        services.push(stage.house.start_at(*part, ports[at], &environment).await?);
    }
    Ok(services)
}

fn memory(services: &[Running]) -> Result<Vec<Memory>> {
    let one = |pid: u32| -> Result<Memory> {
        let (resident, private) = (procs::resident(pid)?, procs::private(pid)?);
        Ok(Memory { resident, private, proportional: procs::proportional(pid)? })
    };
    services.iter().map(|it| one(it.pid())).collect()
}

/// Files so many and waits for what follows: appeals a second, and what is left then, in words.
async fn load(portal: &Portal, url: &str, appeals: usize) -> Result<(f64, String)> {
    let began = Instant::now();
    portal.number(32, appeals).await?;
    let rate = appeals as f64 / began.elapsed().as_secs_f64();
    let ended = Instant::now();
    loop {
        let left = growth::left(url).await?;
        let took = ended.elapsed();
        if left == 0 {
            return Ok((rate, format!("everything was delivered and sent {} after the last one", time(took))));
        }
        if took > PATIENCE {
            let left = grouped(i64::try_from(left)?);
            return Ok((rate, format!("{left} calls and messages still waited {} after the last one", time(took))));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
