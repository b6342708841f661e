use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::{Level, Metadata, callsite::Callsite, field::FieldSet, subscriber::with_default};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn logged(filter: &str, format: LogFormat, act: impl FnOnce()) -> String {
    let config = TelemetryConfig { filter: filter.to_owned(), format, otlp_endpoint: None, trace_share: 1.0 };
    let lines = Lines::default();
    let writer = lines.clone();
    with_default(logs(&config, move || writer.clone(), false).unwrap(), act);
    lines.text()
}

/// A call site as a crate of that name would have it.
struct From(&'static str);

impl Callsite for From {
    fn set_interest(&self, _: tracing::subscriber::Interest) {}
    fn metadata(&self) -> &Metadata<'_> {
        unreachable!("only asked for by registration")
    }
}

fn allowed(module: &'static str, target: &'static str, level: Level) -> bool {
    let site: &'static From = Box::leak(Box::new(From(module)));
    let fields = FieldSet::new(&[], tracing::callsite::Identifier(site));
    cap::allows(&Metadata::new(
        "event",
        target,
        level,
        None,
        None,
        Some(site.0),
        fields,
        tracing::metadata::Kind::EVENT,
    ))
}

#[test]
fn crates_that_are_not_ours_are_not_heard_below_info() {
    assert!(allowed("h2::codec", "h2::codec", Level::INFO));
    assert!(allowed("lettre::transport", "lettre::transport", Level::WARN));
    for (module, level) in [("h2::codec", Level::DEBUG), ("hyper::proto", Level::TRACE), ("sqlx::query", Level::DEBUG)]
    {
        assert!(!allowed(module, module, level), "{module} at {level}");
        assert!(!allowed(module, "ticket", level), "{module} at {level} under our name");
    }
    assert!(!allowed("rusmppc::connection", "rusmppc::connection", Level::ERROR));
}

#[test]
fn our_own_crates_are_heard_at_every_level() {
    for name in ["ticket", "outbox", "rpc", "notification", "sla_monitor", "identity_verification"] {
        assert!(allowed(name, name, Level::TRACE), "{name}");
    }
    assert!(!allowed("ticketing::x", "ticketing::x", Level::DEBUG), "a name that only begins like ours");
}

/// Makes h2 speak: a connection to something that is no gRPC server.
fn connect() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let endpoint = tonic::transport::Endpoint::from_shared(url).unwrap();
        let (connected, accepted) = tokio::join!(endpoint.connect(), listener.accept());
        drop((connected, accepted));
    });
}

#[test]
fn the_cap_holds_for_a_filter_that_asks_for_everything() {
    // The control: without the cap h2 does write at `debug`.
    let lines = Lines::default();
    let writer = lines.clone();
    let uncapped = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    with_default(tracing_subscriber::registry().with(uncapped), connect);
    assert!(lines.text().contains("h2::client"), "{}", lines.text());

    for filter in ["trace", "info,h2=trace,hyper=trace,hyper_util=trace"] {
        let text = logged(filter, LogFormat::Text, || {
            connect();
            tracing::info!("connected");
        });
        assert!(text.contains("connected"), "{text}");
        assert!(!text.contains("h2::") && !text.contains("hyper"), "{text}");
    }
    assert!(logged("trace", LogFormat::Text, || tracing::trace!("ours")).contains("ours"));
}

#[test]
fn the_filter_still_narrows() {
    let text = logged("warn", LogFormat::Text, || {
        tracing::info!("quiet");
        tracing::warn!("loud");
    });
    assert!(text.contains("loud") && !text.contains("quiet"), "{text}");
}

#[test]
fn production_lines_are_json_objects() {
    let text = logged("info", LogFormat::Json, || tracing::info!(attempts = 3, "delivered"));
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["message"], "delivered");
    assert_eq!(line["attempts"], 3);
    assert_eq!(line["level"], "INFO");
}

#[test]
fn a_panic_shows_its_place_but_not_what_it_quotes() {
    let words = String::from("жалоба");
    let text = logged("info", LogFormat::Json, || {
        let before = std::panic::take_hook();
        panic::hook();
        let quoting = std::panic::catch_unwind(|| words[1..].len());
        let plain = std::panic::catch_unwind(|| panic!("a literal text"));
        std::panic::set_hook(before);
        assert!(quoting.is_err() && plain.is_err());
    });
    assert!(text.contains("telemetry/tests.rs"), "{text}");
    assert!(text.contains("a literal text"), "{text}");
    assert!(!text.contains("жалоба"), "{text}");
}

#[test]
fn spans_for_traces_alone_are_made_for_nobody_else() {
    // The subscriber itself is asked. Whether the macro made a span says what all subscribers of the process wanted
    // together, and other tests have theirs at the same time.
    let mut interest = None;
    let text = logged("trace", LogFormat::Json, || {
        let span = tracing::info_span!(target: store::TRACE_ONLY, "transaction", otel.name = "file_appeal");
        let made_at = span.metadata().unwrap();
        interest = Some(tracing::dispatcher::get_default(|subscriber| subscriber.register_callsite(made_at)));
        span.in_scope(|| tracing::info!("inside"));
    });
    assert!(interest.unwrap().is_never(), "without a collector it costs nothing");
    assert!(text.contains("inside") && !text.contains("file_appeal"), "{text}");
}

#[test]
fn a_linked_trace_follows_the_one_it_is_linked_to() {
    use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, TraceFlags, TraceId};
    use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample as _};

    let decide = |share: Sampler, links: &[TraceFlags]| {
        let link = |flags: &TraceFlags| {
            let cause = SpanContext::new(TraceId::from(1), SpanId::from(1), *flags, true, Default::default());
            Link::new(cause, Vec::new(), 0)
        };
        let links: Vec<_> = links.iter().map(link).collect();
        trace::AsLinked(share).should_sample(None, TraceId::from(2), "rung", &SpanKind::Internal, &[], &links).decision
    };
    let (recorded, not) = (TraceFlags::SAMPLED, TraceFlags::default());
    assert_eq!(decide(Sampler::AlwaysOff, &[recorded]), SamplingDecision::RecordAndSample);
    assert_eq!(decide(Sampler::AlwaysOn, &[not]), SamplingDecision::Drop);
    assert_eq!(decide(Sampler::AlwaysOn, &[]), SamplingDecision::RecordAndSample);
    assert_eq!(decide(Sampler::AlwaysOff, &[]), SamplingDecision::Drop);
}
